"""What stands beside the API: tokens for API keys, and the list of instances."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from qexp.emulator.platform.asking import CRN, PLAN, caller
from qexp.emulator.refusal import Refusal
from qexp.emulator.requests import received, service

router = APIRouter()

GRANT = "urn:ibm:params:oauth:grant-type:apikey"


@router.post("/identity/token")
async def token(request: Request) -> Response:
    """An access token (a JWT) for an API key."""
    ours = service(request)
    form = parse_qs((await received(request)).decode(errors="replace"))
    grant, key = (form.get(one, [""])[0] for one in ("grant_type", "apikey"))
    if grant != GRANT:
        return _refused("BXNIM0507E", f"The grant type must be {GRANT}.")
    issued, ttl = int(time.time()), ours.settings.jwt_ttl
    expires = int(issued + ttl)
    access = _jwt({"iat": issued, "exp": expires, "iss": "qexp emulator"})
    try:
        ours.tokens.grant(key, access, ttl)
    except Refusal:
        return _refused("BXNIM0415E", "Provided API key could not be found.")
    return JSONResponse(
        {
            "access_token": access,
            "refresh_token": "not_supported",
            "token_type": "Bearer",
            "expires_in": expires - issued,
            "expiration": expires,
            "scope": "ibm openid",
        }
    )


def _jwt(claims: dict[str, Any]) -> str:
    """A JSON web token; it is looked up, and not verified, when it comes back."""
    head = {"alg": "HS256", "typ": "JWT"}
    claims = {**claims, "jti": secrets.token_hex(16)}
    parts = [_coded(json.dumps(one).encode()) for one in (head, claims)]
    signed = hmac.digest(secrets.token_bytes(32), ".".join(parts).encode(), "sha256")
    return ".".join([*parts, _coded(signed)])


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _refused(code: str, message: str) -> Response:
    context = {"requestId": secrets.token_hex(8)}
    said = {"errorCode": code, "errorMessage": message, "context": context}
    return JSONResponse(said, 400)


@router.post("/v3/resources/search")
async def search(request: Request) -> dict[str, Any]:
    """The instances of an account: one."""
    caller(request)
    item = {
        "crn": CRN,
        "name": "emulator",
        "service_plan_unique_id": PLAN,
        "doc": {"extensions": {"emulator": True}},
        "tags": [],
    }
    return {"items": [item], "limit": 100}


@router.get("/catalog/{plan}")
async def catalog(request: Request, plan: str) -> dict[str, Any]:
    """What a plan is called, and costs."""
    caller(request)
    return {
        "id": plan,
        "name": PLAN,
        "kind": "plan",
        "overview_ui": {"en": {"display_name": "Emulator"}},
        "metadata": {"pricing": {"type": "free"}},
    }
