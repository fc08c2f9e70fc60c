"""What pydantic finds wrong with a request, in words."""

from __future__ import annotations

import re
from typing import Any

_SAID = {
    "missing": "is missing",
    "string_type": "must be text",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "extra_forbidden": "is not known",
    "list_type": "must be a list",
    "bool_type": "must be true or false",
    "int_type": "must be an integer",
    "float_type": "must be a number",
    "too_short": "must not be empty",
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
    return f"{name} {_reason(problem['type'], problem['msg'])}"


def _reason(kind: str, message: str) -> str:
    if kind == "value_error":  # one of ours, which is a sentence already
        return message.removeprefix("Value error, ")
    reason = re.sub(r"^(Input|String|List) should", "must", message)
    # what comes after a comma is of how it was read, but for choices
    return reason if kind == "literal_error" else reason.partition(",")[0]
