"""What a shell asks, and the answer it can use."""

from __future__ import annotations

import re

from qexp.complete.candidates import FILES, candidates
from qexp.complete.line import Line, read

ASSIGNMENT = re.compile(r"\w+=")


def answer(arguments: list[str]) -> list[str]:
    """Candidates, one a line; or `FILES` alone, where the shell is to offer files.

    Args:
        arguments: `--shell=bash -- LINE BREAKS` with the line up to the cursor and
            `COMP_WORDBREAKS`, or `--shell=zsh|fish -- WORDS… CURRENT` with the words
            after the program's name.
    """
    shell, _, *given = arguments
    if shell == "--shell=bash":
        line = read(*given)
        return _for_bash(line, candidates(_after_the_program(line.words), line.current))
    *words, typed = given
    return candidates(words, read(typed).current)


def _after_the_program(words: list[str]) -> list[str]:
    while words and ASSIGNMENT.match(words[0]):
        words = words[1:]
    return words[1:]


def _for_bash(line: Line, found: list[str]) -> list[str]:
    """Candidates for the part of the word that bash replaces."""
    if line.redirected:
        return [FILES]
    return found if found == [FILES] else [one[line.kept :] for one in found]
