"""Files on their way to MLflow's artifacts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from qexp.errors import TrackingError
from qexp.streamed import Text, in_bytes

Content = bytes | Text
"""What a file holds."""


def encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    """Texts by path, as bytes."""
    return {path: content.encode() for path, content in files.items()}


def put(folder: Path, files: Mapping[str, Content]) -> None:
    """Write files, by path, into a folder that need not be there."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        file = folder / path
        if file.parent != folder:
            file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as stream:
            parts = [content] if isinstance(content, bytes) else in_bytes(content)
            stream.writelines(parts)


@contextmanager
def folder(files: Mapping[str, Content]) -> Iterator[str]:
    """A temporary folder with these files, for as long as the context lasts.

    Raises:
        TrackingError: They cannot be written; says where and what to do.
    """
    try:
        with ExitStack() as stack:
            made = tempfile.TemporaryDirectory(prefix="qexp-")
            name = stack.enter_context(made)
            put(Path(name), files)
            stack.pop_all()
    except OSError as error:
        raise TrackingError(
            f"{tempfile.gettempdir()}: files for MLflow cannot be written there "
            f"({error.strerror}). Make room, or set TMPDIR to another folder."
        ) from error
    with made:
        yield name
