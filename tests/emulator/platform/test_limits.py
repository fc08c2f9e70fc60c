"""What a key may use."""

from __future__ import annotations

import pytest

from tests.emulating import OTHER, bell, emulating, endless
from tests.platforming import CRN, Speaker, native


def code(answer) -> tuple[int, int]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_submissions_are_limited_to_so_many_a_minute(tmp_path):
    limit = ("--submissions-per-minute", "2", "--job-limit", "-1")
    with emulating(tmp_path / "data", *limit) as one:
        speaker, pubs = Speaker(one), [[native(bell()), None, 10]]
        # what is refused for another reason does not count
        assert speaker.post(pubs, "ibmq_nowhere").status_code == 404
        jobs = [speaker.submit(pubs) for _ in range(2)]
        answer = speaker.post(pubs)
        assert code(answer) == (429, 1202)
        assert 50 < int(answer.headers["Retry-After"]) <= 60
        assert Speaker(one, OTHER).post(pubs).status_code == 200
        assert all(speaker.ended(job)["status"] == "Completed" for job in jobs)
        assert speaker.get("/jobs").json()["count"] == 2


def test_pending_jobs_are_limited(tmp_path):
    with emulating(tmp_path / "data", "--job-limit", "1", "--speed", "device") as one:
        speaker, pubs = Speaker(one), [[native(bell())]]
        job = speaker.submit(pubs)
        assert code(speaker.post(pubs)) == (400, 3458)
        speaker.ask("POST", f"/jobs/{job}/cancel")
        speaker.submit(pubs)


def test_usage_is_charged_told_and_limited(tmp_path):
    with emulating(tmp_path / "data", "--usage-limit", "4") as one:
        speaker, pubs = Speaker(one), [[native(bell()), None, 10]]
        usage = speaker.get("/instances/usage").json()
        assert usage["instance_id"] == CRN
        assert usage["usage_consumed_seconds"] == 0
        assert usage["usage_limit_seconds"] == 4
        assert usage["usage_limit_reached"] is False
        charged = 0.0
        for _ in range(2):
            job = speaker.submit(pubs)
            assert speaker.ended(job)["status"] == "Completed"
            found = speaker.get(f"/jobs/{job}/metrics").json()["usage"]
            charged += found["qpu_charge_time_seconds"]
            speaker.ask("DELETE", f"/jobs/{job}")
        usage = speaker.get("/instances/usage").json()
        assert usage["usage_consumed_seconds"] == pytest.approx(charged)
        assert usage["usage_limit_reached"] is True
        assert code(speaker.post(pubs)) == (409, 1000)
        assert Speaker(one, OTHER).post(pubs).status_code == 200
        one.kill()
    with emulating(tmp_path / "data", "--usage-limit", "4") as one:
        assert code(Speaker(one).post(pubs)) == (409, 1000)


def require_too_long(found: dict, why: str) -> None:
    assert found["status"] == "Cancelled - Ran too long"
    state = found["state"]
    assert (state["status"], state["reason_code"]) == ("Cancelled", 1305)
    assert why in state["reason"]


def test_a_job_that_runs_too_long_says_so(tmp_path):
    with emulating(tmp_path / "data", "--job-seconds", "0.5") as one:
        speaker, program = Speaker(one), native(endless(), "montreal")
        job = speaker.submit([[program, None, 8000]], "ibmq_montreal")
        require_too_long(speaker.ended(job), "longer than 0.5 seconds")


def test_a_job_takes_at_most_what_it_says(emulator):
    speaker = Speaker(emulator)
    pubs = [[native(bell()), None, 4000]]
    job = speaker.submit(pubs, "ibmq_montreal", cost=2)
    require_too_long(speaker.ended(job), "its 2 seconds")
    assert speaker.ended(speaker.submit(pubs, cost=60))["status"] == "Completed"
    assert speaker.post(pubs, cost=10_801).status_code == 400


def test_a_request_that_is_too_large_is_refused(tmp_path):
    with emulating(tmp_path / "data", "--request-bytes", "2000") as one:
        answer = Speaker(one).post([["/" * 2000]])
        assert code(answer) == (413, 1001)


def test_older_metrics_have_older_names(emulator):
    speaker = Speaker(emulator)
    assert speaker.get("/versions").json()["versions"][0]["version"] == "2024-01-01"
    job = speaker.submit([[native(bell()), None, 10]])
    seconds = speaker.ended(job)["usage"]["qpu_charge_time_seconds"]
    assert seconds > 2
    path = f"/jobs/{job}/metrics"
    assert "bss" not in speaker.get(path).json()
    old = speaker.ask("GET", path, headers={"IBM-API-Version": "2025-05-01"}).json()
    assert old["bss"]["seconds"] == old["usage"]["quantum_seconds"] == seconds
