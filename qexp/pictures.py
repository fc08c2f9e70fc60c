"""The pictures of a point, as PNG by artifact path."""

from __future__ import annotations

from qexp.figures import png
from qexp.figures.circuit import circuit
from qexp.figures.histogram import histogram
from qexp.figures.scores import Row, scores
from qexp.record import Ran


def pictures(ran: Ran) -> dict[str, bytes]:
    """The first circuit, and what was measured of it unless the point failed."""
    drawn = {
        "circuit.png": png(circuit(ran.built.circuits[0], title=_circuit_title(ran)))
    }
    if ran.result.measured:
        drawn["histogram.png"] = _histogram(ran)
    return drawn


def _circuit_title(ran: Ran) -> str:
    count = len(ran.built.circuits)
    label = ran.built.labels[0]
    return label if count == 1 else f"{label}, the first of {count} circuits"


def _histogram(ran: Ran) -> bytes:
    first = ran.result.measured[0]
    figure = histogram(
        first.counts,
        ran.built.ideal[0],
        title=f"{_circuit_title(ran)}: measured on {ran.device.name}",
        subtitle=setting(ran),
        mitigated=first.quasi,
    )
    return png(figure)


def setting(ran: Ran) -> str:
    """How a point was run, in a few words."""
    service, options = ran.experiment.service, ran.options
    mitigated = ", M3" if options.measurement_error_mitigation else ""
    return (
        f"service {service.kind}, noise {service.noise}, optimization level "
        f"{options.optimization_level}{mitigated}"
    )


def summary_pictures(ran: Ran) -> dict[str, bytes]:
    """The scores with their intervals; nothing where there are none."""
    if not ran.scores:
        return {}
    rows = [
        Row(
            one.name.replace("_", " "),
            one.value,
            one.low,
            one.high,
            one.ideal,
            one.note,
        )
        for one in ran.told_apart
    ]
    figure = scores(
        rows,
        title=f"{ran.title}: scores with 95 % intervals",
        subtitle=f"one point, so no effects to compare; {setting(ran)}",
    )
    return {"effects.png": png(figure)}
