"""Scripted faults, as a client of the platform's API sees them."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest
import requests

from tests.emulating import TOKEN, bell, emulating
from tests.platforming import Speaker, native

JOBS = "/api/v1/jobs"


@pytest.fixture
def failing(tmp_path):
    """Starts an emulator with some faults, and gives a client of it."""
    with ExitStack() as stack:

        def start(*script):
            file = tmp_path / "faults.yaml"
            lines = [f"  - {{{one}}}" for one in script]
            file.write_text("\n".join(["faults:", *lines]))
            options = ["--faults", str(file), "--noise", "ideal"]
            return Speaker(stack.enter_context(emulating(tmp_path / "data", *options)))

        yield start


def test_errors_have_the_platform_s_form(failing):
    speaker = failing(
        f"request: POST {JOBS}, do: error, status: 429, code: 1202, message: Slow, "
        "retry_after: 3",
        "request: GET /api/v1/backends, do: maintenance, seconds: 0.5",
        "request: GET /api/v1/versions, do: error, status: 500",
    )
    answer = speaker.post([native(bell())])
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    error = {"code": 1202, "message": "Slow", "solution": "", "more_info": ""}
    assert answer.json()["errors"] == [error]
    assert speaker.post([native(bell())]).status_code == 200
    answer = speaker.get("/backends")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, 1999)
    time.sleep(0.6)
    assert speaker.get("/backends").status_code == 200
    assert speaker.get("/versions").status_code == 500


def test_a_job_whose_reply_was_dropped_is_found_by_its_tag(failing):
    speaker = failing(
        f"request: POST {JOBS}, do: drop_before",
        f"request: POST {JOBS}, skip: 1, do: drop_after",
        f"request: POST {JOBS}, skip: 2, do: drop_then_accept, seconds: 1",
    )

    def dropped(tag: str) -> int:
        with pytest.raises(requests.ConnectionError):
            speaker.post([native(bell())], tags=[tag])
        return speaker.get("/jobs", tags=tag).json()["count"]

    assert dropped("before") == 0
    assert dropped("after") == 1
    assert dropped("later") == 0
    time.sleep(1.3)
    assert speaker.get("/jobs", tags="later").json()["count"] == 1
    assert speaker.get("/jobs", tags="before").json()["count"] == 0


def test_tokens_expire_and_answers_break_off(failing):
    speaker = failing(
        f"request: GET {JOBS}/*/results, do: truncate, bytes: 30",
        "request: GET /api/v1/backends, do: expire",
    )
    job = speaker.submit([[native(bell()), None, 50]])
    assert speaker.ended(job)["status"] == "Completed"
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        speaker.get(f"/jobs/{job}/results")
    assert speaker.get(f"/jobs/{job}/results").json()["results"]
    answer = speaker.get("/backends")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, 1201)
    assert speaker.get(f"/jobs/{job}").status_code == 401
    speaker.login(TOKEN)
    assert speaker.get(f"/jobs/{job}").status_code == 200
