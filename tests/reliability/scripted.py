"""Faults for a sweep to survive: each kind with each request, and mixtures of them."""

from __future__ import annotations

import random
from typing import Any

Fault = dict[str, Any]

REQUESTS = {
    "submit": "POST /runtime/jobs",
    "list": "GET /runtime/jobs",
    "look": "GET /runtime/jobs/*",
    "results": "GET /runtime/jobs/*/results",
    "login": "POST /api/users/loginWithToken",
}

PLATFORM = {
    "submit": "POST /api/v1/jobs",
    "list": "GET /api/v1/jobs",
    "look": "GET /api/v1/jobs/*",
    "results": "GET /api/v1/jobs/*/results",
    "login": "POST /identity/token",
}
"""The same of today's platform."""

KINDS: dict[str, Fault] = {
    "error": {"do": "error", "status": 500},
    "busy": {"do": "error", "status": 429, "code": 1202},
    "delay": {"do": "delay", "seconds": 0.3},
    "drop_before": {"do": "drop_before"},
    "drop_after": {"do": "drop_after"},
    "drop_then_accept": {"do": "drop_then_accept", "seconds": 0.3},
    "truncate": {"do": "truncate"},
    "expire": {"do": "expire"},
    "maintenance": {"do": "maintenance", "seconds": 0.4},
}
"""What the emulator can do wrong. A job that is accepted late is so well within
`service.settle_seconds`, which is 0.5 s here."""


def requests_of(compile: str) -> dict[str, str]:
    """The requests of a way to run a sweep."""
    return PLATFORM if compile == "platform" else REQUESTS


def alone(kind: str, request: str, compile: str = "server") -> list[Fault]:
    """One kind of fault, which befalls the second such request and the one after it.

    A login is made once, and made again when its token has expired. Jobs are listed only
    where the receipt of one was lost.
    """
    there = requests_of(compile)
    often: Fault = {} if kind == "maintenance" else {"times": 2}
    skip = 0 if request in ("login", "list") else 1
    faults = [{**KINDS[kind], **often, "skip": skip, "request": there[request]}]
    if request == "login":
        faults.append({"do": "expire", "request": there["look"], "skip": 1})
    if request == "list":
        faults.append({"do": "drop_after", "request": there["submit"]})
    return faults


def mixture(
    chance: random.Random, most: int = 8, compile: str = "server"
) -> list[Fault]:
    """Some faults of any kind, with any requests, at any time in a sweep."""
    found = []
    for _ in range(chance.randint(3, most)):
        kind = chance.choice(list(KINDS))
        fault = {
            **KINDS[kind],
            "request": chance.choice([*requests_of(compile).values(), "* *"]),
            "skip": chance.randint(0, 6),
        }
        if kind != "maintenance":
            fault["times"] = chance.randint(1, 3)
        found.append(fault)
    return found
