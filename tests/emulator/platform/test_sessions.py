"""Sessions and batches."""

from __future__ import annotations

import time

import pytest

from tests.emulating import OTHER, bell, emulating
from tests.platforming import CRN, Speaker, native


@pytest.fixture(scope="module")
def speaker(emulator):
    return Speaker(emulator)


@pytest.fixture
def slow(tmp_path):
    with emulating(tmp_path / "data", "--speed", "device") as one:
        yield Speaker(one)


def opened(speaker: Speaker, **more) -> dict:
    body = {"mode": "batch", "backend": "ibmq_manila", "instance": CRN, **more}
    answer = speaker.ask("POST", "/sessions", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def seen(speaker: Speaker, session: str) -> dict:
    return speaker.get(f"/sessions/{session}").json()


@pytest.mark.parametrize("mode", ["batch", "dedicated"])
def test_a_session_from_its_opening_to_its_end(speaker, mode):
    session = opened(speaker, mode=mode)
    where = session["id"]
    assert len(where) <= 36
    assert (session["mode"], session["backend_name"]) == (mode, "ibmq_manila")
    assert (session["state"], session["accepting_jobs"]) == ("open", True)
    assert session["max_ttl"] == 28_800
    job = speaker.submit([[native(bell()), None, 10]], session_id=where)
    found = speaker.ended(job)
    assert found["session_id"] == where
    listed = speaker.get("/jobs", session_id=where).json()["jobs"]
    assert [one["id"] for one in listed] == [job]
    session = seen(speaker, where)
    assert session["state"] == "inactive"
    stamps = speaker.get(f"/jobs/{job}/metrics").json()["timestamps"]
    assert session["activated_at"] == session["last_job_started"] == stamps["running"]
    assert session["last_job_completed"] == stamps["finished"]
    change = {"accepting_jobs": False}
    answer = speaker.ask("PATCH", f"/sessions/{where}", json=change)
    assert answer.status_code == 204
    session = seen(speaker, where)
    assert (session["state"], session["accepting_jobs"]) == ("closed", False)
    assert session["closed_at"]
    answer = speaker.post([[native(bell())]], session_id=where)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 4001)


def test_a_closed_batch_runs_what_it_has(slow):
    where = opened(slow)["id"]
    job = slow.submit([[native(bell())]], session_id=where)
    change = {"accepting_jobs": False}
    slow.ask("PATCH", f"/sessions/{where}", json=change)
    assert slow.job(job)["status"] == "Queued"
    assert seen(slow, where)["state"] == "active"
    assert seen(slow, where)["accepting_jobs"] is False


def test_an_ended_session_drops_what_waits(slow):
    where = opened(slow, mode="dedicated")["id"]
    job = slow.submit([[native(bell())]], session_id=where)
    other = slow.submit([[native(bell())]])
    assert slow.ask("DELETE", f"/sessions/{where}/close").status_code == 204
    assert slow.job(job)["status"] == "Cancelled"
    assert slow.job(other)["status"] == "Queued"
    assert seen(slow, where)["state"] == "closed"


def test_a_session_takes_jobs_for_its_time_only(speaker):
    where = opened(speaker, max_ttl=1)["id"]
    time.sleep(1.1)
    assert seen(speaker, where)["state"] == "closed"
    answer = speaker.post([[native(bell())]], session_id=where)
    assert answer.json()["errors"][0]["code"] == 4001


def test_what_is_not_of_the_session_is_refused(speaker, emulator):
    where = opened(speaker)["id"]
    answer = speaker.post([[native(bell())]], "ibmq_lima", session_id=where)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 4001)
    stranger = Speaker(emulator, OTHER)
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", "/close")):
        answer = stranger.ask(
            method, f"/sessions/{where}{path}", json={"accepting_jobs": False}
        )
        assert answer.status_code == 404
    assert stranger.post([[native(bell())]], session_id=where).status_code == 404
    assert seen(speaker, where)["state"] == "open"
    for body in ({"mode": "other"}, {"backend": 1}, {"colour": "red"}, {"max_ttl": 0}):
        asked = {"mode": "batch", "backend": "ibmq_manila", **body}
        assert speaker.ask("POST", "/sessions", json=asked).status_code == 400
    asked = {"mode": "batch", "backend": "ibmq_nowhere"}
    assert speaker.ask("POST", "/sessions", json=asked).status_code == 404
    change = {"accepting_jobs": True}
    assert speaker.ask("PATCH", f"/sessions/{where}", json=change).status_code == 400
