"""Credentials out of whatever is shown, whichever way they got there."""

from __future__ import annotations

import re

_USER_AND_PASSWORD = re.compile(r"(\w[\w+.-]*://)?[^\s'\"@\[({=,]*:[^\s'\"]*@")
_QUERY = re.compile(
    r"([?&](?:user|username|password|passwd|token|key|secret)=)[^\s'\"&]+", re.I
)


def hide(text: str) -> str:
    """A text without the user names, passwords and tokens of the URIs in it.

    What stands between a scheme and the last `@` goes, because a password may hold `/`
    and `#` where it was not escaped; so do the values of telling query parameters.
    """
    without_users = _USER_AND_PASSWORD.sub(
        lambda found: found[1] or _scheme(found[0]), text
    )
    return _QUERY.sub(r"\1…", without_users)


def _scheme(found: str) -> str:
    scheme, mark, _ = found.partition("://")
    return f"{scheme}://" if mark else ""
