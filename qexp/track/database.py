"""Where an MLflow store is: its URI, a new SQLite database, what is wrong with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from qexp.errors import TrackingError
from qexp.secrets import hide


def create_sqlite(uri: str) -> None:
    """Create the database of a `sqlite:///` URI, unless it is there.

    It is made aside and linked into place when it is complete, so that no other process
    ever sees it half made: two workers that migrate one new file at the same time leave
    a database that neither they nor any later run can use.

    Args:
        uri: A tracking URI; others than `sqlite:///FILE` are left alone.
    """
    file = sqlite_file(uri)
    if file is None or file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".mlflow-") as folder:
        aside = Path(folder) / file.name
        store = SqlAlchemyStore(f"sqlite:///{aside}", _artifact_root())
        store.engine.dispose()
        try:
            os.link(aside, file)
        except FileExistsError:
            pass  # another process was first; its database is as good
        except OSError:  # a file system without links
            if not file.exists():
                aside.rename(file)


def absolute(uri: str) -> str:
    """A `sqlite:///FILE` URI with the whole path; any other as it is.

    MLflow keeps stores by URI, and a relative one means another file in another folder.
    """
    file = sqlite_file(uri)
    return uri if file is None else f"sqlite:///{file.absolute()}"


def _artifact_root() -> str:
    # what `mlflow ui` and a client without a server both take for a database here
    return "./mlruns"


def sqlite_file(uri: str) -> Path | None:
    """The file of a `sqlite:///FILE` URI; None for any other."""
    file = uri.removeprefix("sqlite:///")
    return None if file in (uri, "") else Path(file)


@contextmanager
def explained(uri: str) -> Iterator[None]:
    """Turn whatever MLflow raises into an error for the person at the keyboard."""
    try:
        yield
    except TrackingError:
        raise
    except Exception as error:
        text = str(error).strip().splitlines()
        reason = text[0] if text else type(error).__name__
        if reason.startswith(
            "(raised as"
        ):  # advice to programmers, and then the reason
            reason = next((line for line in text[1:] if "Error)" in line), reason)
        raise TrackingError(f"MLflow at {hide(uri)}: {hide(reason)}") from error
