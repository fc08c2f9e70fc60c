"""Who asks the platform, for which instance, in which version of the API."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from fastapi import Request

from qexp.emulator.platform.codes import NOT_AUTHORIZED, NOT_VALID, WRONG_CREDENTIALS
from qexp.emulator.refusal import Refusal
from qexp.emulator.requests import service

CRN = (
    "crn:v1:bluemix:public:quantum-computing:us-east:"
    "a/00000000000000000000000000000000:00000000-0000-0000-0000-000000000000::"
)
"""The instance that every key has, and that is listed."""

PLAN = "emulator"

OLDEST = "2024-01-01"
"""The version of the API where none is asked for."""

VERSIONS = (
    OLDEST,
    "2025-01-01",
    "2025-05-01",
    "2026-02-01",
    "2026-02-15",
    "2026-03-15",
    "2026-04-15",
)

_CRN = re.compile(r"crn:v1:[^:]*:[^:]*:quantum-computing:[^:]+:a/[^:]+:[^:]+:[^:]*:.*")


def caller(request: Request) -> str:
    """Whose API key it is.

    Raises:
        Refusal: There is no token, or none that is good (any more).
    """
    said = request.headers.get("authorization", "")
    scheme, _, credential = said.partition(" ")
    if not credential:
        raise Refusal(*NOT_AUTHORIZED, "You are not authorized to perform this action")
    owner = service(request).tokens.holder(scheme.lower(), credential.strip())
    if owner is None:
        raise Refusal(
            *WRONG_CREDENTIALS,
            "Invalid credentials: the token is not one of ours, or has expired",
            "Check your credentials and try again",
        )
    return owner


def user(request: Request) -> str:
    """Whose request it is, to an instance and in a version that there are.

    Raises:
        Refusal: It is nobody's, or to no instance, or in no such version.
    """
    owner = caller(request)
    crn = request.headers.get("service-crn", "")
    if not _CRN.fullmatch(crn):
        what = f"is {crn}, which is none" if crn else "is missing"
        raise Refusal(*NOT_VALID, f"The header Service-CRN {what}", f"Send {CRN}")
    version(request)
    return owner


def version(request: Request) -> str:
    """The version of the API that is asked for.

    Raises:
        Refusal: There is no such version.
    """
    asked = request.headers.get("ibm-api-version", OLDEST)
    if asked not in VERSIONS:
        raise Refusal(
            *NOT_VALID,
            f"The header IBM-API-Version is {asked}, which is none",
            f"Send one of {', '.join(VERSIONS)}",
        )
    return asked


def utc(stamp: datetime) -> datetime:
    """A time, in UTC where it does not say where."""
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=timezone.utc)
