"""Killed in the middle of a queue, and started again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from qexp.emulator.store import Store
from tests.embedded import children, until
from tests.emulating import bell, emulating, encoded, endless


def test_all_jobs_of_a_queue_finish_once_though_the_server_was_killed(tmp_path):
    # on the twin the slow job would be over before the kill
    one = ["--workers", "1", "--job-limit", "20", "--noise", "aer"]
    data = tmp_path / "data"
    with emulating(data, *one) as first:
        client = first.client()
        access = client.session.headers["X-Access-Token"]
        done = [client.submit(encoded(bell()), shots=10) for _ in range(2)]
        for job in done:
            assert client.ended(job) == "Completed"
        before = {job: _finished(client, job) for job in done}
        circuit = encoded(endless(8))
        slow = client.submit(circuit, "ibmq_montreal", shots=2000, seed_simulator=1)
        until(lambda: client.state(slow) == "Running")
        queued = [client.submit(encoded(bell(f"q-{k}")), shots=10) for k in range(3)]
        processes = _family(first.process.pid)
        first.kill()
    assert len(processes) >= 3
    until(lambda: not any(_alive(pid) for pid in processes))
    with emulating(data, *one) as second:
        client = second.client()
        client.session.headers["X-Access-Token"] = access  # it is still good
        for job in (slow, *queued):
            assert client.ended(job) == "Completed"
        assert {job: _finished(client, job) for job in done} == before
        assert client.get("jobs").json()["count"] == 6
        ends = [_finished(client, job) for job in (slow, *queued)]
        assert ends == sorted(ends)
        for k, job in enumerate(queued):
            (result,) = client.get(f"jobs/{job}/results").json()["results"]
            assert result["header"]["name"] == f"q-{k}"


def test_a_database_of_an_earlier_emulator_is_taken_up(tmp_path):
    file = tmp_path / "jobs.db"
    store = Store(file)
    job = store.add("me", "ibmq_manila", {"program_id": "circuit-runner"}, 0.0)
    store.close()
    with sqlite3.connect(file) as database:
        database.execute("ALTER TABLE jobs DROP COLUMN quantum_seconds")
    store = Store(file)
    assert store.find("me", job).quantum_seconds is None
    store.use(job, 2.5)
    assert store.find("me", job).quantum_seconds == 2.5
    store.close()


def _finished(client, job: str) -> str:
    return client.get(f"jobs/{job}/metrics").json()["timestamps"]["finished"]


def _family(pid: int) -> list[int]:
    found = children(pid)
    return found + [one for child in found for one in _family(child)]


def _alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
