"""The pictures of a point, as PNG by artifact path."""

from __future__ import annotations

from qexp.declare.config import LocalService
from qexp.figures import png
from qexp.figures.circuit import circuit
from qexp.figures.curve import curve
from qexp.figures.histogram import histogram
from qexp.figures.scores import Row, scores
from qexp.results.family import curves
from qexp.results.ran import Ran
from qexp.results.score import MITIGATED, Scored


def pictures(ran: Ran) -> dict[str, bytes]:
    """The first circuit, and what was measured of it unless the point failed."""
    figure = circuit(ran.built.circuits[0], title=f"{_first(ran)}, as declared")
    drawn = {"circuit.png": png(figure)}
    if ran.result.measured:
        drawn["histogram.png"] = _histogram(ran)
        drawn |= _curves(ran)
    return drawn


def _curves(ran: Ran) -> dict[str, bytes]:
    """What the point's family would draw; the first is `curve.png`."""
    if ran.built.family is None or not ran.scores:
        return {}
    drawn = {}
    for number, one in enumerate(curves(ran.built.family, ran.result)):
        fields = {name: value for name, value in vars(one).items() if name not in "xy"}
        subtitle = f"{ran.device.name}, {ran.options.shots:,} shots, {setting(ran)}"
        figure = curve(one.x, one.y, subtitle=subtitle, **fields)
        drawn[f"curve{f'-{number}' if number else ''}.png"] = png(figure)
    return drawn


def _first(ran: Ran) -> str:
    count, label = len(ran.built.circuits), ran.built.labels[0]
    return label if count == 1 else f"{label}, the first of {count} circuits"


def _histogram(ran: Ran) -> bytes:
    first = ran.result.measured[0]
    figure = histogram(
        first.counts,
        ran.built.ideal[0],
        title=f"{_first(ran)} on {ran.device.name}: outcomes",
        subtitle=setting(ran),
        mitigated=first.quasi,
    )
    return png(figure)


def setting(ran: Ran) -> str:
    """How a point was run, in a few words."""
    options = ran.options
    mitigated = (
        ", M3 readout mitigation" if options.measurement_error_mitigation else ""
    )
    level = options.optimization_level
    return f"{_how(ran)}, optimization level {level}{mitigated}"


def _how(ran: Ran) -> str:
    service = ran.experiment.service
    if not isinstance(service, LocalService):
        return f"measured on {ran.device.name} through {service.kind}"
    if service.noise == "ideal" or ran.device.properties is None:
        return "simulated without noise"
    return f"simulated with the noise calibrated on {ran.device.day}"


def summary_pictures(ran: Ran) -> dict[str, bytes]:
    """The scores with their intervals; nothing where there are none."""
    if not ran.scores:
        return {}
    rows = [
        Row(_metric(one), one.value, one.low, one.high, one.ideal, one.note)
        for one in ran.told_apart
    ]
    subtitle = f"{ran.options.shots:,} shots, {setting(ran)}"
    figure = scores(rows, title=f"{ran.title}: scores", subtitle=subtitle)
    return {"effects.png": png(figure)}


def _metric(scored: Scored) -> str:
    """A metric's name for a picture, with what tells it apart."""
    words = scored.name.removeprefix("raw_").replace("_", " ")
    if scored.name.startswith("raw_"):
        words += ", raw"
    elif scored.note == MITIGATED:
        words += ", mitigated"
    return f"{words} (lower is better)" if "distance" in words else words
