"""A command line up to the cursor, read as a shell reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """The words before the cursor, without their quotes."""

    words: list[str]
    """Those that are complete."""

    current: str
    """The one that is being typed; empty after a blank."""

    kept: int
    """Characters at its beginning that bash keeps: it replaces what comes after a
    character of `COMP_WORDBREAKS`, or after a quote that is still open."""

    redirected: bool
    """Whether it is the file of a redirection."""


def read(text: str, breaks: str = "") -> Line:
    """Read a line.

    Args:
        text: The line up to the cursor; its last quote may be open.
        breaks: Characters that begin a new word for bash: `COMP_WORDBREAKS`.
    """
    reader = _Reader(breaks)
    reader.feed(iter(text))
    kept = reader.opened if reader.quote else reader.kept
    return Line(reader.words, reader.word, kept, reader.redirected)


class _Reader:
    def __init__(self, breaks: str) -> None:
        self.breaks = breaks
        self.words: list[str] = []
        self.redirected = False
        self._begin()

    def _begin(self) -> None:
        self.word = self.quote = ""
        self.begun = False
        self.kept = self.opened = 0

    def feed(self, characters: Iterator[str]) -> None:
        for character in characters:
            if self.quote:
                self._quoted(character, characters)
            elif character.isspace():
                self._end()
            elif character in "<>":
                self._end()
                self.redirected = True
            else:
                self._bare(character, characters)

    def _quoted(self, character: str, rest: Iterator[str]) -> None:
        if character == self.quote:
            self.quote = ""
        elif character == "\\" and self.quote == '"':
            following = next(rest, "")
            self.word += following if following in '"\\$`' else f"\\{following}"
        else:
            self.word += character

    def _bare(self, character: str, rest: Iterator[str]) -> None:
        self.begun = True
        if character in "\"'":
            self.quote, self.opened = character, len(self.word)
        elif character == "\\":
            self.word += next(rest, "").replace("\n", "")
        else:
            self.word += character
            if character in self.breaks:
                self.kept = len(self.word)

    def _end(self) -> None:
        if self.begun and not self.redirected:
            self.words.append(self.word)
        self.redirected = self.redirected and not self.begun
        self._begin()
