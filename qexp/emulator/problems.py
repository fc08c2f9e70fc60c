"""What pydantic finds wrong with a request, in words."""

from __future__ import annotations

from typing import Any

_SAID = {
    "missing": "is missing",
    "string_type": "must be text",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "extra_forbidden": "is not known",
}


def told(problem: Any, path: str = "") -> str:
    """One of pydantic's problems with a request, as a sentence about an input.

    Args:
        problem: The problem.
        path: What stands before the input's name.
    """
    where = [path] * bool(path)
    where += [str(one) for one in problem["loc"] if one != "query"]
    name = ".".join(where) or "the request"
    if problem["type"] in _SAID:
        return f"{name} {_SAID[problem['type']]}"
    reason = problem["msg"].replace("Input should", "must").partition(",")[0]
    return f"{name} {reason}"
