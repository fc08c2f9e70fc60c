"""The main process's side of what converts newer QPY, in another environment."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from qiskit import qpy

from qexp.guarded.reader import Unreadable

READS = int(qpy.common.QPY_VERSION)
"""The newest version of QPY that is read without help."""

SECONDS = 10
"""Seconds of processor time that converting a job's circuits may take."""

PATIENCE = 90.0
"""Seconds by the clock after which it is ended."""

_SCRIPT = Path(__file__).with_name("convert.py")
_STREAM = b"QISKIT"


def version(text: str) -> int | None:
    """The version of QPY in base64, compressed or not; None where it is none."""
    try:
        content = base64.b64decode(text)
        if not content.startswith(_STREAM):
            content = zlib.decompressobj().decompress(content, len(_STREAM) + 1)
    except (ValueError, zlib.error):
        return None
    head, number = content[: len(_STREAM)], content[len(_STREAM) :]
    return number[0] if head == _STREAM and number else None


def compressed(text: str) -> str:
    """QPY in base64 as the official client sends it, which is compressed."""
    content = base64.b64decode(text)
    if not content.startswith(_STREAM):
        return text
    return base64.b64encode(zlib.compress(content)).decode()


def newest(python: Path) -> int:
    """The newest version of QPY that a Python reads.

    Raises:
        Unreadable: It is no Python, or has no qiskit that reads any.
    """
    try:
        return int(_run(python, [], ""))
    except ValueError as error:
        raise Unreadable("it does not say which QPY it reads") from error


def convert(python: Path, texts: Sequence[tuple[str, list[Any]]]) -> list[list[str]]:
    """Circuits as OpenQASM 3: of each a program for each of its values.

    Args:
        python: A Python with a current qiskit.
        texts: Of each circuit its QPY in base64, and what its parameters are bound to,
            for each program that is wanted.

    Raises:
        Unreadable: One of them cannot be converted; says which, and why.
    """
    asked = [{"qpy": text, "values": values} for text, values in texts]
    reply = _run(python, [str(SECONDS)], json.dumps(asked))
    try:
        found = json.loads(reply)
    except ValueError as error:
        raise Unreadable("the helper's answer cannot be read") from error
    for place, one in enumerate(found):
        if "error" in one:
            raise Unreadable(f"circuit {place} cannot be read: {one['error']}")
    return [one["programs"] for one in found]


def _run(python: Path, arguments: list[str], given: str) -> str:
    try:
        process = subprocess.Popen(
            [str(python), "-I", str(_SCRIPT), *arguments],
            env={"OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except OSError as error:
        raise Unreadable(str(error.strerror)) from error
    try:
        reply, wrong = process.communicate(given, PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise Unreadable(f"converting took more than {PATIENCE:g} seconds") from error
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)  # with whatever it has started
            process.wait()
    if process.returncode:
        raise Unreadable(_why(process.returncode, wrong))
    return reply


def _why(code: int, wrong: str) -> str:
    if code == -signal.SIGXCPU:
        return f"converting took more than {SECONDS} seconds of processor time"
    usual = f"the helper ended with {code}"
    return wrong.strip().rpartition("\n")[2] or usual
