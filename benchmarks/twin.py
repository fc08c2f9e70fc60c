"""The device twin against Qiskit Aer, on the same circuits in one process."""

from __future__ import annotations

import time

from qiskit import QuantumCircuit, transpile
from qiskit.providers import BackendV1
from qiskit_aer import AerSimulator

from benchmarks.timing import (
    Round,
    about,
    arguments,
    milliseconds,
    ratios,
    repeat,
    rounds_of,
    save,
    seconds,
    show,
)
from qexp.circuits.ghz import ghz
from qexp.declare.config import Backend
from qexp.declare.twin import Twin
from qexp.devices.device import Device, load
from qexp.devices.snapshot import backend
from qexp.services.engine import machine

QUBITS, SHOTS = 5, 4096
WIDE, MANY = 27, 100_000
"""The populations of a GHZ state on all qubits; no rival here ends in minutes."""

KINDS = {"one circuit": 1, "distinct circuits": 0}
"""How many circuits there are among those that are run; 0 is all."""

Clock = dict[str, float]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--circuits", type=int, default=300)
    parser.add_argument(
        "--calls",
        type=int,
        default=30,
        help="circuits of which Aer is called one by one; a line through 0 beyond",
    )
    given = parser.parse_args()
    if given.quick:
        given.circuits, given.calls = 20, 5
    about(rounds_of(given))
    device = load(Backend(name="ibmq_montreal", snapshot="montreal"))
    simulator = AerSimulator.from_backend(backend(device))
    circuits = {
        kind: _circuits(given.circuits, number or given.circuits, device)
        for kind, number in KINDS.items()
    }
    wide = transpile(ghz(WIDE, "linear"), backend(device), seed_transpiler=0)
    simulator.run(circuits["one circuit"][:2], shots=10).result()

    def once() -> Round:
        found = {}
        for kind, many in circuits.items():
            found[kind] = _twin(many, device)
            found[f"{kind}, one call"] = _one_call(many, simulator)
            found[f"{kind}, calls"] = _calls(many, simulator, given.calls)
        found["wide, first"], found["wide, again"] = _wide(wide, device)
        return found

    _show(repeat(rounds_of(given), once), given.circuits)
    save(given)


def _circuits(total: int, distinct: int, device: Device) -> list[QuantumCircuit]:
    """GHZ states on different qubits, the compiler's seed deciding on which."""
    made = [
        transpile(
            ghz(QUBITS, "linear"),
            backend(device),
            initial_layout=_path(seed, backend(device)),
            seed_transpiler=seed,
        )
        for seed in range(distinct)
    ]
    return [made[k % distinct] for k in range(total)]


def _path(seed: int, machine: BackendV1) -> list[int]:
    """A chain of coupled qubits; different for different seeds, as far as there are."""
    pairs = machine.configuration().coupling_map
    near = {one: sorted(b for a, b in pairs if a == one) for one, _ in pairs}
    found = [[one] for one in near]
    for _ in range(QUBITS - 1):
        found = [[*p, q] for p in found for q in near[p[-1]] if q not in p]
    return found[seed % len(found)]


def _twin(circuits: list[QuantumCircuit], device: Device) -> Clock:
    """A twin that has simulated nothing yet, its model included."""
    start, cpu = time.perf_counter(), time.process_time()
    twin = machine.__wrapped__(device, "device", Twin(), None)
    for seed, circuit in enumerate(circuits):
        made = twin.sample(circuit, shots=SHOTS, seed=seed)
        assert sum(made["data"]["counts"].values()) == SHOTS
    return _since(start, cpu)


def _wide(circuit: QuantumCircuit, device: Device) -> tuple[Clock, Clock]:
    """All qubits, with a model that is made anew, and once more."""
    clocks = []
    start, cpu = time.perf_counter(), time.process_time()
    twin = machine.__wrapped__(device, "device", Twin(), None)
    for seed in range(2):
        made = twin.sample(circuit, shots=MANY, seed=seed)
        assert sum(made["data"]["counts"].values()) == MANY
        clocks.append(_since(start, cpu))
        start, cpu = time.perf_counter(), time.process_time()
    return clocks[0], clocks[1]


def _one_call(circuits: list[QuantumCircuit], simulator: AerSimulator) -> Clock:
    start, cpu = time.perf_counter(), time.process_time()
    result = simulator.run(circuits, shots=SHOTS, seed_simulator=1).result()
    assert result.success
    return _since(start, cpu)


def _calls(circuits: list[QuantumCircuit], simulator: AerSimulator, few: int) -> Clock:
    start, cpu = time.perf_counter(), time.process_time()
    for seed, circuit in enumerate(circuits[:few]):
        assert simulator.run(circuit, shots=SHOTS, seed_simulator=seed).result().success
    scale = len(circuits) / min(few, len(circuits))
    return {key: scale * value for key, value in _since(start, cpu).items()}


def _since(start: float, cpu: float) -> Clock:
    return {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu}


def _show(rounds: list[Round], circuits: int) -> None:
    for what, title in (("wall", "wall time"), ("cpu", "CPU time")):
        rows = []
        for kind in KINDS:
            ours = [one[kind][what] for one in rounds]
            rows.append([f"{kind}: qexp", seconds(ours), _each(ours, circuits), "-"])
            for rival, name in (
                ("one call", "one run of all"),
                ("calls", "a run each"),
            ):
                theirs = [one[f"{kind}, {rival}"][what] for one in rounds]
                rows.append(
                    [
                        f"{kind}: Aer, {name}",
                        seconds(theirs),
                        _each(theirs, circuits),
                        ratios(ours, theirs),
                    ]
                )
        for how in ("first", "again"):
            wide = [one[f"wide, {how}"][what] for one in rounds]
            name = f"GHZ-{WIDE}, {MANY:,} shots: qexp, {how}"
            rows.append([name, seconds(wide), "", "-"])
        columns = [
            f"{circuits} x GHZ-{QUBITS}, {SHOTS} shots",
            "all",
            "each",
            "qexp by it",
        ]
        show(title, columns, rows)


def _each(values: list[float], circuits: int) -> str:
    return milliseconds([one / circuits for one in values])


if __name__ == "__main__":
    main()
