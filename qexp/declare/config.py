"""What can be declared: one schema class for each choice of each config group.

The YAML files in ``conf/`` fill these classes. Nothing is free-form but the arguments
of a Python circuit, ``options.run_config`` and ``options.transpiler_options``.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from qexp.declare.device import Declared
from qexp.declare.family import FamilyCircuit
from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.declare.metric import METRICS, Metric, Optimized
from qexp.declare.model import OUTSIDE, Model
from qexp.declare.options import Options, Seed
from qexp.declare.running import Budget, Resume, Seconds, Tracking, Watch
from qexp.declare.twin import VERSION, Twin


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
    GhzCircuit | QasmCircuit | PythonCircuit | FamilyCircuit,
    Field(discriminator="kind"),
]


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

    noise: Literal["device", "aer", "ideal"] = "device"
    """`device`: the device twin, which models `rep_delay`, `init_qubits` and ESP readout.
    `aer`: the snapshot's noise on Qiskit Aer, one call per circuit. `ideal`: none."""

    workers: Annotated[int, Field(ge=1)] | None = Field(
        default=None, json_schema_extra=OUTSIDE
    )
    """Processes that a sweep is run by. Unset: one for each core."""

    executor: Literal["processes", "dask"] = Field(
        default="processes", json_schema_extra=OUTSIDE
    )
    """Who works: `processes` of this machine, or a `dask` cluster (with the extra
    `qexp[dask]`). Counts do not depend on it."""

    scheduler: str | None = Field(default=None, json_schema_extra=OUTSIDE)
    """Address of the Dask cluster's scheduler, `tcp://HOST:PORT` or `tls://HOST:PORT`.
    Unset: one is started on this machine, with `workers`."""

    twin: Twin = Twin()

    @field_validator("scheduler")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"(tcp|tls)://[^/\s]+:\d+", value):
            raise ValueError(
                "must be tcp://HOST:PORT or tls://HOST:PORT, as `dask scheduler` prints it"
            )
        return value

    @model_validator(mode="after")
    def _of_the_cluster(self) -> LocalService:
        if self.scheduler is None:
            return self
        if self.executor != "dask":
            raise ValueError(
                "has a scheduler, which only executor=dask works for; add "
                "service.executor=dask, or leave scheduler out"
            )
        if self.workers is not None:
            raise ValueError(
                "has workers and a scheduler; a cluster has the workers that it has, so "
                "leave workers out"
            )
        return self

    def identity(self) -> dict[str, Any]:
        """The noise mode, and the twin's parameters and version where it simulates."""
        values = super().identity()
        twin = values.pop("twin")
        if self.noise != "device":
            return values
        return {**values, "twin": {"version": VERSION, **twin.identity()}}


class CircuitRunnerService(Model):
    """circuit-runner of a service that speaks IBM's runtime protocol of 2021 to 2024."""

    kind: Literal["circuit_runner"] = "circuit_runner"

    url: str = Field(json_schema_extra=OUTSIDE)
    """Where one logs in: `https://…/api`. The token comes from `QEXP_TOKEN` or from
    `token_file`, and is never in a configuration."""

    hub: str | None = None
    """Hub, group and project of the account that pays. Unset: the account's first."""

    group: str | None = None
    """See `hub`."""

    project: str | None = None
    """See `hub`."""

    compile: Literal["server", "client"] = Field(
        default="server", json_schema_extra=OUTSIDE
    )
    """Who compiles. `server`: compile options hold for a whole job, so points that differ
    in them are jobs of their own. `client`: qexp compiles, and points share jobs."""

    token_file: str | None = Field(default=None, json_schema_extra=OUTSIDE)
    """File with the token that only its owner may read (mode 600)."""

    settle_seconds: Seconds = Field(default=10.0, json_schema_extra=OUTSIDE)
    """How long the service may take to list a job whose receipt was lost. Only then is
    the job sent again."""

    timeout: Seconds = Field(default=60.0, json_schema_extra=OUTSIDE)
    """Seconds that the service may take to answer one request."""

    poll_seconds: Seconds = Field(default=1.0, json_schema_extra=OUTSIDE)
    """First pause between two looks at the jobs. It grows by half while nothing changes."""

    poll_longest: Seconds = Field(default=30.0, json_schema_extra=OUTSIDE)
    """Longest such pause."""

    patience: Seconds = Field(default=21600.0, json_schema_extra=OUTSIDE)
    """Seconds for which a service that is away is waited for: where nothing comes but no
    answer, 429 or 5xx. Six hours where not set."""

    @field_validator("url")
    @classmethod
    def _login(cls, url: str) -> str:
        parts = urlsplit(url)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("must not hold credentials; put the token into QEXP_TOKEN")
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
        if not known or not parts.path.rstrip("/").endswith("/api"):
            raise ValueError("must be a http(s):// address that ends in /api")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _whole_instance(self) -> CircuitRunnerService:
        if (self.project and not self.group) or (self.group and not self.hub):
            raise ValueError("takes a project in a group, and a group in a hub")
        return self


Service = Annotated[
    LocalService | CircuitRunnerService | IbmQuantumService, Field(discriminator="kind")
]


Grid = dict[str, Any] | list[dict[str, Any]]


class Experiment(Model):
    """Everything that one run or one sweep is declared by."""

    name: str
    """Name of the experiment, and of the MLflow experiment; at most 500 characters."""

    seed: Seed | None = None
    """Fixes every seed that is not set itself. Unset: drawn, and logged."""

    metrics: list[Metric] | None = None
    """Scores to log, the one that counts first. Unset: those of the circuit's family,
    else `hellinger_fidelity`, `normalised_hellinger_fidelity`, `success_probability` and
    `total_variation_distance`, as far as the circuits allow."""

    grid: Grid | None = None
    """What is swept: a mapping from a key (`options.shots`) or a group (`backend`) to a
    list of values; all combinations are run. A list of such mappings is run one after
    another. Sweeps of `-m` multiply with it."""

    exclude: list[Annotated[dict[str, Any], Field(min_length=1)]] = []
    """Cells of the grid to leave out: each item gives values for some keys, and a cell
    that has them all is left out."""

    repeats: Annotated[int, Field(ge=1, le=10_000)] = 1
    """How often every cell is run. Each repeat is a block: all cells once, in an order of
    its own."""

    confirm: Annotated[int, Field(ge=0, le=10_000)] = 0
    """How many fresh repeats the best setting gets after all others are over. They tell
    how good it is without the luck for which it was chosen."""

    sentinel: Watch = "none"
    """A known circuit that opens and closes each job, so that drift is seen: `ghz-3` (or
    another number of qubits, 2 to 12), `readout` (all 0 and all 1 on up to 5 qubits), or
    `none`."""

    on_invalid: Literal["fail_cell", "stop", "drop"] | None = None
    """What to do with a cell that the device cannot run: `fail_cell` records it as FAILED
    and runs the others, `stop` runs nothing, `drop` leaves it out with a note. Unset:
    `fail_cell` on the embedded service, `stop` where shots are paid for."""

    share_identical: bool = False
    """Whether circuits that compile to the same thing are executed once in each block and
    job setting, and their counts shared. Off, because independent shots are what error
    bars are made of."""

    optimize: Optimized | None = None
    """The metric that a sweeper such as Optuna's is told, a mean over repeats."""

    optimize_failed: Literal["error", "nan"] = "error"
    """What such a sweeper is told of a point that failed."""

    max_points: Annotated[int, Field(ge=1)] = 20_000
    """Most points of a sweep, repeats included; more are refused before they are built."""

    circuit: Circuit
    backend: Backend
    options: Options = Options()
    service: Service = LocalService()
    tracking: Tracking = Tracking()
    resume: Resume = Resume()
    budget: Budget = Budget()

    wait: bool = True
    """Whether to wait for results. If not, the jobs are sent, and `python -m qexp resume`
    fetches what they gave."""

    on_unsure: Literal["stop", "resubmit"] = "stop"
    """What to do with a job of which nobody can tell whether the service has it: `stop`
    says so and sends nothing, `resubmit` sends it, perhaps a second time."""

    @property
    def scored_by(self) -> tuple[str, ...]:
        """The scores to log; those of a family stand here once its class is known."""
        return METRICS if self.metrics is None else tuple(self.metrics)

    @field_validator("grid", mode="before")
    @classmethod
    def _nothing_swept(cls, grid: Any) -> Any:
        return {} if grid is None else grid

    @field_validator("optimize_failed", mode="before")
    @classmethod
    def _not_a_number(cls, value: Any) -> Any:
        # what Hydra reads `optimize_failed=nan` as
        return "nan" if isinstance(value, float) and math.isnan(value) else value

    @field_validator("name")
    @classmethod
    def _usable_in_mlflow(cls, name: str) -> str:
        if not name.strip() or len(name) > 500 or not name.isprintable():
            raise ValueError("must be 1 to 500 printable characters, not all blank")
        return name
