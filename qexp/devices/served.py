"""What a service says of a device: terra's snapshots, the user's files, the ideal machine.

Everything is JSON as it is served; files are checked before anything is made of them.
"""

from __future__ import annotations

import importlib
import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    model_validator,
)

from qexp.declare.config import Backend
from qexp.declare.messages import nearest
from qexp.devices import current, known
from qexp.errors import ConfigError
from qexp.userconf import choices

IDEAL = "aer_ideal"
IDEAL_QUBITS = 29
"""Width of the ideal machine: a state vector of 8 GiB."""

Json = dict[str, Any]


def served(backend: Backend) -> tuple[Json, Json | None]:
    """Configuration and properties of the device that a `backend` section names.

    Raises:
        ConfigError: No device is chosen, or a file cannot be read as one.
    """
    if backend.snapshot:
        return snapshot(backend.snapshot, backend.name or backend.snapshot)
    if backend.configuration:
        return _files(backend, backend.configuration)
    if backend.name == IDEAL:
        return ideal_configuration(), None
    if backend.name:
        return _told(backend.name)
    raise ConfigError(
        "backend: no device is chosen. Choose one by name (backend=ibmq_montreal), or "
        "give its files (backend.configuration=conf.json backend.properties=props.json)."
    )


def _told(name: str) -> tuple[Json, Json | None]:
    """What a service has told of a device."""
    found = known.known(name)
    if found is None:
        if name in choices("backend"):
            raise ConfigError(
                f"backend.name = {name}: its configuration and calibration are the "
                "service's to tell, and it has not been asked in this workspace. Run "
                "`python -m qexp plan …` once with service=ibm_quantum."
            )
        near = nearest(name, {*choices("backend"), *known.names()})
        raise ConfigError(
            f"backend.name = {name}: nothing is known of such a device here.{near}"
        )
    return _terra(found.configuration, found.properties)


def _terra(configuration: Json, properties: Json | None) -> tuple[Json, Json | None]:
    """A device as terra reads it."""
    basis = configuration.get("basis_gates")
    if properties is not None and isinstance(basis, list):
        properties = current.properties(properties, basis)
    return current.configuration(configuration), properties


def _files(backend: Backend, file: str) -> tuple[Json, Json | None]:
    configuration = _read("backend.configuration", file)
    properties = backend.properties
    calibration = _read("backend.properties", properties) if properties else None
    configuration, calibration = _terra(configuration, calibration)
    _require(configuration, backend)
    _require_match(configuration, calibration, backend)
    return configuration, calibration


@lru_cache(maxsize=64)
def snapshot(folder: str, name: str) -> tuple[Json, Json | None]:
    """Configuration and properties of a snapshot in terra's `fake_provider`.

    Args:
        folder: Folder of the snapshot, such as `montreal`.
        name: The device's own name, for snapshots that do not carry it.

    Raises:
        ConfigError: terra ships no such snapshot.
    """
    path = _snapshots() / folder
    if not path.is_dir():
        known = sorted(p.name for p in _snapshots().iterdir() if p.is_dir())
        raise ConfigError(
            f"backend.snapshot = {folder}: terra ships no such snapshot. "
            f"Allowed: {', '.join(n for n in known if not n.startswith('_'))}."
        )
    properties = path / f"props_{folder}.json"
    configuration = path / f"conf_{folder}.json"
    return (
        _json(configuration) if configuration.exists() else _coded(folder, name),
        _json(properties) if properties.exists() else None,
    )


def pulse_defaults(folder: str) -> Json | None:
    """The pulse defaults of a snapshot in terra's `fake_provider`; None without them."""
    path = _snapshots() / folder / f"defs_{folder}.json"
    return _json(path) if path.exists() else None


def _snapshots() -> Path:
    spec = find_spec("qiskit")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "providers" / "fake_provider" / "backends"


def _coded(folder: str, name: str) -> Json:
    # terra writes the configuration of three early devices in Python, with a
    # placeholder for the gates
    module = importlib.import_module(
        f"qiskit.providers.fake_provider.backends.{folder}"
    )
    configuration: Json = (
        getattr(module, f"Fake{folder.title()}")().configuration().to_dict()
    )
    return {**configuration, "backend_name": name, "gates": []}


def ideal_configuration() -> Json:
    """Configuration of the machine without noise: all-to-all, every gate of Aer's."""
    gates = (
        "id x y z h s sdg t tdg sx sxdg rx ry rz p u u1 u2 u3 cx cy cz ch cp crx cry"
    )
    more = "crz cu swap iswap ecr rxx ryy rzz ccx cswap delay reset"
    flow = "if_else for_loop while_loop switch_case"
    return {
        "backend_name": IDEAL,
        "backend_version": "1",
        "n_qubits": IDEAL_QUBITS,
        "basis_gates": f"{gates} {more} {flow}".split(),
        "gates": [],
        "local": True,
        "simulator": True,
        "conditional": True,
        "open_pulse": False,
        "memory": True,
        "max_shots": 1_000_000,
        "coupling_map": None,
    }


def _read(key: str, file: str) -> Json:
    try:
        content = _json(Path(file))
    except OSError as error:
        raise ConfigError(f"{key} = {file}: {error.strerror}.") from error
    except ValueError as error:
        raise ConfigError(f"{key} = {file}: not JSON ({error}).") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{key} = {file}: must hold a JSON object.")
    return content


def _json(path: Path) -> Json:
    content: Json = json.loads(path.read_text(encoding="utf-8"))
    return content


class _Served(BaseModel):
    """What of a served configuration qexp and terra cannot do without."""

    model_config = ConfigDict(extra="allow", strict=True)

    backend_name: Annotated[str, Field(min_length=1)]
    backend_version: str
    n_qubits: PositiveInt
    basis_gates: Annotated[list[str], Field(min_length=1)]
    gates: list[dict[str, Any]]
    local: bool
    simulator: bool
    conditional: bool
    open_pulse: bool
    memory: bool
    max_shots: PositiveInt
    coupling_map: list[Annotated[list[int], Field(min_length=2, max_length=2)]] | None
    dt: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    max_experiments: PositiveInt | None = None
    rep_delay_range: list[float] | None = None
    default_rep_delay: float | None = None

    @model_validator(mode="after")
    def _couples_what_is_there(self) -> _Served:
        coupled = {qubit for pair in self.coupling_map or [] for qubit in pair}
        if not coupled <= set(range(self.n_qubits)):
            outside = min(coupled - set(range(self.n_qubits)))
            raise ValueError(f"coupling_map has qubit {outside} of {self.n_qubits}")
        return self


def _require(configuration: Json, backend: Backend) -> None:
    """Refuse a file that is not a device's configuration.

    Raises:
        ConfigError: Names the fields that are missing or wrong.
    """
    try:
        _Served.model_validate(configuration)
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}"
            for one in error.errors(include_url=False)
        ]
        raise ConfigError(
            f"backend.configuration = {backend.configuration}: not a device's "
            f"configuration. {'; '.join(wrong)}."
        ) from error


def _require_match(
    configuration: Json, properties: Json | None, backend: Backend
) -> None:
    """Refuse a calibration that is not one, or of another device.

    Raises:
        ConfigError: Says which.
    """
    if properties is None:
        return
    qubits, width = properties.get("qubits"), configuration["n_qubits"]
    if not isinstance(qubits, list) or not isinstance(properties.get("gates"), list):
        what = "not a device's properties, it has no lists qubits and gates"
    elif len(qubits) != width:
        what = f"has {len(qubits)} qubits, the configuration has {width}"
    else:
        return
    raise ConfigError(f"backend.properties = {backend.properties}: {what}.")
