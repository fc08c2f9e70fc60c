"""A device's own times."""

from __future__ import annotations

from qexp.declare.config import Backend
from qexp.devices.device import load
from qexp.emulator.pace import QUEUE_SECONDS, run_seconds, wait
from qexp.services.local import Local
from tests.embedded import answers, part, submission
from tests.emulating import bell, emulating, encoded


def test_a_job_takes_as_long_as_the_device_would():
    local = Local(workers=1)
    found = answers(local, submission(part("a"), shots=4000))
    options = {"shots": 4000, "rep_delay": 0.0001}
    device = load(Backend(name="ibmq_manila", snapshot="manila"))
    seconds = run_seconds(list(found.values()), options, device)
    assert 2.4 < seconds < 2.5  # 2 s, and 4000 times 100 µs and some
    assert QUEUE_SECONDS[0] <= wait() <= QUEUE_SECONDS[1]


def test_at_a_device_s_speed_a_job_waits(tmp_path):
    with emulating(tmp_path / "data", "--speed", "device", "--noise", "ideal") as one:
        client = one.client()
        job = client.submit(encoded(bell()), shots=10)
        assert client.state(job) == "Queued"
        assert client.device("ibmq_manila", "queue/status").json()["lengthQueue"] == 1
        assert client.cancel(job) == 204
        assert client.state(job) == "Cancelled"
