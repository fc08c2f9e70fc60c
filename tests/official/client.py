"""What people do with qiskit-ibmq-provider 0.20, done against an emulator.

    python client.py URL TOKEN

It runs in the official client's environment, not in qexp's; `tests/official/run` makes it.
The emulator lets a token have two unfinished jobs on a device (`--job-limit 2`).
"""

from __future__ import annotations

import inspect
import sys
import traceback
import warnings
from collections.abc import Callable

from qiskit import QuantumCircuit
from qiskit.providers import JobStatus
from qiskit.providers.ibmq import IBMQ
from qiskit.providers.ibmq.accountprovider import AccountProvider
from qiskit.providers.ibmq.exceptions import IBMQError
from qiskit.providers.ibmq.runtime import RuntimeJob
from qiskit.providers.ibmq.runtime.exceptions import RuntimeJobFailureError

DEVICE = "ibmq_montreal"
WITHOUT_ESP = "ibmq_manila"
JOB_LIMIT = 2
SHOTS = 2000
PATIENCE = 120

OPTIONS = {
    "shots": SHOTS,
    "initial_layout": [19, 22, 25],
    "layout_method": "sabre",
    "routing_method": "sabre",
    "translation_method": "translator",
    "seed_transpiler": 7,
    "optimization_level": 3,
    "init_qubits": True,
    "rep_delay": 0.0001,
    "transpiler_options": {"approximation_degree": 0.99},
    "measurement_error_mitigation": True,
    "use_measure_esp": True,
}
"""A value for every option of `run_circuits`."""

RUN_CONFIG = {"seed_simulator": 11, "memory": True}


def ghz() -> QuantumCircuit:
    """Three qubits that are all 0 or all 1."""
    circuit = QuantumCircuit(3, name="ghz")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure_all()
    return circuit


def slow() -> QuantumCircuit:
    """A circuit that is still running when the next request comes."""
    circuit = QuantumCircuit(20, name="slow")
    for _ in range(200):
        circuit.ry(0.3, range(20))
        circuit.cx(0, 1)
        circuit.cx(1, 2)
    circuit.measure_all()
    return circuit


def run(provider: AccountProvider, **options) -> RuntimeJob:
    """The GHZ circuit with every option, but for those given."""
    given = {"backend_name": DEVICE, **OPTIONS, **RUN_CONFIG, **options}
    return provider.run_circuits(ghz(), **given)


def account(provider: AccountProvider) -> None:
    """The account is enabled, and its provider is the open one."""
    assert IBMQ.active_account() is not None
    assert provider.credentials.hub == "ibm-q", provider


def backends(provider: AccountProvider) -> None:
    """Devices are listed and found by name."""
    names = {one.name() for one in provider.backends()}
    assert {DEVICE, WITHOUT_ESP} <= names, names
    assert provider.get_backend(DEVICE).name() == DEVICE


def configuration(provider: AccountProvider) -> None:
    """A device says what it is."""
    configuration = provider.get_backend(DEVICE).configuration()
    assert configuration.backend_name == DEVICE
    assert configuration.n_qubits == 27
    assert configuration.measure_esp_enabled
    low, high = configuration.rep_delay_range
    assert low <= OPTIONS["rep_delay"] <= high, configuration.rep_delay_range
    assert provider.get_backend(WITHOUT_ESP).configuration().n_qubits == 5


def properties(provider: AccountProvider) -> None:
    """A device says how good it is."""
    properties = provider.get_backend(DEVICE).properties()
    assert properties.backend_name == DEVICE
    assert len(properties.qubits) == 27
    assert 0 < properties.t1(0) < 1
    assert 0 < properties.readout_error(0) < 0.5
    assert 0 < properties.gate_error("cx", [0, 1]) < 1


def status(provider: AccountProvider) -> None:
    """A device is in operation, and says how many jobs it takes."""
    backend = provider.get_backend(DEVICE)
    assert backend.status().operational
    assert backend.status().pending_jobs == 0, backend.status().to_dict()
    assert backend.job_limit().maximum_jobs == JOB_LIMIT


def every_option(provider: AccountProvider) -> None:
    """Every option of `run_circuits` is given, and the job gives the state's counts."""
    parameters = inspect.signature(provider.run_circuits).parameters
    assert {*parameters} - {*OPTIONS} == {"circuits", "backend_name", "run_config"}
    job = run(provider)
    result = job.result(timeout=PATIENCE, wait=1)
    assert job.status() is JobStatus.DONE
    counts = result.get_counts()
    assert sum(counts.values()) == SHOTS, counts
    assert min(counts["000"], counts["111"]) > 0.35 * SHOTS, counts
    assert len(result.get_memory()) == SHOTS
    quasi = result.get_quasiprobabilities(0)
    assert abs(sum(quasi.values()) - 1) < 1e-6, quasi
    assert min(quasi[0b000], quasi[0b111]) > 0.4, quasi
    assert "layout_method has no effect" in job.logs(), job.logs()


def each_option(provider: AccountProvider) -> None:
    """No option needs another one: each is taken alone."""
    for name, value in {**OPTIONS, **RUN_CONFIG}.items():
        job = provider.run_circuits(ghz(), DEVICE, **{name: value})
        counts = job.result(timeout=PATIENCE, wait=0.2).get_counts()
        assert sum(counts.values()) == (SHOTS if name == "shots" else 4000), name
        assert counts["000"] + counts["111"] > 0.7 * sum(counts.values()), name


def seeded(provider: AccountProvider) -> None:
    """The same seeds give the same counts, another one gives others."""
    first, again, other = (
        run(provider, seed_simulator=seed).result(timeout=PATIENCE, wait=0.2)
        for seed in (11, 11, 12)
    )
    assert first.get_counts() == again.get_counts() != other.get_counts()


def several(provider: AccountProvider) -> None:
    """Circuits come back in their order."""
    one = QuantumCircuit(1, 1, name="one")
    one.x(0)
    one.measure(0, 0)
    job = provider.run_circuits([ghz(), one], DEVICE, shots=SHOTS)
    counts = job.result(timeout=PATIENCE, wait=0.2).get_counts()
    assert len(counts) == 2, counts
    assert max(counts[0], key=counts[0].get) in ("000", "111"), counts
    assert max(counts[1], key=counts[1].get) == "1", counts


def failed(provider: AccountProvider) -> None:
    """A job that asks for ESP readout where there is none says so."""
    job = provider.run_circuits(ghz(), WITHOUT_ESP, use_measure_esp=True)
    try:
        job.result(timeout=PATIENCE, wait=0.2)
    except RuntimeJobFailureError as failure:
        message = str(failure)
    else:
        raise AssertionError("it did not fail")
    assert job.status() is JobStatus.ERROR
    assert "Error code: 8037" in message, message
    assert WITHOUT_ESP in message, message


def limited_and_cancelled(provider: AccountProvider) -> None:
    """A job too many is refused with 3458, and cancelling makes room."""
    jobs = [provider.run_circuits(slow(), DEVICE, shots=8000) for _ in range(JOB_LIMIT)]
    try:
        provider.run_circuits(ghz(), DEVICE)
    except IBMQError as refusal:
        message = str(refusal)
    else:
        raise AssertionError("it was not refused")
    finally:
        for job in jobs:
            job.cancel()
    assert '"code":3458' in message, message
    assert all(job.status() is JobStatus.CANCELLED for job in jobs)
    run(provider).result(timeout=PATIENCE, wait=0.2)


def listed(provider: AccountProvider) -> None:
    """Jobs are listed, found and deleted."""
    job = run(provider)
    job.wait_for_final_state(timeout=PATIENCE, wait=0.2)
    assert job.job_id() in {one.job_id() for one in provider.runtime.jobs(limit=None)}
    assert len(provider.runtime.jobs(limit=2)) == 2
    assert provider.runtime.job(job.job_id()).status() is JobStatus.DONE
    provider.runtime.delete_job(job.job_id())
    left = provider.runtime.jobs(limit=None)
    assert job.job_id() not in {one.job_id() for one in left}


CHECKS: list[Callable[[AccountProvider], None]] = [
    account,
    backends,
    configuration,
    properties,
    status,
    every_option,
    each_option,
    seeded,
    several,
    failed,
    limited_and_cancelled,
    listed,
]


def passes(check: Callable[[AccountProvider], None], provider: AccountProvider) -> bool:
    """Do one check and say how it went."""
    try:
        check(provider)
    except Exception:
        print(f"FAILED {check.__name__}", flush=True)
        traceback.print_exc()
        return False
    print(f"ok {check.__name__}: {check.__doc__}", flush=True)
    return True


def main(url: str, token: str) -> int:
    """Do all checks; the exit status is 1 where one of them failed."""
    warnings.simplefilter("ignore")  # the client is deprecated, and says so at length
    provider = IBMQ.enable_account(token, url=url)
    outcomes = [passes(check, provider) for check in CHECKS]
    print(f"{sum(outcomes)} passed, {outcomes.count(False)} failed")
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
