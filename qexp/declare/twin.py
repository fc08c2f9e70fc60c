"""The parameters of the device twin: what `service.noise=device` simulates with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from qexp.declare.model import OUTSIDE, Model

VERSION = "2"
"""Version of the twin's model; whoever changes what it computes changes this."""

EngineName = Literal["auto", "clifford", "exact", "mps", "trajectories"]

Ratio = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
Span = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=0.5, allow_inf_nan=False)]


class Twin(Model):
    """What `service.noise=device` simulates with ([the model](../explanation/twin.md))."""

    eta: Ratio = 0.55
    """What a reset leaves in |1⟩, as a multiple of the qubit's readout error. Fitted to one
    device, ibmq_montreal; 0.5 to 0.6 fit it alike."""

    n_resets: Annotated[int, Field(ge=0, le=10)] = 1
    """Resets before each shot. An assumption: the devices' number is not documented."""

    t_reset: Span = 4e-6
    """Duration of one of them, in seconds; it counts in the QPU time only. 3 to 5 µs
    (manual of qiskit-experiments, restless measurements)."""

    t_bath: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.045
    """Temperature to which qubits relax, in kelvin. An assumption; 0.035 was measured on
    one qubit (PRL 114, 240501). The population is capped at half of the readout error."""

    eps_esp: Probability | None = None
    """What ESP readout adds to the error of reading |1⟩. Unset: 0.004 where readout
    integrates for 2 µs or longer (an assumption), else 0.011 (estimated by hand from
    ibm_cairo and ibm_perth)."""

    gamma_21: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 2.0
    """Decay rate of |2⟩ to |1⟩, as a multiple of 1/T1. Two for a harmonic oscillator."""

    acquisition: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    """How long readout integrates, in seconds. Unset: as in the device's pulse defaults
    where terra ships them, else 0.57 of the readout's length."""

    esp_override: bool = Field(default=False, json_schema_extra=OUTSIDE)
    """Whether ESP readout may be asked for of a device that does not have it."""

    m3_calibration: Literal["matched", "service"] = "matched"
    """What M3 is calibrated under: `matched`, the point's own `rep_delay`, `init_qubits`
    and ESP; `service`, the device's defaults, as IBM's program did."""

    engine: EngineName = "auto"
    """How it is simulated: `exact` probabilities; `clifford`, Clifford gates and a few
    rotations with twirled noise; `mps`, matrix product states, or `trajectories`, state
    vectors, shot by shot on Aer. `auto`: what is fastest, `clifford` only where exact
    probabilities take long and its error is known to be small."""
