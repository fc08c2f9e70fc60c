"""The circuit-runner program: compile, run, mitigate, answer in terra's result form.

It follows the program that ran on IBM's service, with one difference: `layout_method`,
`routing_method` and `translation_method` reach the compiler. IBM's program took them and
passed them to the execution, which ignored them; only what stood in
`transpiler_options` had an effect there.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any, Protocol

from qiskit import QuantumCircuit
from qiskit.result import Counts

from qexp.circuits.content import digest_of_gates
from qexp.circuits.ideal import final_measurements
from qexp.declare.options import DEFAULT_SHOTS
from qexp.devices.device import Device
from qexp.errors import PointFailed, QexpError
from qexp.planning.seeds import derive
from qexp.services.compiling import Compile, compile_by, compiled
from qexp.services.machine import Json, Machine, Recall, Recalling, made_now

PROBLEM = "compiled_problem"
"""The key of a header that says why `compiled` is missing, where another has run it."""

_NOT_FOR_THE_MACHINE = ("init_qubits", "rep_delay", "use_measure_esp")


class Mitigation(Protocol):
    """M3, calibrated for some physical qubits."""

    def apply_correction(self, counts: Counts, qubits: list[int]) -> Any:
        """Quasi-probabilities by bit string."""


def run(
    machine: Machine,
    circuits: list[QuantumCircuit],
    inputs: Json,
    compile: Compile = compiled,
    recall: Recall = made_now,
) -> Json:
    """Compile and run circuits as circuit-runner does.

    Args:
        machine: Where they run.
        circuits: Circuits with distinct names; a circuit's sampling seed is derived
            from `seed_simulator` and its name.
        inputs: Options of circuit-runner that are set, by name. With `share_identical`
            the seed is derived from what the circuit was compiled to, and from
            `repeat`, in the place of its name: equal circuits are one sample.
        compile: The compiler, where one remembers what it compiled.
        recall: Used with `share_identical`, where a process remembers what the machine
            answered.

    Returns:
        Terra's `Result` as a dictionary. An experiment that failed has `success` False
        and the reason as `status`; the others are not affected. The header of each
        holds `compiled` (QPY, compressed, base64), `transpile_seconds` and
        `seed_simulator`; where shared also `shared` (twelve digits of the compiled
        circuit's digest); where mitigated also `final_measurement_mapping` (physical
        qubit to clbit) and `measurement_mitigation_time` (seconds).
    """
    tools = compile, recall
    results = [
        _experiment(machine, circuit, dict(inputs), *tools) for circuit in circuits
    ]
    backend = machine.backend
    version = backend.configuration().backend_version
    return _answer(backend.name(), version, results, inputs.get("header", {}))


def failed(names: Iterable[str], reason: str, inputs: Json, device: Device) -> Json:
    """The answer where nothing came of some circuits.

    Args:
        names: The circuits' names.
        reason: Why.
        inputs: Options of circuit-runner that are set, by name.
        device: The device that they were for.
    """
    results = [failure(name, reason, inputs) for name in names]
    version = str(device.configuration.get("backend_version"))
    return _answer(device.name, version, results, inputs.get("header", {}))


def _answer(name: str, version: str, results: list[Json], header: Json) -> Json:
    failed = sum(not result["success"] for result in results)
    return {
        "backend_name": name,
        "backend_version": version,
        "qobj_id": str(uuid.uuid4()),
        "job_id": str(uuid.uuid4()),
        "date": datetime.now(timezone.utc).isoformat(),
        "success": not failed,
        "status": f"{failed} of {len(results)} failed" if failed else "COMPLETED",
        "header": header,
        "results": results,
    }


def failure(name: str, reason: str, inputs: Json) -> Json:
    """The experiment of a circuit that nothing came of."""
    return {
        "success": False,
        "status": f"ERROR: {reason}",
        "shots": inputs.get("shots", DEFAULT_SHOTS),
        "data": {},
        "header": {"name": name},
    }


def _experiment(
    machine: Machine,
    circuit: QuantumCircuit,
    inputs: Json,
    compile: Compile,
    recall: Recall,
) -> Json:
    try:
        return _measured(machine, circuit, dict(inputs), compile, recall)
    except Exception as error:  # whatever a circuit does, the others go on
        return failure(circuit.name, reason(error), inputs)


def reason(error: Exception) -> str:
    """What an exception says, to stand in a `status`."""
    if isinstance(error, QexpError):
        return str(error)
    if isinstance(error, MemoryError):
        return "it takes more memory than there is for it"
    # terra's exceptions quote their message when printed
    message = getattr(error, "message", None) or str(error)
    return f"{type(error).__name__}: {message}"


def _measured(
    machine: Machine,
    circuit: QuantumCircuit,
    inputs: Json,
    compile: Compile,
    recall: Recall,
) -> Json:
    mitigate = inputs.pop("measurement_error_mitigation", False)
    shots = inputs.pop("shots", DEFAULT_SHOTS)
    root = inputs.pop("seed_simulator", 0)
    share, repeat = inputs.pop("share_identical", False), inputs.pop("repeat", 0)
    made, seconds, text = compile_by(inputs, machine.backend, circuit, compile)
    digest = digest_of_gates([made]) if share else ""
    seed = derive(root, f"{digest}-{repeat}" if share else circuit.name)
    ignored = set(_NOT_FOR_THE_MACHINE) - machine.models
    options = {k: v for k, v in inputs.items() if k not in ignored}
    if share:
        machine = Recalling(machine, digest, recall)
    experiment = machine.sample(made, shots=shots, seed=seed, **options)
    experiment["header"].update(
        name=circuit.name,
        compiled=text,
        transpile_seconds=seconds,
        seed_simulator=seed,
        **({"shared": digest[:12], "metadata": circuit.metadata} if share else {}),
    )
    if mitigate:
        _mitigate(machine, made, experiment, derive(seed, "calibration"), options)
    return experiment


def _mitigate(
    machine: Machine,
    compiled: QuantumCircuit,
    experiment: Json,
    seed: int,
    options: Json,
) -> None:
    """Add M3's quasi-probabilities and the mapping to an experiment."""
    mapping = final_measurements(compiled)
    if not mapping:
        raise PointFailed("Measurement not found: there is nothing to mitigate")
    mitigation = machine.calibrate(list(mapping), seed, **options)
    correct(experiment, mitigation, mapping, compiled.num_clbits)


def correct(
    experiment: Json, mitigation: Mitigation, mapping: dict[int, int], width: int
) -> None:
    """Add M3's quasi-probabilities and the mapping to an experiment.

    Args:
        experiment: One of terra's `Result`, with counts.
        mitigation: M3, calibrated for the measured qubits.
        mapping: Physical qubit to clbit of the final measurements.
        width: Number of the circuit's clbits.
    """
    counts = _marginal(experiment, list(mapping.values()), width)
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
