"""The pictures are legible: no text overlaps another one or leaves the figure."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from io import BytesIO
from itertools import combinations
from math import inf, nan, pi

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from qiskit import transpile
from qiskit.circuit import (
    ClassicalRegister,
    Clbit,
    Parameter,
    ParameterVector,
    QuantumCircuit,
    QuantumRegister,
    Qubit,
)
from qiskit.circuit.library import QFT, EfficientSU2
from qiskit.circuit.random import random_circuit

from qexp.figures import png
from qexp.figures.circuit import circuit
from qexp.figures.histogram import histogram
from qexp.figures.labels import notation, outcome_labels
from qexp.figures.page import NORMAL, text_width, wrap
from qexp.figures.scores import Row, scores

TITLE = "GHZ state, computational basis"
SUBTITLE = "fake_guadalupe, noise of 2024-03-01, seed 7"
LONG = "A title much longer than the page is wide, as they come from sweeps " * 5
UNBROKEN = "experiment/" + "a" * 200
SLACK = 0.5
"""Pixels by which two boxes may overlap, for the rounding of glyphs."""


def visible_texts(figure: Figure) -> list[Text]:
    """Every text the reader sees: also tick labels, legends and gates."""
    figure.draw_without_rendering()
    texts = [*figure.texts]
    for legend in figure.legends:
        texts += legend.get_texts()
    for axes in figure.axes:
        texts += axes.texts
        if axes.axison:
            texts += [axes.title, axes.xaxis.label, axes.yaxis.label]
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                for tick in axis.get_major_ticks():
                    if low <= tick.get_loc() <= high:
                        texts.append(tick.label1)
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def overlaps(figure: Figure, texts: list[Text]) -> list[str]:
    """Describe every text that touches another one or is outside the figure."""
    renderer = figure.canvas.get_renderer()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    found = [
        f"{one!r} on {other!r}"
        for (one, a), (other, b) in combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > SLACK
        and min(a.y1, b.y1) - max(a.y0, b.y0) > SLACK
    ]
    page = figure.bbox
    outside = (
        text
        for text, box in boxes
        if min(box.x0, box.y0) < -SLACK
        or box.x1 > page.x1 + SLACK
        or box.y1 > page.y1 + SLACK
    )
    return found + [f"{text!r} outside" for text in outside]


def check(figure: Figure) -> None:
    texts = visible_texts(figure)
    assert overlaps(figure, texts) == []
    assert min(text.get_fontsize() for text in texts) >= 8
    assert figure.dpi == 120


def contents(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in visible_texts(figure))


# Measured outcomes ----------------------------------------------------------------


def ghz_ideal(size: int) -> dict[str, float]:
    return {"0" * size: 0.5, "1" * size: 0.5}


def random_ideal(size: int) -> dict[str, float]:
    source = random.Random(size)
    weights = [source.expovariate(1) for _ in range(2**size)]
    total = sum(weights)
    return {f"{i:0{size}b}": weight / total for i, weight in enumerate(weights)}


def flipped(outcome: str, place: int) -> str:
    bit = "1" if outcome[place] == "0" else "0"
    return outcome[:place] + bit + outcome[place + 1 :]


def sample(ideal: dict[str, float], shots: int = 2048) -> dict[str, int]:
    """Sample with one flipped bit in ten shots."""
    source = random.Random(1)
    drawn = source.choices(list(ideal), list(ideal.values()), k=shots)
    noisy = (
        flipped(outcome, source.randrange(len(outcome)))
        if source.random() < 0.1
        else outcome
        for outcome in drawn
    )
    return dict(Counter(noisy))


def quasi(counts: dict[str, int], ideal: dict[str, float]) -> dict[str, float]:
    source = random.Random(2)
    return {key: ideal.get(key, 0.0) + source.gauss(0, 0.01) for key in counts}


IDEALS = {
    **{f"ghz{size}": ghz_ideal(size) for size in [*range(1, 11), 16, 17, 27, 127]},
    "uniform5": {f"{i:05b}": 1 / 32 for i in range(32)},
    "random6": random_ideal(6),
    "random10": random_ideal(10),
    "one": {"101": 1.0},
}


@pytest.mark.parametrize("name", IDEALS)
@pytest.mark.parametrize("parts", ["counts", "ideal", "mitigated", "both"])
def test_histogram_is_legible(name, parts):
    ideal = IDEALS[name]
    counts = sample(ideal)
    mitigated = quasi(counts, ideal) if parts in ("mitigated", "both") else None
    known = ideal if parts in ("ideal", "both") else None
    check(histogram(counts, known, title=TITLE, subtitle=SUBTITLE, mitigated=mitigated))


@pytest.mark.parametrize("title", [LONG, UNBROKEN, "", "100 $ and_more$ {"])
def test_histogram_with_any_title(title):
    ideal = ghz_ideal(3)
    check(histogram(sample(ideal), ideal, title=title, subtitle=title))


@pytest.mark.parametrize("limit", [1, 2, 5, 60])
def test_histogram_with_any_limit(limit):
    ideal = random_ideal(6)
    figure = histogram(
        sample(ideal), ideal, title=TITLE, subtitle=SUBTITLE, limit=limit
    )
    check(figure)


@pytest.mark.parametrize("bits", [17, 27, 64, 127])
def test_histogram_of_wide_random_outcomes(bits):
    source = random.Random(3)
    counts = {f"{source.getrandbits(bits):0{bits}b}": 1 + i % 4 for i in range(90)}
    check(histogram(counts, None, title=TITLE, subtitle=SUBTITLE))


@pytest.mark.parametrize(
    "counts",
    [{"0": 1}, {"0": 10**7, "1": 1}, {"00 11": 7, "01 10": 3}, {"0": 0, "1": 4}],
)
def test_histogram_of_unusual_counts(counts):
    check(histogram(counts, None, title=TITLE, subtitle=SUBTITLE))


def test_histogram_tells_shots_backend_and_ideal():
    ideal = ghz_ideal(3)
    counts = {"000": 1000, "111": 1048}
    figure = histogram(
        counts, ideal, title=TITLE, subtitle=SUBTITLE, mitigated={"000": -0.01}
    )
    text = contents(figure)
    for part in (TITLE, SUBTITLE, "2,048 shots", "ideal", "probability", "Wilson"):
        assert part in text
    assert "quasi-probability" in text
    assert figure.axes[0].get_ylim()[0] < -0.01


def test_histogram_sums_the_rest_in_one_bar():
    counts = {f"{i:04b}": 100 - i for i in range(16)}
    figure = histogram(counts, None, title=TITLE, subtitle=SUBTITLE, limit=10)
    rest = sum(100 - i for i in range(10, 16)) / sum(counts.values())
    heights = [patch.get_height() for patch in figure.axes[0].patches]
    assert len(heights) == 11
    assert heights[-1] == pytest.approx(rest)
    assert "(6\noutcomes)" in contents(figure) or "(6 outcomes)" in contents(figure)


def test_histogram_cuts_a_towering_rest_and_says_so():
    figure = histogram(sample(IDEALS["random10"]), None, title="t", subtitle="s")
    assert "'other' is cut off: measured 0." in contents(figure)


def test_histogram_shows_what_the_ideal_expects_but_nobody_measured():
    figure = histogram({"00": 4}, {"11": 1.0}, title="t", subtitle="s")
    assert {"00", "11"} <= set(contents(figure).split("\n"))


def test_histogram_needs_a_shot():
    with pytest.raises(ValueError, match="at least one shot"):
        histogram({}, {"0": 1.0}, title="t", subtitle="s")


@pytest.mark.parametrize("bits", [3, 16, 17, 27, 127])
def test_labels_are_distinct_and_short(bits):
    source = random.Random(5)
    numbers = [0, 2**bits - 1, 1, *(source.getrandbits(bits) for _ in range(20))]
    outcomes = sorted({f"{number:0{bits}b}" for number in numbers})
    labels = outcome_labels(outcomes)
    assert len(set(labels)) == len(outcomes)
    assert max(map(len, labels)) <= 20


def test_labels_stay_distinct_when_only_the_middle_differs():
    source = random.Random(6)
    head, tail = (f"{source.getrandbits(50):050b}" for _ in range(2))
    outcomes = [f"{head}{i:05b}{tail}" for i in range(32)]
    assert len(set(outcome_labels(outcomes))) == 32


def test_runs_are_written_as_products_and_explained():
    outcomes = ["0" * 27, "0" * 26 + "1"]
    labels = outcome_labels(outcomes)
    assert [label.replace("\N{MULTIPLICATION SIGN}", "*") for label in labels] == [
        "0*27",
        "0*26 1",
    ]
    assert "0 repeated 27 times" in notation(outcomes, labels)


# Circuits -------------------------------------------------------------------------


def ghz(size: int) -> QuantumCircuit:
    qc = QuantumCircuit(size)
    qc.h(0)
    for qubit in range(size - 1):
        qc.cx(qubit, qubit + 1)
    qc.measure_all()
    return qc


def parametrised() -> QuantumCircuit:
    theta, phi = ParameterVector("theta", 6), Parameter("ϕ")
    qc = QuantumCircuit(3, global_phase=pi / 4)
    for qubit in range(3):
        qc.ry(theta[qubit], qubit)
        qc.rz(2 * theta[qubit + 3] + 1.23456789 * phi, qubit)
    qc.cp(phi, 0, 1)
    qc.rzz(theta[0] * phi, 1, 2)
    qc.crx(pi / 8, 0, 2)
    qc.cu(1, 2, 3, theta[0], 0, 1)
    qc.u(*(Parameter(f"a_rather_long_name_{i}") for i in range(3)), 2)
    return qc


def conditional() -> QuantumCircuit:
    qc = QuantumCircuit(3, 2)
    qc.h(0)
    qc.measure(0, 0)
    qc.x(1).c_if(0, 1)
    qc.z(2).c_if(qc.cregs[0], 3)
    qc.rx(pi / 2, 1).c_if(1, 0)
    qc.measure(1, 1)
    qc.reset(0)
    qc.measure(2, 0).c_if(1, 1)
    return qc


def control_flow(inside: int = 1) -> QuantumCircuit:
    qc = QuantumCircuit(3, 3)
    qc.h(0)
    qc.measure(0, 0)
    with qc.if_test((0, 1)) as otherwise:
        qc.cx(1, 2)
    with otherwise:
        qc.h(2)
    with qc.for_loop(range(4)):
        for _ in range(inside):
            qc.rx(0.1, 0)
    with qc.while_loop((qc.cregs[0], 2)):
        qc.measure(0, 0)
    return qc


def many_kinds() -> QuantumCircuit:
    qc = QuantumCircuit(4, 4)
    qc.initialize(np.ones(16) / 4, range(4))
    qc.unitary(np.eye(4), [0, 1], label="a label that goes on and on and on and on")
    qc.append(QFT(4).to_gate(), range(4))
    qc.mcx([0, 1, 2], 3)
    qc.swap(0, 3)
    qc.cswap(0, 1, 2)
    qc.ecr(0, 1)
    qc.sxdg(1)
    qc.delay(100, 3)
    qc.rxx(0.3, 0, 3)
    qc.append(QuantumCircuit(2, 1, name="sub").to_instruction(), [0, 1], [2])
    qc.ch(0, 3, label="$bad$ {$ label")
    qc.barrier(label="here")
    qc.measure(range(4), range(4))
    return qc


def compiled() -> QuantumCircuit:
    line = [[qubit, qubit + 1] for qubit in range(15)]
    layout, basis = [9, 8, 7, 6], ["rz", "sx", "x", "cx"]
    return transpile(
        ghz(4), coupling_map=line, basis_gates=basis, initial_layout=layout
    )


def sparse() -> QuantumCircuit:
    qc = QuantumCircuit(127, 2)
    qc.h(62)
    qc.cx(62, 63)
    qc.barrier()
    qc.measure([62, 63], [0, 1])
    return qc


def named() -> QuantumCircuit:
    qubits = QuantumRegister(2, "a_very_long_register_name_for_the_data")
    qc = QuantumCircuit(qubits, ClassicalRegister(2, "the_measured_outcomes"))
    qc.h(0)
    qc.measure([0, 1], [0, 1])
    return qc


def many_registers() -> QuantumCircuit:
    qc = QuantumCircuit(3)
    for index in range(50):
        register = ClassicalRegister(1, f"m{index}")
        qc.add_register(register)
        qc.measure(index % 3, register[0])
    return qc


def random_gates(qubits: int, depth: int) -> QuantumCircuit:
    return random_circuit(qubits, depth, max_operands=2, seed=3, measure=True)


CIRCUITS = {
    **{f"ghz{size}": (ghz, size) for size in [*range(1, 11), 16, 20, 27, 32, 33, 127]},
    "empty": (QuantumCircuit, 3, 2),
    "nothing": (QuantumCircuit,),
    "only clbits": (QuantumCircuit, 0, 2),
    "empty127": (QuantumCircuit, 127),
    "loose bits": (QuantumCircuit, [Qubit(), Qubit()], [Clbit()]),
    "unmeasured": (QFT, 4),
    "ansatz": (lambda: EfficientSU2(6, reps=2).decompose(),),
    "parametrised": (parametrised,),
    "conditional": (conditional,),
    "control flow": (control_flow,),
    "large loop": (control_flow, 90),
    "many kinds": (many_kinds,),
    "compiled": (compiled,),
    "sparse": (sparse,),
    "named": (named,),
    "many registers": (many_registers,),
    "long2": (random_gates, 2, 400),
    "long5": (random_gates, 5, 120),
    "long10": (random_gates, 10, 30),
    "long27": (random_gates, 27, 12),
    "wide127": (random_gates, 127, 5),
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_circuit_is_legible(name):
    make, *arguments = CIRCUITS[name]
    figure = circuit(make(*arguments), title=name)
    check(figure)
    width, height = figure.get_size_inches() * figure.dpi
    assert width == pytest.approx(800)
    assert height < 3500


@pytest.mark.parametrize("title", [LONG, UNBROKEN, "", "$x$ and $"])
def test_circuit_with_any_title(title):
    check(circuit(ghz(2), title=title))


@pytest.mark.parametrize("make", [parametrised, conditional, many_kinds, compiled])
def test_circuit_is_not_changed(make):
    qc = make()
    before = qc.copy()
    circuit(qc, title="t")
    assert qc == before
    assert qc.global_phase == before.global_phase


def test_circuit_tells_what_it_leaves_out():
    text = contents(circuit(ghz(127), title="t")).replace("\n", " ")
    assert "127 qubits" in text
    assert "first 32 of 127 qubits" in text
    assert "of 255 instructions" in text


def test_circuit_leaves_out_late_instructions():
    text = contents(circuit(random_gates(2, 2000), title="t"))
    drawn, total = text.split("first ")[1].split(" instructions")[0].split(" of ")
    assert 0 < int(drawn) <= 300 < int(total.replace(",", ""))


def test_circuit_names_physical_qubits_and_leaves_out_idle_ones():
    text = contents(circuit(compiled(), title="t"))
    assert "12 idle qubits not drawn" in text
    assert "q[0] → 9" in text.replace("\\;", " ")


def test_small_circuits_are_complete():
    for make in (conditional, control_flow, lambda: ghz(27)):
        assert "Drawn in part" not in contents(circuit(make(), title="t"))


def test_global_phase_is_stated():
    assert "global phase π/4" in contents(circuit(parametrised(), title="t"))


# Scores ---------------------------------------------------------------------------

ROWS = [
    Row("hellinger_fidelity", 0.9123, 0.904, 0.920, 0.9987, None),
    Row("total variation distance", 0.0812, 0.07, 0.093, 0.012, None),
    Row("heavy outputs (the test of quantum volume)", 0.71, 0.69, 0.73, 0.85, None),
    Row("witness of genuine multipartite entanglement", -0.42, -0.45, -0.39, -0.5, ""),
    Row("xeb", 0.6, None, None, 1.0, "the bootstrap needs at least 100 shots, not 64"),
    Row("success", 0.99912, 0.9990, 0.9993, None, None),
    Row("a_name_without_a_single_space_in_it_that_is_long", 0.5, 0.1, 0.9, 0.5, None),
    Row("bare", 0.25, None, None, None, None),
]


@pytest.mark.parametrize("count", range(1, 9))
def test_scores_are_legible(count):
    check(scores(ROWS[:count], title=TITLE, subtitle=SUBTITLE))
    check(scores(ROWS[-count:], title=LONG, subtitle=UNBROKEN))


@pytest.mark.parametrize(
    "row",
    [
        Row("large", 12345.678, -9e4, 8e5, 3.0, None),
        Row("tiny interval", 0.5, 0.499999, 0.500001, 0.5, None),
        Row("no width", 1.0, 1.0, 1.0, 1.0, None),
        Row("undefined", nan, None, None, nan, "no shots were left " * 20),
        Row("half an interval", 0.5, 0.4, None, None, "only a lower bound"),
        Row("infinite", inf, -inf, inf, None, None),
        Row("", 0.5, 0.4, 0.6, None, None),
    ],
)
def test_unusual_scores_are_legible(row):
    check(scores([row, ROWS[0]], title=TITLE, subtitle=SUBTITLE))


def test_scores_print_value_interval_and_reason():
    text = contents(scores(ROWS, title=TITLE, subtitle=SUBTITLE))
    assert "0.9123 [0.904, 0.920]" in text
    assert "no interval (the bootstrap" in text
    assert "ideal machine" in text


def test_scores_axis_holds_every_point():
    low, high = scores(ROWS, title="t", subtitle="s").axes[0].get_xlim()
    assert low < -0.5
    assert high > 1


def test_scores_need_a_row():
    with pytest.raises(ValueError, match="at least one row"):
        scores([], title="t", subtitle="s")


# All of them ----------------------------------------------------------------------


def test_wrapped_lines_fit_and_say_where_they_end():
    lines = wrap(LONG + UNBROKEN, NORMAL, 2.0)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert max(text_width(line, NORMAL) for line in lines) <= 2.0


@pytest.mark.parametrize(
    "make",
    [
        lambda: histogram({"0": 3, "1": 5}, {"0": 1.0}, title="t", subtitle="s"),
        lambda: circuit(conditional(), title="t"),
        lambda: scores(ROWS, title="t", subtitle="s"),
    ],
)
def test_same_figure_gives_same_bytes(make):
    figure = make()
    first = png(figure)
    assert png(figure) == first == png(make())
    image = Image.open(BytesIO(first))
    assert image.width == 800
    assert "Software" not in image.info


def test_state_of_pyplot_is_left_alone():
    circuit(parametrised(), title="t")
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []


def test_pyplot_is_imported_only_to_draw_a_circuit():
    modules = "histogram", "scores", "circuit"
    imports = "; ".join(f"import qexp.figures.{module}" for module in modules)
    code = f"{imports}; import sys; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
