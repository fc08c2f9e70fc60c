"""1,000 jobs from 8 clients at once: each gets its own answer, and memory is bounded."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from qiskit import QuantumCircuit

from tests.emulating import OTHER, TOKEN, Client, Emulator, emulating, encoded

JOBS, CLIENTS, AT_ONCE = 1000, 8, 4
SHOTS = 10
SECONDS = 420
"""When the run gives up; the emulator ends a minute later, whatever happens."""

WIDTHS = (3, 3, 3, 1)
"""Qubits of a job's circuits: ten bits in all, which are the job's number."""

MARKS = (100, 500, 1000)
GROWTH = 96 * 2**10
"""KiB by which peak memory may grow from the first mark to the last."""

STORED = {TOKEN: "first", OTHER: "second"}


@dataclass
class Tally:
    """What has happened so far, of all clients."""

    server: int
    start: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    passed: int = 0
    wrong: list[str] = field(default_factory=list)
    refused: int = 0
    ids: dict[str, list[str]] = field(default_factory=lambda: {TOKEN: [], OTHER: []})
    peak: dict[int, int] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)

    def answered(self, wrong: str | None, waited: float) -> None:
        with self.lock:
            if wrong:
                self.wrong.append(wrong)
            else:
                self.passed += 1
            self.waits.append(waited)
            done = len(self.waits)
            if done in MARKS:
                self.peak[done] = peak(self.server)


def values(number: int) -> list[int]:
    """What a job's circuits measure."""
    found = []
    for width in WIDTHS:
        found.append(number & (2**width - 1))
        number >>= width
    return found


def circuits(number: int) -> list[dict[str, str]]:
    """A job's circuits: X where its number has a bit."""
    made = []
    for place, (width, value) in enumerate(zip(WIDTHS, values(number), strict=True)):
        circuit = QuantumCircuit(width, width, name=f"job-{number}-{place}")
        for qubit in range(width):
            if value >> qubit & 1:
                circuit.x(qubit)
        circuit.measure(range(width), range(width))
        made.append(encoded(circuit))
    return made


def client(emulator: Emulator, tally: Tally, which: int) -> None:
    """One client: its share of the jobs, some at once, each fetched when it has ended."""
    token = (TOKEN, OTHER)[which % 2]
    speaker = emulator.client(token)
    waiting = deque(range(which, JOBS, CLIENTS))
    pending: deque[tuple[int, str, float]] = deque()
    while waiting or pending:
        if time.monotonic() > tally.start + SECONDS:
            raise TimeoutError(
                f"client {which}: {len(waiting) + len(pending)} jobs left"
            )
        if waiting and len(pending) < AT_ONCE:
            job = submitted(speaker, waiting[0], tally)
            if job is not None:
                with tally.lock:
                    tally.ids[token].append(job)
                pending.append((waiting.popleft(), job, time.monotonic()))
                continue
        if pending:
            number, job, since = pending.popleft()
            if speaker.state(job) in ("Queued", "Running"):
                pending.append((number, job, since))
            else:
                wrong = fault(speaker, number, job)
                tally.answered(wrong, time.monotonic() - since)
                continue
        time.sleep(0.03)


def submitted(speaker: Client, number: int, tally: Tally) -> str | None:
    """The id of a job; None where the token has too many at the moment."""
    answer = speaker.post(circuits(number), shots=SHOTS, seed_simulator=number)
    if answer.status_code == 200:
        return answer.json()["id"]
    if answer.json()["errors"][0]["code"] != 3458:
        raise RuntimeError(f"job {number}: {answer.status_code} {answer.text[:200]}")
    with tally.lock:
        tally.refused += 1
    return None


def fault(speaker: Client, number: int, job: str) -> str | None:
    """What is wrong with a job's answer."""
    answer = speaker.get(f"jobs/{job}/results")
    if answer.status_code != 200 or not answer.text.startswith("{"):
        return f"job {number}: {answer.status_code} {answer.text[:200]}"
    result = answer.json()
    got = [(one["header"]["name"], one["data"]["counts"]) for one in result["results"]]
    due = [
        (f"job-{number}-{place}", {hex(value): SHOTS})
        for place, value in enumerate(values(number))
    ]
    if result["job_id"] != job or got != due:
        return f"job {number} ({job}): answer of {result['job_id']}, {got}"
    return None


def unlisted(emulator: Emulator, tally: Tally) -> list[str]:
    """What is wrong with the lists of jobs: each token's own, each once."""
    wrong = []
    for token, ids in tally.ids.items():
        speaker, found = emulator.client(token), []
        for offset in range(0, len(ids) + 200, 200):
            page = speaker.get("jobs", limit=200, offset=offset).json()["jobs"]
            found += [job["id"] for job in page]
        if sorted(found) != sorted(ids):
            wrong.append(f"{STORED[token]} token: {len(found)} listed, {len(ids)} sent")
    return wrong


def peak(server: int) -> int:
    """KiB: the sum of the peak resident sizes of the server and its children."""
    return sum(of_process(pid) for pid in (server, *children(server)))


def children(pid: int) -> list[int]:
    """The processes that a process has started (in any of its threads)."""
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in file.read_text().split()]
    return found


def of_process(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it has ended
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        emulating(
            Path(folder) / "data", "--noise", "ideal", seconds=SECONDS + 60
        ) as emulator,
        ThreadPoolExecutor(CLIENTS) as threads,
    ):
        tally = Tally(emulator.process.pid, time.monotonic())
        runs = [threads.submit(client, emulator, tally, one) for one in range(CLIENTS)]
        errors = [run.exception() for run in runs]
        taken = time.monotonic() - tally.start
        wrong = [*tally.wrong, *(repr(error) for error in errors if error)]
        if not wrong:
            wrong += unlisted(emulator, tally)
    return told(tally, wrong, taken)


def told(tally: Tally, wrong: list[str], taken: float) -> int:
    waits = sorted(tally.waits) or [0.0]
    if len(tally.peak) == len(MARKS):
        grown = tally.peak[MARKS[-1]] - tally.peak[MARKS[0]]
        if grown > GROWTH:
            wrong.append(f"peak memory grew by {grown / 2**10:.0f} MiB")
    else:
        wrong.append(f"memory was not measured: {sorted(tally.peak)}")
    for one in wrong[:20]:
        print(f"FAILED {one}")
    print(f"{taken:.1f} s, {tally.passed / taken:.1f} jobs/s, {CLIENTS} clients")
    print(f"{tally.refused} submissions were refused for the job limit, and sent again")
    half, most = waits[len(waits) // 2], waits[int(len(waits) * 0.95)]
    print(f"from acceptance to answer: median {half:.2f} s, 95% within {most:.2f} s")
    for mark, size in tally.peak.items():
        print(f"peak memory after {mark} jobs: {size / 2**10:.0f} MiB")
    print(f"{tally.passed} passed, {max(JOBS - tally.passed, len(wrong))} failed")
    return 1 if wrong or tally.passed != JOBS else 0


if __name__ == "__main__":
    sys.exit(main())
