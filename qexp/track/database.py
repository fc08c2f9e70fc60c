"""Where an MLflow store is: its URI, a new SQLite database, what is wrong with it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

from qexp.errors import TrackingError
from qexp.secrets import hide
from qexp.track.rows import now


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
        made = Path(folder) / file.name
        if not _copied(made):
            _migrated(made)
            _kept(made)
        _place(made, file)


def needs_mlflow(uri: str) -> bool:
    """Whether a store cannot be opened without MLflow."""
    file = sqlite_file(uri)
    return file is None or not (file.exists() or _fresh().exists())


def _migrated(file: Path) -> None:
    """Have MLflow make its tables, which takes it seconds."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(f"sqlite:///{file}", artifact_root())
    store.engine.dispose()


def _fresh() -> Path:
    """A database that the installed MLflow made, and nobody wrote to; if it is there."""
    return user_cache_path("qexp") / f"mlflow-{version('mlflow')}.db"


def _kept(file: Path) -> None:
    """Keep a fresh database, so that the next one takes no seconds."""
    kept = _fresh()
    with suppress(OSError):  # it is no more than a help
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".mlflow-") as folder:
            Path(shutil.copy(file, folder)).replace(kept)


def _copied(file: Path) -> bool:
    """Have a copy of a fresh database, as MLflow would make it here and now."""
    try:
        shutil.copyfile(_fresh(), file)
        with closing(sqlite3.connect(file)) as database, database:
            (state,) = database.execute("PRAGMA quick_check").fetchone()
            updated = database.execute(
                "UPDATE experiments SET artifact_location = ? || '/' || experiment_id,"
                " creation_time = ?, last_update_time = ?",
                (artifact_root(), now(), now()),
            )
        if state == "ok" and updated.rowcount == 1:
            return True
    except (OSError, sqlite3.Error):  # none there, or torn
        pass
    file.unlink(missing_ok=True)
    return False


def _place(made: Path, file: Path) -> None:
    try:
        os.link(made, file)
    except FileExistsError:
        pass  # another process was first; its database is as good
    except OSError:  # a file system without links
        if not file.exists():
            made.rename(file)


def absolute(uri: str) -> str:
    """A `sqlite:///FILE` URI with the whole path; any other as it is.

    MLflow keeps stores by URI, and a relative one means another file in another folder.
    """
    file = sqlite_file(uri)
    return uri if file is None else f"sqlite:///{file.absolute()}"


def artifact_root() -> str:
    """What `mlflow ui` and a client without a server both take for a database here."""
    return Path("mlruns").absolute().as_posix()


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
