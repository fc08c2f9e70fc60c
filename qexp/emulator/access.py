"""Access tokens, in the emulator's database."""

from __future__ import annotations

from qexp.emulator.store import Store

_SCHEMA = """
CREATE TABLE IF NOT EXISTS access (
    digest TEXT PRIMARY KEY, owner TEXT NOT NULL, expires REAL NOT NULL
);
"""


class Access:
    """The access tokens that are good."""

    def __init__(self, store: Store) -> None:
        """Make the table, if there is none."""
        self._store = store
        store.write(_SCHEMA)

    def grant(self, digest: str, owner: str, expires: float, time: float) -> None:
        """Keep the digest of an access token, and forget those that have expired."""
        self._store.write("DELETE FROM access WHERE expires <= ?", time)
        self._store.write("INSERT INTO access VALUES (?, ?, ?)", digest, owner, expires)

    def granted(self, digest: str, time: float) -> str | None:
        """The owner of an access token that is still good."""
        rows = self._store.read(
            "SELECT owner FROM access WHERE digest = ? AND expires > ?", digest, time
        )
        return str(rows[0][0]) if rows else None

    def revoke(self) -> None:
        """Let all access tokens expire now."""
        self._store.write("DELETE FROM access")
