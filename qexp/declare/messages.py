"""Validation errors as sentences: full key path, value, what is allowed, nearest name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from qexp.declare.config import Experiment

_TYPES = {
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "finite_number": "must be a finite number",
}

_TAGS = {
    "circuit": "'ghz', 'qasm', 'python', 'family'",
    "service": "'local', 'circuit_runner', 'ibm_quantum'",
}

_LIMITS = ("greater_than_equal", "less_than_equal", "greater_than", "less_than")

_LOWEST = {"minimum", "exclusiveMinimum"}

_ENDS = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}


def explain(
    error: ValidationError, root: type[BaseModel] = Experiment, under: str = ""
) -> str:
    """All problems of a configuration, a line each.

    Args:
        error: The problems.
        root: The class that was read.
        under: What stands before its keys, such as `circuit.`.
    """
    problems = error.errors(include_url=False)
    lines = [_line(problem, root, under) for problem in problems]
    return "\n".join(dict.fromkeys(lines))


def _line(problem: Any, root: type[BaseModel], under: str) -> str:
    path, owner = walk(problem["loc"], root)
    path = f"{under}{path}"
    if not problem["loc"] and problem["type"] == "value_error":
        return (
            f"{path.rstrip('.')}: {_reason('value_error', problem)}."  # of several keys
        )
    kind, value = problem["type"], problem["input"]
    if kind == "extra_forbidden":
        return f"{path} = {value}: no such key.{nearest(path, keys(owner))}"
    if kind == "missing":
        return f"{path}: not set. Set {path}=…"
    ranged = kind in _LIMITS and path.rpartition(".")[2] in keys(owner)
    reason = _bounds(owner, path) if ranged else _reason(kind, problem)
    return f"{path} = {shown(value)}: {reason}{'' if reason.endswith('?') else '.'}"


def _reason(kind: str, problem: Any) -> str:
    context = problem.get("ctx", {})
    if kind in _TYPES:
        return _TYPES[kind]
    if kind == "literal_error":
        return _choices(problem["input"], context["expected"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        known = _TAGS.get(str(problem["loc"][-1]), "")
        expected = context.get("expected_tags", known)
        return f"its kind must be one of {expected}"
    if kind == "string_too_short":
        return "must not be empty"
    if kind in _LIMITS:  # of an item of a list
        return " and ".join(f"must be {_ENDS[k]} {v:g}" for k, v in context.items())
    return str(problem["msg"]).removeprefix("Value error, ").rstrip(".")


def _bounds(owner: type[BaseModel] | None, path: str) -> str:
    """The range of a field, as its schema has it."""
    assert owner is not None
    field = owner.model_json_schema()["properties"][path.rpartition(".")[2]]
    (bounded,) = [one for one in field.get("anyOf", [field]) if _LOWEST & one.keys()]
    above = bounded.get("exclusiveMinimum")
    if above is not None:
        most = f" and at most {bounded['maximum']:g}" if "maximum" in bounded else ""
        return f"must be more than {above:g}{most}"
    if "maximum" in bounded:
        return f"must be from {bounded['minimum']:g} to {bounded['maximum']}"
    return f"must be at least {bounded['minimum']:g}"


def _choices(value: Any, expected: str) -> str:
    allowed = [
        word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")
    ]
    near = get_close_matches(str(value), allowed, n=1)
    hint = f". Did you mean {near[0]}?" if near else ""
    return f"must be one of {', '.join(allowed)}{hint}"


def shown(value: Any) -> str:
    """A value as YAML would show it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def walk(
    location: Sequence[int | str], root: type[BaseModel] = Experiment
) -> tuple[str, type[BaseModel] | None]:
    """The dotted path of a location, without pydantic's own names for union members.

    Returns:
        The path, and the class that holds its last key, None where that is no class.
    """
    path: list[str] = []
    owner: type[BaseModel] | None = root
    holder: type[BaseModel] | None = root
    for step in location:
        member = _member(owner, step)
        if member is not None:
            owner = member
            continue
        if owner is None and (
            not isinstance(step, int) and not str(step).isidentifier()
        ):
            continue  # a type's name, such as dict[int,int]
        path.append(str(step))
        holder, owner = owner, _inside(owner, str(step))
    return ".".join(path), holder


def _member(owner: Any, step: int | str) -> type[BaseModel] | None:
    """The class in a tagged union that ``step`` selects."""
    for member in get_args(owner) if not isinstance(owner, type) else ():
        for one in get_args(member) or (member,):
            if isinstance(one, type) and issubclass(one, BaseModel):
                kind = one.model_fields.get("kind")
                if kind is not None and kind.default == step:
                    return one
    return None


def _inside(owner: Any, key: str) -> Any:
    if (
        isinstance(owner, type)
        and issubclass(owner, BaseModel)
        and key in owner.model_fields
    ):
        annotation = owner.model_fields[key].annotation
        inner = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        return annotation if inner or key in _TAGS else None
    return None


def keys(owner: Any) -> list[str]:
    """The keys that a class allows."""
    return list(owner.model_fields) if hasattr(owner, "model_fields") else []


def nearest(path: str, allowed: Iterable[str]) -> str:
    """' Did you mean …? Allowed: …' for the last key of a path."""
    names = sorted(allowed)
    prefix, _, key = path.rpartition(".")
    near = get_close_matches(key, names, n=1)
    hint = f" Did you mean {f'{prefix}.' if prefix else ''}{near[0]}?" if near else ""
    return f"{hint} Allowed: {', '.join(names)}." if names else hint
