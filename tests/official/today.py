"""What people do with today's qiskit-ibm-runtime, done against an emulator.

    python today.py URL KEY

It runs in the official client's environment, not in qexp's; `tests/official/run` makes it,
and the emulator uses the same one as its helper for newer QPY.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable
from datetime import datetime, timezone

import numpy as np
from qiskit import QuantumCircuit, generate_preset_pass_manager, qasm3
from qiskit.circuit import ClassicalRegister, Parameter
from qiskit_ibm_runtime import (
    Batch,
    QiskitRuntimeService,
    RuntimeJobFailureError,
    SamplerV2,
    Session,
)
from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.options import SamplerOptions

DEVICE = "ibm_sherbrooke"
OTHER = "ibmq_montreal"
SHOTS = 1000
PATIENCE = 120

Service = QiskitRuntimeService


def ghz() -> QuantumCircuit:
    """Three qubits that are all 0 or all 1."""
    circuit = QuantumCircuit(3, name="ghz-0")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure_all()
    return circuit


def compiled(service: Service, circuit: QuantumCircuit, device: str = DEVICE):
    """A circuit of the device's own gates."""
    backend = service.backend(device)
    manager = generate_preset_pass_manager(1, backend=backend, seed_transpiler=1)
    return manager.run(circuit)


def sampler(service: Service, mode=None, device: str = DEVICE) -> SamplerV2:
    """The primitive, with options that a program of qexp's would set."""
    made = SamplerV2(mode=mode or service.backend(device))
    made.options.default_shots = SHOTS
    return made


def require_ghz(counts: dict[str, int], shots: int = SHOTS) -> None:
    """Refuse counts that are not those of a GHZ state on a device."""
    assert sum(counts.values()) == shots, counts
    assert min(counts["000"], counts["111"]) > 0.35 * shots, counts


def request(service: Service, pubs: list, device: str = DEVICE, **params):
    """A job through the client's own request path, which takes what is encoded."""
    inputs = {"pubs": pubs, "version": 2, **params}
    return service._run(
        program_id="sampler",
        inputs=inputs,
        options={"backend": service.backend(device)},
    )


def instances(service: Service) -> None:
    """The one instance is found, with its plan."""
    (found,) = service.instances()
    assert found["crn"].startswith("crn:v1:"), found
    assert service.active_instance() == found["crn"]


def devices(service: Service) -> None:
    """Devices are listed, and found by name."""
    names = {one.name for one in service.backends()}
    assert {DEVICE, OTHER} <= names, names
    assert service.least_busy(min_num_qubits=100).num_qubits >= 100


def configuration(service: Service) -> None:
    """A device says what it is."""
    found = service.backend(OTHER).configuration()
    assert (found.backend_name, found.n_qubits) == (OTHER, 27)
    assert {"cx", "rz", "sx", "x"} <= set(found.basis_gates)
    low, high = found.rep_delay_range
    assert low <= 1e-4 <= high, found.rep_delay_range


def properties(service: Service) -> None:
    """A device says how good it is, now and then."""
    backend = service.backend(OTHER)
    found = backend.properties()
    assert len(found.qubits) == 27
    assert 0 < found.t1(0) < 1
    assert 0 < found.readout_error(0) < 0.5
    assert 0 < found.gate_error("cx", [0, 1]) < 1
    old = datetime(2001, 1, 1, tzinfo=timezone.utc)
    assert backend.properties(datetime=old) is None


def target(service: Service) -> None:
    """A device can be compiled for."""
    for device, gate in ((DEVICE, "ecr"), (OTHER, "cx")):
        found = service.backend(device).target
        assert gate in found.operation_names, found.operation_names
        assert {"measure", "rz", "sx"} <= set(found.operation_names)
        (pair,) = [*found[gate]][:1]
        assert 0 < found[gate][pair].error <= 1, found[gate][pair]


def status(service: Service) -> None:
    """A device is in operation."""
    found = service.backend(DEVICE).status()
    assert (found.operational, found.status_msg) == (True, "active"), found
    assert found.pending_jobs == 0, found


def programs(service: Service) -> None:
    """OpenQASM 3 pubs run: counts, and samples of each register."""
    for device in (DEVICE, OTHER):
        program = qasm3.dumps(compiled(service, ghz(), device))
        job = request(service, [[program, None, SHOTS]], device, support_qiskit=True)
        result = job.result(timeout=PATIENCE)
        require_ghz(result[0].data.meas.get_counts())
        job = request(service, [[program, None, SHOTS]], device)
        samples = job.result(timeout=PATIENCE)["results"][0]["data"]["meas"]
        assert (samples["num_bits"], len(samples["samples"])) == (3, SHOTS)
        counts: dict[str, int] = {}
        for one in samples["samples"]:
            bits = f"{int(one, 16):03b}"
            counts[bits] = counts.get(bits, 0) + 1
        require_ghz(counts)


def primitive(service: Service) -> None:
    """SamplerV2 itself runs circuits, with every option that it has."""
    made = sampler(service)
    made.options.execution.init_qubits = True
    made.options.execution.rep_delay = 1e-4
    made.options.dynamical_decoupling.enable = True
    made.options.twirling.enable_gates = True
    made.options.environment.job_tags = ["primitive"]
    assert isinstance(made.options, SamplerOptions)
    job = made.run([(compiled(service, ghz()), None, 500), compiled(service, ghz())])
    result = job.result(timeout=PATIENCE)
    require_ghz(result[0].data.meas.get_counts(), 500)
    require_ghz(result[1].data.meas.get_counts())
    assert result.metadata["version"] == 2
    spans = result.metadata["execution"]["execution_spans"]
    assert spans.start <= spans.stop
    assert "dynamical_decoupling has no effect" in job.logs(), job.logs()


def several_registers(service: Service) -> None:
    """Registers and parameters keep their order and shape."""
    angle = Parameter("angle")
    circuit = QuantumCircuit(3, name="registers-0")
    circuit.x(0)
    circuit.rx(angle, 2)
    one, two = ClassicalRegister(2, "one"), ClassicalRegister(1, "two")
    circuit.add_register(one, two)
    circuit.measure([0, 1, 2], [*one, *two])
    values = np.array([[0.0], [np.pi]])
    job = sampler(service).run([(compiled(service, circuit), values)])
    data = job.result(timeout=PATIENCE)[0].data
    assert data.shape == (2,), data
    assert data.one.get_counts(0)["01"] > 0.8 * SHOTS, data.one.get_counts(0)
    assert data.two.get_counts(0)["0"] > 0.8 * SHOTS, data.two.get_counts(0)
    assert data.two.get_counts(1)["1"] > 0.8 * SHOTS, data.two.get_counts(1)


def known(service: Service) -> None:
    """A job says how it went, what it used, and what it was asked."""
    job = sampler(service).run([compiled(service, ghz())])
    job.wait_for_final_state(timeout=PATIENCE)
    assert job.status() == "DONE", job.status()
    metrics = job.metrics()
    stamps = metrics["timestamps"]
    assert stamps["created"] <= stamps["running"] <= stamps["finished"], stamps
    assert job.usage() > 2, metrics
    assert job.usage() == metrics["usage"]["qpu_charge_time_seconds"]
    assert "seed_simulator is" in job.logs(), job.logs()
    assert job.inputs["version"] == 2
    assert job.creation_date is not None
    job.update_tags(["one", "two"])
    tags = service.job(job.job_id()).tags  # the client sends a set
    assert sorted(tags) == ["one", "two"], tags
    found = service.jobs(job_tags=["one"], limit=5)
    assert [one.job_id() for one in found] == [job.job_id()], found
    assert service.usage()["usage_consumed_seconds"] >= job.usage()
    service.delete_job(job.job_id())
    assert service.jobs(job_tags=["one"]) == []


def failed(service: Service) -> None:
    """A job that the device cannot run says why, with its code."""
    program = 'OPENQASM 3.0; include "stdgates.inc"; bit[1] c; h $0; c[0] = measure $0;'
    job = request(service, [[program]])
    try:
        job.result(timeout=PATIENCE)
    except RuntimeJobFailureError as failure:
        message = str(failure)
    else:
        raise AssertionError("it did not fail")
    assert job.status() == "ERROR", job.status()
    assert "1517" in message, message
    assert "The instruction h on qubits (0,)" in message, message


def refused(service: Service) -> None:
    """What is no job is refused with the service's own words."""
    try:
        request(service, [], support_qiskit=True)
    except IBMRuntimeError as refusal:
        message = str(refusal)
    else:
        raise AssertionError("it was not refused")
    assert "params.pubs" in message, message


def cancelled(service: Service) -> None:
    """A job that runs is cancelled."""
    circuit = QuantumCircuit(20, name="slow-0")
    for _ in range(20):
        circuit.ry(0.3, range(20))
        for qubit in range(19):
            circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    job = sampler(service, device=OTHER).run([compiled(service, circuit, OTHER)])
    job.cancel()
    assert job.status() == "CANCELLED", job.status()


def batch(service: Service) -> None:
    """A batch is opened, has its jobs, and is closed."""
    circuit = compiled(service, ghz())
    with Batch(backend=service.backend(DEVICE)) as opened:
        jobs = [sampler(service, opened).run([circuit]) for _ in range(2)]
        for job in jobs:
            require_ghz(job.result(timeout=PATIENCE)[0].data.meas.get_counts())
            assert job.session_id == opened.session_id
        assert "not accepting" not in opened.status(), opened.status()
    assert opened.status() == "Closed", opened.status()
    assert opened.details()["mode"] == "batch", opened.details()


def session(service: Service) -> None:
    """A dedicated session is opened, has a job, and is closed."""
    circuit = compiled(service, ghz())
    with Session(backend=service.backend(DEVICE), max_time=600) as opened:
        job = sampler(service, opened).run([circuit])
        require_ghz(job.result(timeout=PATIENCE)[0].data.meas.get_counts())
    details = opened.details()
    assert (details["state"], details["mode"]) == ("closed", "dedicated"), details
    assert details["max_time"] == 600, details


CHECKS: list[Callable[[Service], None]] = [
    instances,
    devices,
    configuration,
    properties,
    target,
    status,
    programs,
    primitive,
    several_registers,
    known,
    failed,
    refused,
    cancelled,
    batch,
    session,
]


def passes(check: Callable[[Service], None], service: Service) -> bool:
    """Do one check and say how it went."""
    try:
        check(service)
    except Exception:
        print(f"FAILED {check.__name__}", flush=True)
        traceback.print_exc()
        return False
    print(f"ok {check.__name__}: {check.__doc__}", flush=True)
    return True


def main(url: str, key: str) -> int:
    """Do all checks; the exit status is 1 where one of them failed."""
    warnings.simplefilter("ignore")
    base = url.removesuffix("/api")
    # everything that it would ask of hosts of IBM's
    os.environ["IAM_URL"] = os.environ["GLOBAL_SEARCH_URL"] = base
    os.environ["GLOBAL_CATALOG_URL"] = f"{base}/catalog"
    service = QiskitRuntimeService(
        channel="ibm_quantum_platform",
        token=key,
        # a URL with this word is taken as it is
        url=f"{base}/experimental/api/v1",
    )
    service = QiskitRuntimeService(
        channel="ibm_quantum_platform",
        token=key,
        instance=service.instances()[0]["crn"],
        url=f"{base}/experimental/api/v1",
    )
    outcomes = [passes(check, service) for check in CHECKS]
    print(f"{sum(outcomes)} passed, {outcomes.count(False)} failed")
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
