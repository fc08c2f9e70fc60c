"""Who may use the service: API tokens, and the access tokens that they are changed for."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from pathlib import Path

from qexp.emulator.access import Access
from qexp.emulator.refusal import LOGIN, NO_TOKEN, WRONG_TOKEN, Refusal
from qexp.emulator.settings import LEAST
from qexp.errors import ConfigError


def kept(folder: Path) -> tuple[Path, str]:
    """The token that a data folder keeps, made the first time; and its file.

    Raises:
        ConfigError: The file cannot be used, or others than its owner may read it.
    """
    file = folder / "token"
    try:
        if not file.exists():
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as opened:
                opened.write(secrets.token_hex(32) + "\n")
        mode, token = file.stat().st_mode, file.read_text().strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: the token cannot be read ({error}).") from error
    if mode & 0o077:
        raise ConfigError(f"{file}: others may read the token. Run: chmod 600 {file}")
    if len(token) < LEAST:
        raise ConfigError(
            f"{file}: a token has {LEAST} characters or more. Delete the file, and "
            "another one is made."
        )
    return file, token


_SCHEMES = ("apikey", "bearer")


def digest(token: str) -> str:
    """What of a token is kept."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


class Tokens:
    """The API tokens of a service, and the access tokens that it has given out."""

    def __init__(self, tokens: tuple[str, ...], access: Access, ttl: float) -> None:
        """Take the tokens.

        Args:
            tokens: The API tokens.
            access: Where access tokens are kept.
            ttl: Seconds for which an access token is good.
        """
        self._owners = {digest(token) for token in tokens}
        self._access = access
        self.ttl = ttl

    def login(self, token: str) -> tuple[str, str]:
        """An access token for an API token, and whose it is.

        Raises:
            Refusal: There is no such API token.
        """
        access = secrets.token_urlsafe(32)
        return access, self.grant(token, access, self.ttl)

    def grant(self, token: str, access: str, ttl: float) -> str:
        """Make an access token good for some seconds; gives whose it is.

        Args:
            token: An API token.
            access: The access token.
            ttl: The seconds.

        Raises:
            Refusal: There is no such API token.
        """
        owner, now = digest(token), time.time()
        if owner not in self._owners:
            raise Refusal(*LOGIN, "Login failed")
        self._access.grant(digest(access), owner, now + ttl, now)
        return owner

    def holder(self, scheme: str, credential: str) -> str | None:
        """Who has a credential; None where it is not good (any more).

        Args:
            scheme: `bearer` for an access token, `apikey` for an API token.
            credential: The token.
        """
        owner: str | None = digest(credential)
        if scheme == "bearer":
            owner = self._access.granted(digest(credential), time.time())
        return owner if owner in self._owners and scheme in _SCHEMES else None

    def owner(self, access: str | None, authorization: str | None) -> str:
        """Whose request it is.

        Args:
            access: What `X-Access-Token` says.
            authorization: What `Authorization` says; an API token as bearer will do.

        Raises:
            Refusal: No token, or one that is not good (any more).
        """
        scheme, _, bearer = (authorization or "").partition(" ")
        if scheme.lower() == "bearer" and digest(bearer.strip()) in self._owners:
            return digest(bearer.strip())
        if not access and not bearer:
            raise Refusal(*NO_TOKEN, "Authentication is required")
        owner = self._access.granted(digest(access or bearer.strip()), time.time())
        if owner is None or owner not in self._owners:
            raise Refusal(*WRONG_TOKEN, "The access token is invalid or has expired")
        return owner

    def revoke(self) -> None:
        """Let all access tokens expire now."""
        self._access.revoke()
