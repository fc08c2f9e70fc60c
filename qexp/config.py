"""What can be declared: one schema class for each choice of each config group.

The YAML files in ``conf/`` fill these classes. Nothing is free-form but the arguments
of a Python circuit, ``options.run_config`` and ``options.transpiler_options``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from qexp.model import OUTSIDE, Model
from qexp.options import Options, Seed

MetricName = Literal[
    "hellinger_fidelity",
    "normalised_hellinger_fidelity",
    "success_probability",
    "total_variation_distance",
]
METRICS: tuple[MetricName, ...] = (
    "hellinger_fidelity",
    "normalised_hellinger_fidelity",
    "success_probability",
    "total_variation_distance",
)


class GhzCircuit(Model):
    """A GHZ state (|0…0⟩ + |1…1⟩)/√2, measured in the computational basis."""

    kind: Literal["ghz"] = "ghz"

    num_qubits: Annotated[int, Field(ge=1, le=1000)] = 5
    """Qubits of the state."""

    variant: Literal["linear", "log_depth", "star"] = "linear"
    """How the entanglement spreads: a chain (depth n), a tree that doubles each layer
    (depth log2 n), or all from the first qubit (depth n, no routing-free layout)."""


class QasmCircuit(Model):
    """Circuits from OpenQASM 2 or 3 files."""

    kind: Literal["qasm"] = "qasm"

    files: str | list[str] = Field(json_schema_extra=OUTSIDE)
    """A file, a list of files, or a pattern such as `circuits/*.qasm`; relative to the
    folder in which qexp runs. Several files are several circuits of one point."""

    @field_validator("files", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        listed = value if isinstance(value, list) else [value]
        if listed and all(isinstance(item, str) and item for item in listed):
            return value
        raise ValueError("must be a file name, a pattern, or a list of them")


class PythonCircuit(Model):
    """Circuits that a Python function returns."""

    kind: Literal["python"] = "python"

    function: str = Field(json_schema_extra=OUTSIDE)
    """Dotted path, `package.module.function`; the current folder is importable. It
    returns one `QuantumCircuit` or a list of them."""

    arguments: dict[str, Any] = Field(default={}, json_schema_extra=OUTSIDE)
    """Keyword arguments of the function."""


Circuit = Annotated[
    GhzCircuit | QasmCircuit | PythonCircuit, Field(discriminator="kind")
]


class Declared(Model):
    """Fields of the device's configuration that are declared over its snapshot."""

    measure_esp_enabled: bool | None = None
    """Whether excited-state-promoted readout is available."""

    dynamic_reprate_enabled: bool | None = None
    """Whether `rep_delay` can be chosen."""

    rep_delay_range: list[float] | None = None
    """Lowest and highest `rep_delay`, in seconds."""

    default_rep_delay: float | None = None
    """`rep_delay` where none is asked for, in seconds."""

    max_shots: int | None = None
    """Most shots of one circuit."""


class Backend(Model):
    """The device: by name, by a snapshot that terra ships, or from JSON files."""

    name: str | None = None
    """The device's own name."""

    snapshot: str | None = None
    """Folder of the snapshot in terra's `fake_provider`."""

    configuration: str | None = None
    """JSON file with the device's configuration, as the service serves it."""

    properties: str | None = None
    """JSON file with the device's properties (its calibration)."""

    declared: Declared = Declared()

    @model_validator(mode="after")
    def _one_source(self) -> Backend:
        if self.snapshot and (self.configuration or self.properties):
            raise ValueError(
                "takes either a snapshot or configuration and properties files, not "
                "both; choose backend=from_files for files"
            )
        if self.properties and not self.configuration:
            raise ValueError("has properties but no configuration file; give both")
        return self


class LocalService(Model):
    """circuit-runner in this process."""

    kind: Literal["local"] = "local"

    noise: Literal["aer", "ideal"] = "aer"
    """`aer`: the snapshot's noise on Qiskit Aer, one call per circuit. `ideal`: none."""


Service = LocalService


class Tracking(Model):
    """Where results go: an MLflow tracking server or database."""

    kind: Literal["mlflow"] = "mlflow"

    uri: str | None = None
    """MLflow tracking URI. Unset: `MLFLOW_TRACKING_URI`, else `sqlite:///mlflow.db` in
    the current folder."""

    pictures: Literal["all", "summary", "none"] = "all"
    """Which pictures are drawn: `all`; `summary`, without those of single circuits;
    `none`."""


class Experiment(Model):
    """Everything that one run is declared by."""

    name: str
    """Name of the experiment, and of the MLflow experiment; at most 500 characters."""

    seed: Seed | None = None
    """Fixes every seed that is not set itself. Unset: drawn, and logged."""

    metrics: list[MetricName] = list(METRICS)
    """Scores to log, of those that the circuits allow."""

    circuit: Circuit
    backend: Backend
    options: Options = Options()
    service: Service = LocalService()
    tracking: Tracking = Tracking()

    @field_validator("name")
    @classmethod
    def _usable_in_mlflow(cls, name: str) -> str:
        if not name.strip() or len(name) > 500 or not name.isprintable():
            raise ValueError("must be 1 to 500 printable characters, not all blank")
        return name
