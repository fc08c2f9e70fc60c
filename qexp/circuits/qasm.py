"""Circuits from OpenQASM files, versions 2 and 3."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.exceptions import QiskitError

from qexp.errors import ConfigError

_COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_VERSION_3 = re.compile(r"^\s*OPENQASM\s+3", re.MULTILINE)
_SIZE = re.compile(r"\b(?:qreg\s+\w+|qubit|creg\s+\w+|bit)\s*\[\s*(\d+)\s*\]")

WIDEST = 10_000
"""Most bits of one register: wider ones take the parser minutes, and no device has them."""


def find(files: str | list[str]) -> list[Path]:
    """The files that a name, a pattern or a list of them means, in order.

    Raises:
        ConfigError: A name or a pattern matches no file.
    """
    names = files if isinstance(files, list) else [files]
    return [path for name in names for path in _matches(name)]


def _matches(name: str) -> list[Path]:
    # Path.glob takes no absolute patterns
    found = sorted(glob(name, recursive=True)) if has_magic(name) else [name]  # noqa: PTH207
    paths = [Path(match) for match in found if os.path.isfile(match)]  # noqa: PTH113
    if not paths:
        kind = "no file matches the pattern" if has_magic(name) else "no such file"
        raise ConfigError(f"circuit.files = {name}: {kind} (in {Path.cwd()}).")
    return paths


@dataclass(frozen=True)
class Source:
    """What a file holds.

    Attributes:
        circuit: The circuit; its name is the file's.
        digest: SHA-256 of the file's bytes, in hexadecimal.
    """

    circuit: QuantumCircuit
    digest: str


def load(path: Path) -> Source:
    """The circuit in a file, read once.

    Raises:
        ConfigError: The file cannot be read or parsed; names file and line.
    """
    try:
        content = path.read_bytes()
        circuit = _parse(_text(content), path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"circuit.files = {path}: cannot be read ({error})."
        ) from error
    circuit.name = path.stem
    return Source(circuit, hashlib.sha256(content).hexdigest())


def _text(content: bytes) -> str:
    # with the line ends of Python's text files
    return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def _parse(text: str, path: Path) -> QuantumCircuit:
    plain = _COMMENTS.sub("", text)
    widest = widest_register(plain)
    if widest > WIDEST:
        raise _unreadable(path, None, f"a register of {widest} bits; at most {WIDEST}")
    if _VERSION_3.search(plain):
        return _parse_3(text, path)
    try:
        return qasm2.loads(
            text,
            include_path=(path.parent,),
            custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
        )
    except qasm2.QASM2ParseError as error:
        where, _, what = str(error.message).partition(": ")
        file, _, place = where.rpartition(":")
        named = path if file in ("", "<input>") else path.parent / file
        raise _unreadable(named, place.split(",")[0], what or where) from error


def is_version_3(text: str) -> bool:
    """Whether a program says that it is OpenQASM 3, comments before that or not."""
    return _VERSION_3.search(_COMMENTS.sub("", text)) is not None


def widest_register(text: str) -> int:
    """The size of the widest register of a program; 0 where it has none."""
    return max((int(size) for size in _SIZE.findall(text)), default=0)


def _parse_3(text: str, path: Path) -> QuantumCircuit:
    from openqasm3.parser import QASM3ParsingError  # 0.1 s that few commands need

    try:
        return qasm3.loads(text)
    except QiskitError as error:
        where = re.match(r"(\d+),\d+: ", error.message)
        what = error.message[where.end() :] if where else error.message
        raise _unreadable(path, where[1] if where else None, what) from error
    except QASM3ParsingError as error:
        token = _offending_token(error)
        if token is None:
            raise _unreadable(path, None, str(error) or "not OpenQASM 3") from error
        raise _unreadable(
            path, str(token.line), f"'{token.text}' is unexpected"
        ) from error


def _offending_token(error: Exception) -> Any:
    # the parser keeps where it stopped only in the cause of its error
    cancelled = error.__cause__
    stopped = cancelled.args[0] if cancelled is not None and cancelled.args else None
    return getattr(stopped, "offendingToken", None)


def _unreadable(path: Path, line: str | None, what: str) -> ConfigError:
    place = f"{path}, line {line}" if line else str(path)
    return ConfigError(f"circuit.files = {place}: {what.strip().rstrip('.')}.")
