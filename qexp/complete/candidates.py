"""What may come next on a command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qexp.complete.scripts import SCRIPTS
from qexp.userconf import built_in, choices, groups
from qexp.verbs import FLAGS, VERBS

FILES = ":files"
"""Stands for the names of files, which the shell knows best."""

TAKES_FILES = frozenset(
    ("circuit.files", "backend.configuration", "backend.properties")
)

HYDRA_FLAGS = ("-m", "--multirun", "--cfg", "--info", "--help", "--version")

FLAG_VALUES = {
    "--cfg": ("job", "hydra", "all"),
    "--info": ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
}


def candidates(words: Sequence[str], current: str) -> list[str]:
    """The words that can replace the current one.

    Args:
        words: Those before it, after the program's name, without quotes.
        current: What is typed of it so far, without quotes.

    Returns:
        Whole words that begin as the current one does, or `FILES` alone. One that ends
        in `=` or `.`, or that opens a bracket, is not complete yet.
    """
    found = _any(words, current)
    if found == [FILES]:
        return found
    return [one for one in dict.fromkeys(found) if one.startswith(current)]


def _any(words: Sequence[str], current: str) -> list[str]:
    verb = words[0] if words and words[0] in VERBS else ""
    if verb == "completion":
        return [*SCRIPTS] if len(words) == 1 else []
    if words and words[-1] in FLAG_VALUES:
        return [*FLAG_VALUES[words[-1]]]
    if current.startswith("-"):
        return [*FLAGS.get(verb, ()), *HYDRA_FLAGS]
    sign = _sign(current)
    key, equals, value = current.removeprefix(sign).partition("=")
    if equals:
        return _values(f"{sign}{key}=", key, value, words)
    keys = _keys(key, sign, words)
    return keys if words else [*VERBS, *keys]


def _sign(word: str) -> str:
    """What Hydra's override grammar has before a key: add, force, remove."""
    return next((sign for sign in ("++", "+", "~") if word.startswith(sign)), "")


def _keys(typed: str, sign: str, words: Sequence[str]) -> list[str]:
    """Groups and keys of the level at which `typed` is."""
    from qexp.complete import schema

    path = typed.split(".")[:-1]
    level = "".join(f"{step}." for step in path)
    keys = [
        f"{sign}{level}{name}{'.' if schema.models(field.annotation) else '='}"
        for name, field in schema.keys(path, words).items()
    ]
    every = keys if path else [*_groups(typed, sign), *keys]
    if sign == "~":  # removes a key, whatever its value
        return [one.removesuffix("=") for one in every]
    return every


def _groups(typed: str, sign: str) -> list[str]:
    names = [name for name in groups(built_in()) if name != "experiment"]
    # an experiment is in no list of defaults: it is added, and the others are there
    experiment = "experiment=" if sign or typed else "+experiment="
    if sign in ("+", "++"):
        return [f"{sign}{experiment}"]
    return [*(f"{sign}{name}=" for name in names), *([] if sign else [experiment])]


def _values(before: str, key: str, value: str, words: Sequence[str]) -> list[str]:
    if key in TAKES_FILES:
        return [FILES]
    if key in groups(built_in()):
        return _swept(before, value, choices(key))
    from qexp.complete import schema

    *path, name = key.split(".")
    field = schema.keys(path, words).get(name)
    if field is None:
        return []
    listed = schema.members(field.annotation)
    if listed:
        return _listed(before, value, listed)
    return _swept(before, value, schema.closed(field.annotation, field.metadata))


def _swept(before: str, value: str, allowed: Iterable[str]) -> list[str]:
    """Values of a sweep, `a,b,c`, without those that are there already."""
    head, comma, _ = value.rpartition(",")
    there = head.split(",")
    return [f"{before}{head}{comma}{one}" for one in allowed if one not in there]


def _listed(before: str, value: str, allowed: Iterable[str]) -> list[str]:
    """The same inside the brackets of a list, or of the last list of a sweep."""
    head, _, inside = value.rpartition("[")
    return [] if "]" in inside else _swept(f"{before}{head}[", inside, allowed)
