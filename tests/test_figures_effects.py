"""The pictures of a sweep's effects are legible at one and at two columns."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from math import inf, isclose, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.patches import Circle
from scipy.stats import chi2

from qexp.figures import pdf, png, svg
from qexp.figures.drift import homogeneity, moved
from qexp.figures.estimate import written
from qexp.figures.forest import Effect, forest
from qexp.figures.heat import heat
from qexp.figures.labels import distinct
from qexp.figures.levels import Factor, Level, levels
from qexp.figures.page import COLUMN, SMALL, WIDTH, plain_number
from qexp.figures.panels import scaled
from qexp.figures.pareto import pareto
from qexp.figures.placed import placed
from qexp.figures.places import NUMBERED, READ, customary, places
from qexp.figures.quality_cost import Setting, quality_cost
from qexp.figures.sentinel import Reading, sentinel
from tests.test_figures import LONG, UNBROKEN, check, contents

NAMES = {
    "metric": "success_probability",
    "title": "ghz-5 on ibmq_montreal",
    "subtitle": "64 settings, 2 blocks, 4,000 shots",
}
LONG_NAMES = {"metric": "m" * 90, "title": UNBROKEN, "subtitle": LONG, "unit": "µs" * 9}
both_widths = pytest.mark.parametrize("width", [COLUMN, WIDTH], ids=["one", "two"])
source = random.Random(1)


def gap(value: float, half: float) -> tuple[float, float, float]:
    return value, value - half, value + half


# Forest ---------------------------------------------------------------------------

FEW = [
    *(
        Effect("optimization_level", f"{i}", "0", *gap(0.01 * i, 0.012), i > 1)
        for i in (1, 2)
    ),
    Effect(
        "use_measure_esp",
        "true",
        "false",
        *gap(0.05, 0.006),
        True,
        "confounded with the job",
    ),
    Effect(
        "init_qubits",
        "false",
        "true",
        None,
        nan,
        inf,
        False,
        "no point of it succeeded",
    ),
    Effect("measurement_error_mitigation", "true", "false", -0.02, None, None, False),
    Effect("", "", "", 1e-7, -1e-7, 3e-7, True, LONG),
]
JOINT = [
    Effect(
        "layout_method × rep_delay",
        "sabre, 250 µs",
        "trivial, 50 µs",
        *gap(-0.02, 0.01),
        True,
    )
]
MANY = [
    Effect(
        f"transpiler_options.some_long_option_{k}",
        f"{UNBROKEN}{j}",
        "reference_level",
        *gap(source.gauss(0, 0.1), 0.1),
        j > 2,
        "1 block: shot noise only",
    )
    for k in range(9)
    for j in range(5)
]


@both_widths
@pytest.mark.parametrize(
    ("effects", "interactions"),
    [(FEW[:1], ()), (FEW, JOINT), (MANY, ()), ((), JOINT)],
    ids=["one", "few", "many", "joint"],
)
def test_forest_is_legible(effects, interactions, width):
    check(forest(effects, interactions=interactions, width=width, **NAMES))


@both_widths
def test_forest_of_long_names_is_legible(width):
    check(forest(FEW, width=width, **LONG_NAMES))


def test_forest_names_effects_and_tells_decided_ones():
    figure = forest(FEW, interactions=JOINT, unit="%", **NAMES)
    text = contents(figure)
    for part in (
        "use_measure_esp: true vs false",
        "optimization_level: vs 0",
        "+0.050 [+0.044, +0.056]",
        "confounded with the job",
        "no estimate",
        "−0.0200 (no interval)",
        "interactions",
        "difference in success_probability (%)",
    ):
        assert part in text
    marks = [x for x in figure.axes[0].lines if x.get_marker() == "o"]
    hollow = [x for x in marks if x.get_markerfacecolor() == "white"]
    drawn = [x for x in [*FEW, *JOINT] if x.value is not None]
    assert len(marks) == len(drawn)
    assert len(hollow) == sum(not x.decided for x in drawn)


def test_forest_keeps_the_largest_and_counts_the_others():
    effects = [
        Effect(f"o{k}", "b", "a", *gap(0.01 * k, 0.001), k == 3) for k in range(50)
    ]
    figure = forest(effects, **NAMES)
    text = contents(figure)
    assert "10 smaller effects are not drawn, 1 of them decided." in text
    assert "o10: b vs a" in text
    assert "o9: b vs a" not in text
    assert text.index("o49") < text.index("o10")


def test_a_note_of_all_effects_is_written_once():
    assert contents(forest(MANY[:3], **NAMES)).count("shot noise only") == 1


def test_forest_needs_an_effect():
    with pytest.raises(ValueError, match="at least one effect"):
        forest([], **NAMES)


# Levels ---------------------------------------------------------------------------


def level(label: str, mean: float, at: float | None = None, points: int = 6) -> Level:
    return Level(label, *gap(mean, 0.012), [mean + 0.01 * k for k in range(points)], at)


DELAY = Factor(
    "rep_delay", [level("", 0.9, x) for x in (2.5e-4, 5e-5)], "s", "confounded"
)
FACTORS = [
    Factor("optimization_level", [level(f"{i}", 0.8 + 0.01 * i) for i in range(4)]),
    Factor(
        "layout_method", [level(x, 0.9) for x in ("trivial", "dense", "noise_adaptive")]
    ),
    DELAY,
    Factor(
        "use_measure_esp", [level("false", 0.8), Level("true", None, nan, None, [None])]
    ),
    Factor("shots", [level("", 0.88, 2.0**k) for k in range(4, 16)]),
    Factor("seeds", [level(f"a_long_name_of_a_seed_{i:02d}", 0.8) for i in range(12)]),
    Factor(
        "transpiler_options.degree", [level("", 0.9, 0.9 + 0.01 * i) for i in range(12)]
    ),
    Factor("one", [level("", 0.5, 1.0)], "", "1 block: shot noise only"),
]


@both_widths
@pytest.mark.parametrize("factors", [FACTORS[1:2], FACTORS])
def test_levels_are_legible(factors, width):
    check(levels(factors, width=width, **NAMES))


def test_levels_share_the_axis_and_scale_seconds():
    figure = levels(FACTORS, **NAMES)
    assert len(figure.axes) == len(FACTORS)
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    text = contents(figure)
    assert "rep_delay (µs)" in text
    assert "none" in text
    assert figure.axes[4].get_xscale() == "log"
    assert [x.get_text() for x in figure.axes[2].get_xticklabels()] == ["50", "250"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([5e-5, 2.5e-4], ([50, 250], "µs")),
        ([0.2, 2.0], ([0.2, 2], "s")),
        ([1e-12], ([0.001], "ns")),
        ([0.0], ([0], "s")),
        ([7e-4], ([700], "µs")),
    ],
)
def test_seconds_get_the_prefix_that_suits_them(values, expected):
    assert scaled(values, "s") == expected


def test_levels_beyond_the_page_are_counted():
    factor = Factor("seed", [level(f"{i}", 0.9) for i in range(40)])
    text = contents(levels([factor], width=COLUMN, **NAMES))
    assert "of 40 levels not drawn" in text.replace("\n", " ")


@pytest.mark.parametrize("factors", [[], [Factor("a", [])]])
def test_levels_need_a_level(factors):
    with pytest.raises(ValueError, match="each a level"):
        levels(factors, **NAMES)


# Heat map -------------------------------------------------------------------------


def means(rows: int, columns: int) -> list[list[float | None]]:
    cells: list[list[float | None]] = [
        [0.8 + 0.01 * (i + j) for j in range(columns)] for i in range(rows)
    ]
    cells[0][0], cells[-1][-1] = None, nan
    return cells


@both_widths
@pytest.mark.parametrize(
    ("rows", "columns", "label"),
    [(1, 1, "{}"), (2, 4, "{}"), (12, 12, "a_long_name_of_a_level_{}"), (3, 30, "{}")],
)
def test_heat_is_legible(rows, columns, label, width):
    names = [[label.format(k) for k in range(count)] for count in (rows, columns)]
    options = {"row_option": "layout_method", "column_option": f"{UNBROKEN}"}
    check(heat(*names, means(rows, columns), width=width, **options, **NAMES))


def test_heat_writes_means_and_counts_missing_cells():
    figure = heat("ab", "xyz", means(2, 3), row_option="r", column_option="c", **NAMES)
    text = contents(figure)
    assert "Hatched: no result (2 of 6 cells)." in text
    assert [t.get_text() for t in figure.axes[1].texts] == [
        "0.810",
        "0.820",
        "0.810",
        "0.820",
    ]
    assert sum(patch.get_hatch() is not None for patch in figure.axes[1].patches) == 2


@pytest.mark.parametrize("cells", [[[1.0]], [], [[1.0, 2.0], [1.0, 2.0]]])
def test_heat_needs_a_mean_a_cell(cells):
    with pytest.raises(ValueError, match="needs as many means"):
        heat("ab", "x", cells, row_option="r", column_option="c", **NAMES)


# Quality and cost -----------------------------------------------------------------

GRID = [
    Setting(
        f"optimization_level={k % 4}, layout_method=sabre, seed={k}",
        1.0 + k % 2,
        *gap(0.8 + 0.001 * k, 0.01),
    )
    for k in range(64)
]
STEEP = [
    Setting(f"shots={2**k}", 2.0**k / 1000, *gap(1 - 1 / k, 0.01)) for k in range(5, 22)
]
ODD = [
    Setting(UNBROKEN, 0.0, 0.5, None, None),
    Setting("x", None, 1.0, 0, 1),
    Setting("y", 1.0, nan, 0, 1),
]


@both_widths
@pytest.mark.parametrize("cases", [GRID, STEEP, ODD], ids=["grid", "steep", "odd"])
def test_quality_cost_is_legible(cases, width):
    higher = width == COLUMN
    check(quality_cost(cases, higher_is_better=higher, width=width, **NAMES))


def test_quality_cost_describes_the_front():
    text = contents(quality_cost(GRID, **NAMES))
    assert "seed=62: 0.862 [0.852, 0.872] for 1 s" in text
    assert "seed=63: 0.863 [0.853, 0.873] for 2 s" in text
    assert "2 settings without metric or cost" in contents(quality_cost(ODD, **NAMES))
    assert "and 5 more without a number" in contents(quality_cost(STEEP, **NAMES))


places_ = st.tuples(st.integers(0, 5).map(float), st.integers(0, 5).map(float))


@given(st.lists(places_, min_size=1, max_size=12), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_setting_beats_the_front_and_the_front_beats_all_others(points, higher):
    cases = [Setting("", x, y, None, None) for x, y in points]
    front = pareto(cases, higher_is_better=higher)
    sign = 1 if higher else -1

    def beats(one, other):
        no_worse = one[0] <= other[0] and sign * one[1] >= sign * other[1]
        return no_worse and one != other

    on = {points[i] for i in front}
    assert len(on) == len(front)
    assert on == {p for p in points if not any(beats(q, p) for q in points)}


def test_quality_cost_needs_a_setting():
    with pytest.raises(ValueError, match="with cost and metric"):
        quality_cost(ODD[1:], **NAMES)


# Sentinel -------------------------------------------------------------------------

START = datetime(2026, 11, 25, 9, 57, tzinfo=timezone.utc)


def readings(
    count: int, drift: float, block: int = 4, minutes: float = 5
) -> list[Reading]:
    return [
        Reading(
            START + timedelta(minutes=minutes * k),
            *gap(0.9 + drift * k + 0.003 * (-1) ** k, 0.02),
            1 + k // block,
        )
        for k in range(count)
    ]


@both_widths
@pytest.mark.parametrize(("count", "drift"), [(1, 0), (2, -0.1), (8, 0), (60, -0.01)])
def test_sentinel_is_legible(count, drift, width):
    check(sentinel(readings(count, drift, 1 + count // 20), width=width, **NAMES))


def test_sentinel_warns_when_it_moved():
    calm, adrift = readings(12, 0.0), readings(12, -0.01)
    figure = sentinel([*adrift, Reading(START, None, None, None)], **NAMES)
    text = contents(figure)
    assert "The sentinel moved: chi-square" in text
    assert "misses the mean" in text
    assert "Readings without a value: 1 of 13." in text
    text = contents(sentinel(calm, **NAMES))
    assert "No drift seen" in text
    assert "minutes after 2026-11-25 09:57 UTC" in text
    assert "block 3" in text
    assert "Too few readings" in contents(sentinel(calm[:1], **NAMES))


def test_sentinels_of_several_settings_are_compared_with_their_own_mean():
    calm = readings(12, 0.0)
    apart = [
        replace(
            one,
            setting=str(k % 2),
            **{
                name: getattr(one, name) - 0.3 * (k % 2)
                for name in ("value", "low", "high")
            },
        )
        for k, one in enumerate(calm)
    ]
    assert "The sentinel moved" in contents(
        sentinel([replace(one, setting="") for one in apart], **NAMES)
    )
    figure = sentinel(apart, **NAMES)
    text = contents(figure)
    assert "No drift seen" in text
    assert "2 settings of jobs" in text
    (axes,) = figure.axes
    low, high = axes.get_ylim()
    drawn = [y for line in axes.lines for y in line.get_ydata()]
    assert low < min(drawn) < 0 < max(drawn) < high
    alone = [replace(one, setting=str(k)) for k, one in enumerate(calm)]
    assert "Too few readings" in contents(sentinel(alone, **NAMES))


def test_sentinel_needs_a_reading():
    with pytest.raises(ValueError, match="at least one reading"):
        sentinel([], **NAMES)


@pytest.mark.parametrize("count", [2, 3, 10, 100, 1000])
def test_the_limit_is_that_of_chi_square_at_1_percent(count):
    _, limit = homogeneity([0.0] * count, [-1.0] * count, [1.0] * count)
    assert limit == pytest.approx(chi2.ppf(0.99, count - 1), rel=0.01)


def test_false_alarms_and_power_hold_with_many_jobs():
    random_source, half = np.random.default_rng(1), 1.959964 * 0.01
    alarms = {0.0: 0, 0.02: 0}
    for drift in alarms:
        for _ in range(1000):
            x = (
                0.9
                + 0.01 * random_source.standard_normal(50)
                + drift * np.linspace(-1, 1, 50)
            )
            alarms[drift] += moved(x, x - half, x + half)
    assert 2 <= alarms[0.0] <= 22  # 10 expected, and four standard deviations
    assert alarms[0.02] > 950


def test_false_alarms_hold_with_jobs_of_several_settings():
    random_source, half = np.random.default_rng(2), 1.959964 * 0.01
    settings_ = [k // 2 % 4 for k in range(24)]
    alarms = 0
    for _ in range(1000):
        x = 0.9 - 0.1 * np.array(settings_) + 0.01 * random_source.standard_normal(24)
        statistic, limit = homogeneity(x, x - half, x + half, settings_)
        alarms += statistic > limit
    assert limit == pytest.approx(chi2.ppf(0.99, 20), rel=0.01)
    assert 1 <= alarms <= 22


def test_what_has_no_interval_does_not_move():
    assert not moved([0.1, 0.9, nan], [None, 0.8, 0.0], [0.2, 1.0, 1.0])
    assert not moved([], [], [])
    assert moved([0.1, 0.9], [0.05, 0.85], [0.15, 0.95])


# On the device --------------------------------------------------------------------


def pictured(index: int) -> list[tuple[int, int]]:
    """The couplings of all neighbours in a customary picture."""
    found = drawn_places(index)
    where = {tuple(place): qubit for qubit, place in enumerate(found)}
    steps = ((1, 0), (0, 1))
    return [
        (qubit, where[(x + a, y + b)])
        for (x, y), qubit in where.items()
        for a, b in steps
        if (x + a, y + b) in where
    ]


def drawn_places(index: int) -> np.ndarray:
    from qexp.figures.places import _numbered, _read

    return [*map(_numbered, NUMBERED), *map(_read, READ)][index]


@pytest.fixture(scope="module")
def terra():
    """Terra's own coordinates, as it hands them to its drawer."""
    from qiskit.visualization import gate_map

    seen = {}

    def note(qubits, coordinates, *_, **__):
        seen[qubits] = coordinates

    class Backend:
        version = 2

        def __init__(self, qubits):
            from qiskit.transpiler import CouplingMap

            self.num_qubits, self.name = qubits, "fake"
            self.coupling_map = CouplingMap.from_line(qubits)

    patch = pytest.MonkeyPatch()
    patch.setattr(gate_map, "plot_coupling_map", note)
    for qubits in (7, 15, 16, 20, 27, 28, 53, 65, 127):
        gate_map.plot_gate_map(Backend(qubits))
    patch.undo()
    return seen


@pytest.mark.parametrize("index", range(len(NUMBERED) + len(READ)))
def test_customary_places_are_those_of_terra(index, terra):
    found = drawn_places(index)
    if len(found) == 5:
        pytest.skip("terra draws the five-qubit T as a cross")
    assert [[-y, x] for x, y in found.tolist()] == terra[len(found)]
    assert np.array_equal(customary(len(found), pictured(index)), found)


def test_another_device_of_a_known_size_is_laid_out_by_its_couplings():
    line = [(k, k + 1) for k in range(26)]
    assert customary(27, line) is None
    found = places(27, line)
    assert np.allclose(np.linalg.norm(np.diff(found, axis=0), axis=1), 1, atol=0.1)
    assert np.ptp(found[:, 1]) < 0.1


def test_a_grid_is_drawn_upright():
    pairs = [(6 * i + j, 6 * i + j + 1) for i in range(4) for j in range(5)]
    pairs += [(6 * i + j, 6 * i + j + 6) for i in range(3) for j in range(6)]
    found = places(24, pairs)
    steps = np.abs(np.array([found[a] - found[b] for a, b in pairs]))
    assert steps.max(axis=1).min() > 0.8
    assert steps.min(axis=1).max() < 0.3
    assert np.ptp(found[:, 0]) > np.ptp(found[:, 1])


def device(couplings, qubits, used):
    layout = list(dict.fromkeys(x for pair in used for x in pair))
    readout: list[float | None] = [0.01 + 0.001 * (k % 30) for k in range(qubits)]
    readout[-1] = None if qubits > 1 else nan
    errors = {pair: 0.005 * (1 + k % 9) for k, pair in enumerate(couplings[1:])}
    return {
        "couplings": couplings,
        "layout": layout,
        "readout": readout,
        "two_qubit": errors,
        "used": used,
        "title": f"ghz-{len(layout)}",
        "subtitle": "calibrated on 2024-03-01",
    }


RING = [(k, (k + 1) % 12) for k in range(12)]
DEVICES = {
    "falcon": device(pictured(0), 27, [(4, 1), (1, 2), (2, 3)]),
    "eagle": device(pictured(9), 127, pictured(9)),
    "ring": device(RING, 12, RING[:2]),
    "two parts": device([(0, 1), (2, 3)], 5, [(0, 1)]),
    "uncoupled": device([], 1, []),
}


@both_widths
@pytest.mark.parametrize("name", DEVICES)
def test_placed_is_legible(name, width):
    check(placed(**DEVICES[name], width=width))


def test_placed_rings_and_numbers_what_is_used():
    figure = placed(**DEVICES["falcon"])
    text = contents(figure)
    assert "Grey: no calibration (1 qubit, 1 coupling)." in text
    axes = figure.axes[-1]
    circles = [patch for patch in axes.patches if isinstance(patch, Circle)]
    ringed = [x for x in circles if isclose(x.get_linewidth(), 1.6)]
    assert (len(circles), len(ringed)) == (27, 4)
    bold = [x.get_text() for x in axes.texts if x.get_weight() == "bold"]
    assert sorted(bold) == ["0", "1", "2", "3"]
    assert sum(len(lines.get_segments()) for lines in axes.collections) == 28 + 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layout": [0, 99]}, "not a layout on 12 qubits"),
        ({"layout": [3, 3]}, "not a layout on 12 qubits"),
        ({"used": [(0, 5)]}, r"does not couple \[\(0, 5\)\]"),
        ({"couplings": [(0, 12)]}, r"12 qubits cannot couple \[12\]"),
    ],
)
def test_placed_refuses_what_the_device_has_not(change, message):
    with pytest.raises(ValueError, match=message):
        placed(**{**DEVICES["ring"], **change})


# All of them ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0.5, 0.4, 0.6), "+0.500 [+0.400, +0.600]"),
        ((-2e-5, -3e-5, -1e-5), "−0.000020 [−0.000030, −0.000010]"),
        ((12345.6, 12000.0, 13000.0), "+12346 [+12000, +13000]"),
        ((nan, 0.0, 1.0), "no estimate"),
    ],
)
def test_estimates_are_written_with_the_digits_of_their_interval(numbers, text):
    assert written(*numbers, signed=True) == text


def test_small_numbers_on_an_axis_are_powers():
    assert plain_number(-2e-5) == "−2×10⁻⁵"


def test_shortened_labels_stay_distinct():
    apart = [f"the_same_beginning_{k}_the_same_end" for k in range(3)]
    assert distinct(apart, SMALL, 0.9) == apart
    assert distinct(["short", "x" * 90], SMALL, 0.9)[1] == f"{'x' * 5}…{'x' * 5}"


@pytest.mark.parametrize(
    "make",
    [
        lambda: forest(FEW, **NAMES),
        lambda: levels(FACTORS[:1], **NAMES),
        lambda: heat("a", "b", [[0.5]], row_option="r", column_option="c", **NAMES),
        lambda: quality_cost(GRID[:6], **NAMES),
        lambda: sentinel(readings(8, 0), **NAMES),
        lambda: placed(**DEVICES["ring"]),
    ],
    ids=["forest", "levels", "heat", "quality_cost", "sentinel", "placed"],
)
def test_same_data_gives_the_same_files(make):
    assert png(make()) == png(make())


@pytest.mark.parametrize("write", [svg, pdf])
def test_vector_files_are_the_same_and_do_not_tell_when(write):
    first = write(placed(**DEVICES["two parts"]))
    assert first == write(placed(**DEVICES["two parts"]))
    for mark in (b"CreationDate", b"Creator", b"Producer", b"dc:date"):
        assert mark not in first
    if write is svg:
        assert ElementTree.fromstring(first).tag.endswith("svg")
    else:
        assert first.startswith(b"%PDF")
        assert b"/Type3" not in first
