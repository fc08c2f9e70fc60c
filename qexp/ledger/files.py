"""Files that are there as a whole, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from qexp.errors import LedgerError

FASTEST = 1


def put(
    file: Path,
    content: bytes | Iterable[bytes],
    *,
    durable: bool,
    head: Mapping[str, Any] | None = None,
) -> str:
    """Write a file, compressed; it appears under its name when it is complete.

    Args:
        file: Where to; its folder is made.
        content: What it is to hold, as a whole or in parts.
        durable: Whether it must outlive a power cut, and not only this process.
        head: What the ledger knows of it, for a ledger that has to be made again.

    Returns:
        Digest of what lies on the disk.

    Raises:
        LedgerError: It cannot be written; says why.
    """
    parts = [content] if isinstance(content, bytes) else content
    if head is not None:
        parts = chain([json.dumps(head).encode() + b"\n"], parts)
    packer = zlib.compressobj(FASTEST)
    packed = b"".join([*map(packer.compress, parts), packer.flush()])
    put_plain(file, packed, durable=durable)
    return digest(packed)


def put_plain(file: Path, content: bytes, *, durable: bool) -> None:
    """Write a file as it is; it appears under its name when it is complete.

    Args:
        file: Where to; its folder is made.
        content: What it is to hold.
        durable: Whether it must outlive a power cut, and not only this process.

    Raises:
        LedgerError: It cannot be written; says why.
    """
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as stream:
            stream.write(content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        aside.replace(file)
        if durable:
            _settle(file.parent)
    except OSError as error:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise LedgerError(
            f"{file}: cannot be written ({error.strerror}). Nothing that was written "
            "before is lost: when it can be, the same command goes on."
        ) from error


def get(file: Path, expected: str | None = None) -> bytes | None:
    """What a file holds; None where it is not there, or is not what was written.

    Args:
        file: The file.
        expected: The digest that `put` returned; None trusts what is there.
    """
    try:
        packed = file.read_bytes()
        if expected is not None and digest(packed) != expected:
            return None
        return zlib.decompress(packed)
    except (OSError, zlib.error):
        return None


def parted(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The head of what a file holds, and the rest.

    Raises:
        ValueError: It has no head.
    """
    first, _, rest = content.partition(b"\n")
    head = json.loads(first)
    if not isinstance(head, dict):
        raise ValueError("no head")
    return head, rest


def digest(packed: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(packed).hexdigest()


def _settle(folder: Path) -> None:
    """Have a folder's own entries on the disk, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
