"""What can be declared of today's IBM Quantum Platform."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator

from qexp.declare.model import OUTSIDE, Model

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]

CRN_FIELDS = 8
"""Least fields of a CRN, between colons: `crn:v1:bluemix:public:SERVICE:REGION:…`."""


class IbmQuantumService(Model):
    """IBM Quantum Platform: circuits are compiled here and sent to the program `sampler`.

    The API key comes from `QEXP_IBM_API_KEY`, `QISKIT_IBM_TOKEN` or `key_file`, and is
    never in a configuration.
    """

    kind: Literal["ibm_quantum"] = "ibm_quantum"

    instance: str | None = Field(default=None, json_schema_extra=OUTSIDE)
    """CRN of the instance that pays; its region says which address is asked. Unset:
    `QISKIT_IBM_INSTANCE`."""

    url: str | None = Field(default=None, json_schema_extra=OUTSIDE)
    """Address of the API. Unset: `QISKIT_IBM_URL`, else IBM's own for the region."""

    iam_url: str | None = Field(default=None, json_schema_extra=OUTSIDE)
    """Where the API key is traded for tokens. Unset: IBM's own, where `url` is IBM's."""

    key_file: str | None = Field(default=None, json_schema_extra=OUTSIDE)
    """File with the API key that only its owner may read (mode 600)."""

    session: Literal["none", "batch"] = Field(default="none", json_schema_extra=OUTSIDE)
    """`batch`: the jobs of a command are one batch, which the platform runs close
    together. `none`: each job queues by itself."""

    jobs_per_minute: Annotated[int, Field(ge=1)] = Field(
        default=5, json_schema_extra=OUTSIDE
    )
    """Most jobs that are sent within a minute: the platform takes 5 of a user."""

    settle_seconds: Seconds = Field(default=10.0, json_schema_extra=OUTSIDE)
    """How long the service may take to list a job whose receipt was lost. Only then is
    the job sent again."""

    timeout: Seconds = Field(default=60.0, json_schema_extra=OUTSIDE)
    """Seconds that the service may take to answer one request."""

    poll_seconds: Seconds = Field(default=2.0, json_schema_extra=OUTSIDE)
    """First pause between two looks at the jobs. It grows by half while nothing changes."""

    poll_longest: Seconds = Field(default=30.0, json_schema_extra=OUTSIDE)
    """Longest such pause."""

    patience: Seconds = Field(default=21600.0, json_schema_extra=OUTSIDE)
    """Seconds for which a service that is away is waited for: where nothing comes but no
    answer, 429 or 5xx. Six hours where not set."""

    @field_validator("url", "iam_url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        return url if url is None else address(url)

    @field_validator("instance")
    @classmethod
    def _crn(cls, crn: str | None) -> str | None:
        return crn if crn is None else instance(crn)


def address(url: str) -> str:
    """An address without its last slashes.

    Raises:
        ValueError: It is none, or holds credentials.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must not hold credentials; put the key into QEXP_IBM_API_KEY")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a http(s):// address")
    return url.rstrip("/")


def instance(crn: str) -> str:
    """A CRN.

    Raises:
        ValueError: It is none.
    """
    fields = crn.split(":")
    if len(fields) < CRN_FIELDS or fields[0] != "crn" or not crn.isprintable():
        raise ValueError(
            "must be the CRN of an instance (crn:v1:bluemix:public:quantum-computing:…), "
            "as the platform's page of instances shows it"
        )
    return crn


def region(crn: str) -> str:
    """The region of an instance: the sixth field of its CRN."""
    return crn.split(":")[5]


class DynamicalDecoupling(Model):
    """`options.run_config.dynamical_decoupling`: pulses that keep idle qubits coherent."""

    enable: bool = False
    sequence_type: Literal["XX", "XpXm", "XY4"] | None = None
    extra_slack_distribution: Literal["middle", "edges"] | None = None
    scheduling_method: Literal["alap", "asap"] | None = None
    skip_reset_qubits: bool | None = None


class Twirling(Model):
    """`options.run_config.twirling`: random Pauli gates around gates and measurements."""

    enable_gates: bool | None = None
    enable_measure: bool | None = None
    num_randomizations: Annotated[int, Field(ge=1)] | Literal["auto"] | None = None
    shots_per_randomization: Annotated[int, Field(ge=1)] | Literal["auto"] | None = None
    strategy: Literal["active", "active-accum", "active-circuit", "all"] | None = None


SUPPRESSION: dict[str, type[Model]] = {
    "dynamical_decoupling": DynamicalDecoupling,
    "twirling": Twirling,
}
"""Keys of `options.run_config` that the platform takes as mappings, and their schemas."""


def wrong(key: str, value: dict[str, Any]) -> list[tuple[str, Any, str]]:
    """What is wrong with a mapping of `SUPPRESSION`: field, value, reason.

    Args:
        key: The key of the mapping.
        value: The mapping.
    """
    schema = SUPPRESSION[key]
    try:
        schema.model_validate(value)
    except ValidationError as error:
        fields = ", ".join(schema.model_fields)
        unknown = f"no such option. {key} takes: {fields}."
        return [
            (
                str(one["loc"][0]),
                one["input"],
                unknown if one["type"] == "extra_forbidden" else f"{one['msg']}.",
            )
            for one in error.errors(include_url=False)
        ]
    return []
