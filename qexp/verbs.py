"""The verbs: the first word of a command line, where it is not an override."""

from __future__ import annotations

VERBS: dict[str, str] = {
    "plan": "say what would run: [--compile] [--json] [--explain POINT]",
    "completion": "print the script that completes the command line with TAB",
}
"""What each verb does, in a line."""

FLAGS: dict[str, tuple[str, ...]] = {"plan": ("--json", "--compile", "--explain")}
"""The flags of a verb's own, beside Hydra's."""
