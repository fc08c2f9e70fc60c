"""What may be declared of a device over what its snapshot says."""

from __future__ import annotations

from qexp.declare.model import Model


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
