"""The body of a job for the program `sampler`: what may stand in it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from qexp.emulator.platform.codes import NOT_VALID, TAG_TOO_LONG, TOO_MANY_TAGS
from qexp.emulator.problems import told
from qexp.emulator.refusal import Refusal

MOST_TAGS, LONGEST_TAG = 8, 86
LONGEST_JOB = 10_800
"""Seconds; what `cost` is where it is not given, and at most."""

Positive = Annotated[int, Field(ge=1)]


def _auto(value: Any) -> Any:
    if value != "auto" and (type(value) is not int or value < 1):
        raise ValueError("must be 'auto' or an integer of 1 or more")
    return value


Auto = Annotated[Any, PlainValidator(_auto)]


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Execution(_Section):
    """How shots are run; these have an effect here.

    Attributes:
        init_qubits: Whether each shot begins with a reset.
        rep_delay: Seconds between shots; None is the device's own.
        meas_type: Only classified outcomes are here.
    """

    init_qubits: bool | None = None
    rep_delay: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    meas_type: Literal["classified", "kerneled", "avg_kerneled"] | None = None


class DynamicalDecoupling(_Section):
    """Pulses in idle times; taken, and without effect here."""

    enable: bool | None = None
    sequence_type: Literal["XX", "XpXm", "XY4"] | None = None
    extra_slack_distribution: Literal["middle", "edges"] | None = None
    scheduling_method: Literal["alap", "asap"] | None = None
    skip_reset_qubits: bool | None = None


class Twirling(_Section):
    """Random Paulis around gates and measurements; taken, and without effect here."""

    enable_gates: bool | None = None
    enable_measure: bool | None = None
    num_randomizations: Auto | None = None
    shots_per_randomization: Auto | None = None
    strategy: Literal["active", "active-accum", "active-circuit", "all"] | None = None


class Simulator(_Section):
    """Of these, the seed has an effect here."""

    noise_model: Any = None
    seed_simulator: Annotated[int, Field(ge=0)] | None = None
    coupling_map: Any = None
    basis_gates: list[str] | None = None


class Options(_Section):
    """Options of the program."""

    default_shots: Positive | None = None
    execution: Execution = Execution()
    dynamical_decoupling: DynamicalDecoupling = DynamicalDecoupling()
    twirling: Twirling = Twirling()
    simulator: Simulator = Simulator()
    experimental: dict[str, Any] | None = None


class Params(_Section):
    """Inputs of the program.

    Attributes:
        pubs: Each a circuit, or a list of circuit, parameter values and shots.
        options: Options of the whole job.
        shots: Of pubs that have none of their own.
        support_qiskit: Whether the result is encoded for Qiskit.
        version: Of the primitive.
    """

    pubs: Annotated[list[Any], Field(min_length=1)]
    options: Options = Options()
    shots: Positive | None = None
    support_qiskit: bool = False
    version: Literal[2] = 2


class Asked(_Section):
    """The body of `POST /jobs`."""

    program_id: str
    backend: str
    params: dict[str, Any]
    tags: list[str] = []
    log_level: str | None = None
    cost: Annotated[int, Field(ge=1, le=LONGEST_JOB)] = LONGEST_JOB
    session_id: Annotated[str, Field(max_length=36)] | None = None
    private: bool = False
    runtime: str | None = None
    calibration_id: str | None = None


Model = TypeVar("Model", bound=BaseModel)


def taken(model: type[Model], sent: Any, path: str = "") -> Model:
    """What was sent, checked.

    Args:
        model: What it must be.
        sent: JSON.
        path: What stands before a key in messages.

    Raises:
        Refusal: It is something else; says what of it.
    """
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        wrong = [told(one, path) for one in error.errors(include_url=False)]
        raise Refusal(
            *NOT_VALID, f"The request is not valid. {'; '.join(wrong[:10])}"
        ) from error


def require_tags(tags: list[str]) -> None:
    """Refuse tags that are too many or too long.

    Raises:
        Refusal: They are.
    """
    if len(tags) > MOST_TAGS:
        raise Refusal(
            *TOO_MANY_TAGS,
            f"The maximum number of tags that a job can have was exceeded ({MOST_TAGS})",
            "Remove some tags and try again",
        )
    for tag in tags:
        if len(tag) > LONGEST_TAG:
            raise Refusal(
                *TAG_TOO_LONG,
                f"The maximum length of a tag was exceeded ({LONGEST_TAG})",
                "Make the tag shorter and try again",
            )
