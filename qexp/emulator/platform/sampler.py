"""A job of the program `sampler` through the embedded circuit-runner."""

from __future__ import annotations

import secrets
from typing import Any

from qiskit import QuantumCircuit

from qexp.circuits import Built
from qexp.declare.config import LocalService
from qexp.declare.options import SEED_LIMIT
from qexp.emulator import pace
from qexp.emulator.execution import Answers, Execution, Json, Tools
from qexp.emulator.inputs import Inputs, require_number, settle_rep_delay
from qexp.emulator.job import Job
from qexp.emulator.platform.answer import Sampled, encoded, plain
from qexp.emulator.platform.asked import Options, Params, taken
from qexp.emulator.platform.codes import NOT_VALID
from qexp.emulator.platform.isa import require_native
from qexp.emulator.platform.outcomes import registers, samples
from qexp.emulator.platform.pubs import Pub, pubs
from qexp.emulator.platform.reading import read
from qexp.emulator.refusal import TOO_MANY_SHOTS, Refusal
from qexp.emulator.run import distinct, require_success
from qexp.emulator.shelf import Offered
from qexp.emulator.store import now
from qexp.planning.submission import Part, Submission

NAME = "sampler"


def execution(job: Job, offered: Offered, tools: Tools) -> Execution:
    """What a job runs and answers.

    Raises:
        Refusal: The program or the device does not take it.
    """
    params = taken(Params, job.params, "params")
    asked = pubs(params)
    require_number(sum(len(pub.values) for pub in asked), offered)
    for pub in asked:
        _require_shots(pub, offered)
    inputs = _inputs(params.options, offered)
    circuits = read(asked, tools)
    require_native(circuits, offered)
    names = distinct(_names(asked, circuits))
    shots = [pub.shots for pub in asked for _ in pub.values]
    submission = Submission(
        job.id,
        LocalService.model_validate({"noise": tools.settings.noise}),
        offered.device,
        tuple(map(_part, circuits, names, shots)),
        inputs.options,
    )
    sorted_ = [registers(circuit) for circuit in circuits]
    start = now()

    def finish(answers: Answers, taken: float) -> tuple[bytes, float | None]:
        results = require_success(answers, names)
        used = pace.run_seconds(results, inputs.options, offered.device)
        if used is not None and used > job.request["cost"]:
            raise TimeoutError(f"Job took more than its {job.request['cost']} seconds")
        sampled = _sampled(asked, results, sorted_)
        if params.support_qiskit:
            return encoded(sampled, start, now()), used
        return plain(sampled), used

    return Execution(submission, finish, inputs.notes)


def _require_shots(pub: Pub, offered: Offered) -> None:
    most = offered.device.max_shots
    if pub.shots > most:
        raise Refusal(
            *TOO_MANY_SHOTS,
            f"{pub.shots} shots are too many: {offered.name} takes {most}",
        )


def _inputs(options: Options, offered: Offered) -> Inputs:
    """Options of the program as circuit-runner's."""
    execution = options.execution
    if execution.meas_type not in (None, "classified"):
        raise Refusal(
            *NOT_VALID,
            f"params.options.execution.meas_type is {execution.meas_type}: only "
            "classified outcomes are here",
        )
    given = {
        "skip_transpilation": True,
        "memory": True,
        "use_measure_esp": False,
        "init_qubits": execution.init_qubits,
        "rep_delay": execution.rep_delay,
        "seed_simulator": options.simulator.seed_simulator,
    }
    inputs = Inputs({key: value for key, value in given.items() if value is not None})
    settle_rep_delay(inputs, offered.device)
    if "seed_simulator" not in inputs.options:
        seed = inputs.options["seed_simulator"] = secrets.randbelow(SEED_LIMIT)
        inputs.notes.append(f"seed_simulator is {seed}, drawn")
    inputs.notes += _without_effect(options)
    return inputs


def _without_effect(options: Options) -> list[str]:
    """Notes about options that are taken and have no effect."""
    twirling, simulator = options.twirling, options.simulator
    asked = {
        "dynamical_decoupling": options.dynamical_decoupling.enable,
        "twirling.enable_gates": twirling.enable_gates,
        "twirling.enable_measure": twirling.enable_measure,
        "simulator.noise_model": simulator.noise_model,
        "simulator.coupling_map": simulator.coupling_map,
        "simulator.basis_gates": simulator.basis_gates,
        "experimental": options.experimental,
    }
    return [f"options.{key} has no effect here" for key, one in asked.items() if one]


def _names(asked: list[Pub], circuits: list[QuantumCircuit]) -> list[str]:
    """What circuits are seeded under: their own names, where they came with one."""
    known = [pub.name for pub in asked for _ in pub.values]
    return [name or circuit.name for name, circuit in zip(known, circuits, strict=True)]


def _part(circuit: QuantumCircuit, name: str, shots: int) -> Part:
    built = Built((circuit,), name, (name,))
    return Part(name, name, built, {"shots": shots}, name, travel=(name,))


def _sampled(
    asked: list[Pub], results: list[Json], sorted_: list[dict[str, list[int]]]
) -> list[Sampled]:
    made, place = [], 0
    for pub in asked:
        mine = slice(place, place + len(pub.values))
        place = mine.stop
        shots = [_shots(result) for result in results[mine]]
        bits = sorted_[mine.start]
        outcomes = {
            name: [samples(one, which) for one in shots] for name, which in bits.items()
        }
        widths = {name: len(which) for name, which in bits.items()}
        made.append(Sampled(pub.shape, pub.shots, widths, outcomes))
    return made


def _shots(result: dict[str, Any]) -> list[int]:
    """Of each shot the outcome of all bits; 0 where nothing is measured."""
    memory = result["data"].get("memory") or ["0x0"] * result["shots"]
    return [int(one, 16) for one in memory]
