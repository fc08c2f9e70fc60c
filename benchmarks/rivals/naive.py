"""The script that people write today: Hydra sweeps, terra and Aer run, MLflow logs.

It is meant to be a good one: what all points share is made once, parameters and metrics
are logged in one call each, and nothing is drawn. ``cached=true`` makes the simulator
once, too.
"""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path

import hydra
import mlflow
from omegaconf import DictConfig, OmegaConf
from qiskit import QuantumCircuit, transpile
from qiskit.providers.fake_provider import FakeMontreal
from qiskit.quantum_info import hellinger_fidelity
from qiskit_aer import AerSimulator


@cache
def device() -> FakeMontreal:
    """The device's snapshot."""
    return FakeMontreal()


def simulator() -> AerSimulator:
    """A simulator with the device's noise."""
    return AerSimulator.from_backend(device())


cached_simulator = cache(simulator)


def ghz(num_qubits: int) -> QuantumCircuit:
    """A GHZ state, measured."""
    circuit = QuantumCircuit(num_qubits)
    circuit.h(0)
    for qubit in range(num_qubits - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return circuit


@hydra.main(version_base="1.3", config_path=".", config_name="naive")
def point(config: DictConfig) -> None:
    """Compile, run, score and log one point."""
    compiled = transpile(
        ghz(config.num_qubits),
        device(),
        optimization_level=config.optimization_level,
        layout_method=config.layout_method,
        routing_method=config.routing_method,
        seed_transpiler=config.seed_transpiler,
    )
    machine = cached_simulator() if config.cached else simulator()
    counts = machine.run(compiled, shots=config.shots).result().get_counts()
    ideal = {"0" * config.num_qubits: 0.5, "1" * config.num_qubits: 0.5}
    with mlflow.start_run():
        mlflow.log_params(OmegaConf.to_container(config))
        mlflow.log_metrics(
            {
                "hellinger_fidelity": hellinger_fidelity(counts, ideal),
                "success_probability": sum(counts.get(k, 0) for k in ideal)
                / config.shots,
                "depth": compiled.depth(),
                "two_qubit_gates": compiled.num_nonlocal_gates(),
            }
        )
        mlflow.log_dict(counts, "counts.json")
        mlflow.log_text(compiled.qasm(), "transpiled.qasm")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    mlflow.set_tracking_uri(f"sqlite:///{Path('mlflow.db')}")
    mlflow.set_experiment("naive")
    point()
