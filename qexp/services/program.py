"""The circuit-runner program: compile, run, mitigate, answer in terra's result form.

It follows the program that ran on IBM's service, with one difference: `layout_method`,
`routing_method` and `translation_method` reach the compiler. IBM's program took them and
passed them to the execution, which ignored them; only what stood in
`transpiler_options` had an effect there.
"""

from __future__ import annotations

import base64
import io
import time
import uuid
import zlib
from datetime import datetime, timezone
from typing import Any, Protocol

from qiskit import QuantumCircuit, qpy, transpile
from qiskit.providers import BackendV1
from qiskit.result import Counts

from qexp.circuits.ideal import final_measurements
from qexp.errors import PointFailed
from qexp.options import DEFAULT_SHOTS
from qexp.seeds import derive

PROGRAM = "1"
"""Version of what the embedded program computes; a part of a point's identity."""

COMPILE_OPTIONS = (
    "initial_layout",
    "layout_method",
    "routing_method",
    "translation_method",
    "seed_transpiler",
    "optimization_level",
)
"""Inputs that are arguments of `qiskit.transpile`."""

_NOT_FOR_THE_MACHINE = ("init_qubits", "rep_delay", "use_measure_esp")

Json = dict[str, Any]


class Machine(Protocol):
    """What the program runs circuits on."""

    backend: BackendV1

    def sample(
        self, circuit: QuantumCircuit, *, shots: int, seed: int, **options: Any
    ) -> Json:
        """One experiment of a terra `Result`, as a dictionary."""

    def calibrate(self, qubits: list[int], seed: int) -> Any:
        """M3's readout calibration of some physical qubits."""


def run(machine: Machine, circuits: list[QuantumCircuit], inputs: Json) -> Json:
    """Compile and run circuits as circuit-runner does.

    Args:
        machine: Where they run.
        circuits: Circuits with distinct names; a circuit's sampling seed is derived
            from `seed_simulator` and its name.
        inputs: Options of circuit-runner that are set, by name.

    Returns:
        Terra's `Result` as a dictionary. An experiment that failed has `success` False
        and the reason as `status`; the others are not affected. The header of each
        holds `compiled` (QPY, compressed, base64), `transpile_seconds` and
        `seed_simulator`; where mitigated also `final_measurement_mapping` (physical
        qubit to clbit) and `measurement_mitigation_time` (seconds).
    """
    results = [_experiment(machine, circuit, dict(inputs)) for circuit in circuits]
    failed = sum(not result["success"] for result in results)
    return {
        "backend_name": machine.backend.name(),
        "backend_version": machine.backend.configuration().backend_version,
        "qobj_id": str(uuid.uuid4()),
        "job_id": str(uuid.uuid4()),
        "date": datetime.now(timezone.utc).isoformat(),
        "success": not failed,
        "status": f"{failed} of {len(results)} failed" if failed else "COMPLETED",
        "header": inputs.get("header", {}),
        "results": results,
    }


def _experiment(machine: Machine, circuit: QuantumCircuit, inputs: Json) -> Json:
    try:
        return _measured(machine, circuit, inputs)
    except Exception as error:  # whatever a circuit does, the others go on
        return {
            "success": False,
            "status": f"ERROR: {_reason(error)}",
            "shots": inputs.get("shots", DEFAULT_SHOTS),
            "data": {},
            "header": {"name": circuit.name},
        }


def _reason(error: Exception) -> str:
    if isinstance(error, PointFailed):
        return str(error)
    # terra's exceptions quote their message when printed
    message = getattr(error, "message", None) or str(error)
    return f"{type(error).__name__}: {message}"


def _measured(machine: Machine, circuit: QuantumCircuit, inputs: Json) -> Json:
    mitigate = inputs.pop("measurement_error_mitigation", False)
    shots = inputs.pop("shots", DEFAULT_SHOTS)
    seed = derive(inputs.pop("seed_simulator", 0), circuit.name)
    compiled, seconds = _compiled(machine.backend, circuit, inputs)
    options = {k: v for k, v in inputs.items() if k not in _NOT_FOR_THE_MACHINE}
    experiment = machine.sample(compiled, shots=shots, seed=seed, **options)
    experiment["header"].update(
        name=circuit.name,
        compiled=_encoded(compiled),
        transpile_seconds=seconds,
        seed_simulator=seed,
    )
    if mitigate:
        _mitigate(machine, compiled, experiment, derive(seed, "calibration"))
    return experiment


def _compiled(
    backend: BackendV1, circuit: QuantumCircuit, inputs: Json
) -> tuple[QuantumCircuit, float]:
    arguments = {key: inputs.pop(key, None) for key in COMPILE_OPTIONS}
    arguments |= inputs.pop("transpiler_options", {})
    if inputs.pop("skip_transpilation", False):
        return circuit, 0.0
    if arguments.get("initial_layout") is not None:
        arguments["initial_layout"] = _layout(arguments["initial_layout"])
    start = time.perf_counter()
    compiled = transpile(circuit, backend, **arguments)
    return compiled, time.perf_counter() - start


def _layout(asked: list[int] | Json) -> list[int]:
    """A layout as a list in circuit order; JSON turns a mapping's keys into text."""
    if isinstance(asked, list):
        return asked
    return [physical for _, physical in sorted((int(q), p) for q, p in asked.items())]


def _encoded(circuit: QuantumCircuit) -> str:
    stream = io.BytesIO()
    qpy.dump(circuit, stream)
    return base64.b64encode(zlib.compress(stream.getvalue())).decode()


def decoded(text: str) -> QuantumCircuit:
    """The circuit of a header's `compiled`; only for answers of this very program."""
    stream = io.BytesIO(zlib.decompress(base64.b64decode(text)))
    return qpy.load(stream)[0]


def _mitigate(
    machine: Machine, compiled: QuantumCircuit, experiment: Json, seed: int
) -> None:
    """Add M3's quasi-probabilities and the mapping to an experiment."""
    mapping = final_measurements(compiled)
    if not mapping:
        raise PointFailed("Measurement not found: there is nothing to mitigate")
    mitigation = machine.calibrate(list(mapping), seed)
    counts = _marginal(experiment, list(mapping.values()), compiled.num_clbits)
    start = time.perf_counter()
    quasi = mitigation.apply_correction(counts, list(mapping))
    experiment["header"]["measurement_mitigation_time"] = time.perf_counter() - start
    experiment["header"]["final_measurement_mapping"] = mapping
    experiment["data"]["quasiprobabilities"] = {
        hex(int(bits, 2)): float(value) for bits, value in quasi.items()
    }


def _marginal(experiment: Json, clbits: list[int], width: int) -> Counts:
    """Counts of the mapped clbits by bit string, the first of them rightmost."""
    marginal: dict[str, int] = {}
    for outcome, count in experiment["data"]["counts"].items():
        bits = f"{int(outcome, 16):0{width}b}"[::-1]
        kept = "".join(bits[clbit] for clbit in reversed(clbits))
        marginal[kept] = marginal.get(kept, 0) + count
    return Counts(marginal, memory_slots=len(clbits))
