from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import hellinger_fidelity as qiskit_fidelity
from scipy.special import gammaln, xlogy

from qexp.metrics import (
    Score,
    hellinger_fidelity,
    hellinger_fidelity_of,
    normalised_hellinger,
    normalised_hellinger_of,
    success_probability,
    success_probability_of,
    total_variation_distance,
    total_variation_distance_of,
)
from qexp.metrics.interval import distance_interval
from qexp.metrics.root import unbiased_root
from qexp.metrics.score import wilson

REPEATS = 2_000
SEED = 71
LEAST, MOST = 0.94, 0.965
BIASED = "biased at these shots"

Counts = dict[str, int]
Distribution = dict[str, float]


def names(width: int) -> list[str]:
    return [format(index, f"0{width}b") for index in range(2**width)]


def named(weights: np.ndarray) -> Distribution:
    width = int(math.log2(len(weights)))
    return dict(zip(names(width), (weights / weights.sum()).tolist(), strict=True))


def random_weights(width: int) -> np.ndarray:
    return np.random.default_rng(1).exponential(size=2**width)


def peaks(width: int, places: list[int]) -> np.ndarray:
    weights = np.zeros(2**width)
    weights[places] = 1
    return weights


@cache
def ideal_of(name: str) -> tuple[tuple[str, float], ...]:
    weights = {
        "ghz-5": lambda: peaks(5, [0, 31]),
        "w-5": lambda: peaks(5, [1, 2, 4, 8, 16]),
        "uniform-5": lambda: np.ones(32),
        "random-6": lambda: random_weights(6),
        "random-10": lambda: random_weights(10),
    }
    return tuple(named(weights[name]()).items())


def with_noise(ideal: Distribution, noise: float) -> Distribution:
    return {key: (1 - noise) * p + noise / len(ideal) for key, p in ideal.items()}


def device_of(name: str, kind: str) -> Distribution:
    ideal = dict(ideal_of(name))
    if kind == "lopsided":
        rest = dict.fromkeys(ideal, 0.08 / 30)
        return rest | {"00000": 0.49, "11111": 0.43}
    return with_noise(ideal, {"ideal": 0.0, "noisy": 0.1, "very noisy": 0.3}[kind])


def repeats(
    device: Distribution, shots: int, number: int = REPEATS, seed: int = SEED
) -> Iterator[Counts]:
    keys, weights = list(device), np.array(list(device.values()))
    source = np.random.default_rng(seed)
    for sample in source.multinomial(shots, weights / weights.sum(), size=number):
        seen = np.flatnonzero(sample)
        yield {keys[place]: int(sample[place]) for place in seen}


def coverage(scores: list[Score], truth: float) -> float:
    held = [
        score.low - 1e-9 <= truth <= score.high + 1e-9
        for score in scores
        if score.low is not None and score.high is not None
    ]
    assert len(held) == len(scores)
    return sum(held) / len(held)


def poisson(rates: np.ndarray, largest: int) -> np.ndarray:
    count = np.arange(largest)
    return np.exp(xlogy(count, rates[:, None]) - rates[:, None] - gammaln(count + 1))


# Definitions


@pytest.mark.parametrize("seed", range(20))
def test_plugin_equals_qiskit(seed: int) -> None:
    source = np.random.default_rng(seed)
    width, shots = int(source.integers(1, 7)), int(source.integers(1, 3000))
    weights = source.exponential(size=2**width) * (source.random(2**width) < 0.7)
    weights[0] += 0.1
    ideal = named(weights)
    device = with_noise(ideal, 0.3)
    counts = next(repeats(device, shots, 1, seed))

    score = hellinger_fidelity(counts, ideal)

    assert score.plugin == pytest.approx(qiskit_fidelity(counts, ideal), abs=1e-9)


def test_values_by_hand() -> None:
    bell = {"00": 0.5, "11": 0.5}
    device = {"00": 0.5, "01": 0.5}

    assert hellinger_fidelity_of(device, bell) == pytest.approx(0.25)
    assert total_variation_distance_of(device, bell) == pytest.approx(0.5)
    assert normalised_hellinger_of(device, bell) == 0
    assert success_probability_of(device, {"00", "11"}) == pytest.approx(0.5)
    assert normalised_hellinger_of({"00": 0.9, "01": 0.1}, {"00": 1.0}) == (
        pytest.approx((0.9 - 0.25) / 0.75)
    )


def test_counts_by_hand() -> None:
    counts, bell = {"00": 600, "11": 300, "01": 100}, {"00": 0.5, "11": 0.5}

    assert hellinger_fidelity(counts, bell).plugin == pytest.approx(
        (math.sqrt(0.3) + math.sqrt(0.15)) ** 2
    )
    assert total_variation_distance(counts, bell).plugin == pytest.approx(0.2)
    assert success_probability(counts, ["00", "11"]).value == pytest.approx(0.9)


def test_wilson_by_hand() -> None:
    assert wilson(8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-6)
    assert wilson(0, 10) == pytest.approx((0, 0.277533), abs=1e-6)


@pytest.mark.parametrize("name", ["ghz-5", "w-5", "random-6", "random-10"])
def test_ideal_and_useless_devices(name: str) -> None:
    ideal = dict(ideal_of(name))
    uniform = dict.fromkeys(ideal, 1 / len(ideal))

    assert normalised_hellinger_of(ideal, ideal) == pytest.approx(1)
    assert normalised_hellinger_of(uniform, ideal) == pytest.approx(0, abs=1e-9)
    assert hellinger_fidelity_of(ideal, ideal) == pytest.approx(1)
    assert total_variation_distance_of(ideal, ideal) == 0


@pytest.mark.parametrize("name", ["ghz-5", "w-5", "random-6"])
def test_ideal_and_useless_counts(name: str) -> None:
    ideal = dict(ideal_of(name))
    shots = 100_000
    useless = normalised_hellinger(dict.fromkeys(ideal, shots // len(ideal)), ideal)
    perfect = normalised_hellinger(next(repeats(ideal, shots, 1)), ideal)

    assert useless is not None
    assert perfect is not None
    assert useless.value == pytest.approx(0, abs=0.002)
    assert perfect.value == pytest.approx(1, abs=0.002)


def test_a_uniform_ideal_has_no_normalised_score() -> None:
    ideal = dict(ideal_of("uniform-5"))

    assert normalised_hellinger({"00000": 5}, ideal) is None
    assert normalised_hellinger_of({"00000": 1.0}, ideal) is None


def test_the_normalised_score_is_the_fidelity_moved() -> None:
    ideal = dict(ideal_of("random-6"))
    useless = hellinger_fidelity_of(dict.fromkeys(ideal, 1 / 64), ideal)
    for counts in repeats(with_noise(ideal, 0.2), 1024, 20):
        plain = hellinger_fidelity(counts, ideal)
        moved = normalised_hellinger(counts, ideal)
        assert moved is not None
        for field in ("value", "low", "high", "plugin"):
            expected = (getattr(plain, field) - useless) / (1 - useless)
            assert getattr(moved, field) == pytest.approx(expected)


def test_one_answer_is_a_success_probability() -> None:
    counts = {"101": 900, "111": 60, "001": 64}
    fidelity = hellinger_fidelity(counts, {"101": 1.0, "000": 0.0})
    success = success_probability(counts, {"101"})

    assert (fidelity.value, fidelity.low, fidelity.high) == (
        success.value,
        success.low,
        success.high,
    )
    assert fidelity.ideal == success.ideal == 1


def test_success_expected_from_the_ideal_distribution() -> None:
    ideal = {"00": 0.7, "01": 0.2, "10": 0.1}

    score = success_probability({"00": 8, "01": 2}, ["00", "01"], ideal)

    assert score.ideal == pytest.approx(0.9)


# Properties

weights_of_three_bits = st.lists(st.integers(0, 50), min_size=8, max_size=8).filter(any)
counts_of_three_bits = st.lists(st.integers(0, 400), min_size=8, max_size=8).filter(any)


def scores_of(counts: Counts, ideal: Distribution) -> list[Score]:
    found = [
        hellinger_fidelity(counts, ideal),
        total_variation_distance(counts, ideal),
        success_probability(counts, {key for key, p in ideal.items() if p > 0}),
        normalised_hellinger(counts, ideal),
    ]
    return [score for score in found if score is not None]


@settings(max_examples=200, deadline=None)
@given(weights_of_three_bits, counts_of_three_bits)
def test_scores_stay_in_range(weights: list[int], observed: list[int]) -> None:
    ideal = named(np.array(weights, float))
    counts = dict(zip(names(3), observed, strict=True))
    for score in scores_of(counts, ideal):
        assert 0 <= score.value <= 1
        assert 0 <= score.plugin <= 1
        assert 0 <= score.ideal <= 1 + 1e-12
        if score.low is None or score.high is None:
            assert (score.low, score.high, score.note) == (None, None, BIASED)
            assert score.value == score.plugin
        else:
            assert 0 <= score.low <= score.value <= score.high <= 1
            assert score.note is None


@settings(max_examples=100, deadline=None)
@given(weights_of_three_bits, counts_of_three_bits, st.permutations(names(3)))
def test_relabelling_changes_nothing(
    weights: list[int], observed: list[int], order: list[str]
) -> None:
    ideal = named(np.array(weights, float))
    before = scores_of(dict(zip(names(3), observed, strict=True)), ideal)
    relabelled = dict(zip(order, ideal.values(), strict=True))
    after = scores_of(dict(zip(order, observed, strict=True)), relabelled)
    for one, other in zip(before, after, strict=True):
        assert one.value == pytest.approx(other.value, abs=1e-9)
        assert one.ideal == pytest.approx(other.ideal, abs=0.02)
        assert one.low == (None if other.low is None else pytest.approx(other.low))
        assert one.high == (None if other.high is None else pytest.approx(other.high))


def test_zero_entries_change_nothing() -> None:
    counts = {"00": 500, "11": 480, "01": 20}
    full = {"00": 0.5, "11": 0.5, "01": 0.0, "10": 0.0}
    short = {"00": 0.5, "11": 0.5}

    assert hellinger_fidelity(counts, full) == hellinger_fidelity(counts, short)
    assert hellinger_fidelity(counts | {"10": 0}, full) == (
        hellinger_fidelity(counts, short)
    )
    assert total_variation_distance(counts, full) == (
        total_variation_distance(counts, short)
    )


@pytest.mark.filterwarnings("error")
def test_extremes() -> None:
    disjoint = hellinger_fidelity({"11": 100}, {"00": 0.5, "01": 0.5})
    lost = total_variation_distance({"1": 1}, {"0": 1.0})
    kept = total_variation_distance({"0": 1}, {"0": 1.0})

    assert (disjoint.plugin, disjoint.low) == (0, 0)
    assert (lost.value, kept.value) == (1, 0)


def test_the_result_is_the_same_every_time() -> None:
    ideal = dict(ideal_of("random-6"))
    counts = next(repeats(ideal, 20, 1))

    assert hellinger_fidelity(counts, ideal) == hellinger_fidelity(counts, ideal)


# What an ideal device would get


@pytest.mark.parametrize("shots", [1, 10, 30, 100, 1024])
@pytest.mark.parametrize("name", ["ghz-5", "w-5", "uniform-5", "random-6"])
def test_ideal_is_the_mean_plugin_of_ideal_samples(name: str, shots: int) -> None:
    ideal = dict(ideal_of(name))
    weights = np.array(list(ideal.values()))
    seen = np.random.default_rng(5).multinomial(shots, weights, size=10_000) / shots
    fidelity = (np.sqrt(seen) @ np.sqrt(weights)) ** 2
    distance = np.abs(seen - weights).sum(axis=1) / 2
    useless = hellinger_fidelity_of(dict.fromkeys(ideal, 1 / len(ideal)), ideal)
    counts = {next(iter(ideal)): shots}

    def close(expected: float, samples: np.ndarray, slack: float) -> None:
        error = float(samples.std()) / 100
        assert expected == pytest.approx(samples.mean(), abs=4 * error + slack)

    close(hellinger_fidelity(counts, ideal).ideal, fidelity, 0.0005)
    close(total_variation_distance(counts, ideal).ideal, distance, 1e-9)
    moved = normalised_hellinger(counts, ideal)
    if moved is not None:
        scaled = np.maximum((fidelity - useless) / (1 - useless), 0)
        close(moved.ideal, scaled, 0.005)


# The parts of the estimate


def test_the_root_is_nearly_unbiased() -> None:
    rates = np.linspace(0.3, 60, 1000)
    mean = poisson(rates, 200) @ unbiased_root(np.arange(200.0))
    off = np.abs(mean - np.sqrt(rates))

    assert off.max() < 0.0071
    assert off[rates > 1].max() < 0.0022
    assert off[rates > 2.5].max() < 0.0007


@pytest.mark.parametrize("freedom", [1.0, 31.0, 1500.0])
@pytest.mark.parametrize("distance", [0.0, 5.0, 100.0])
def test_the_distance_interval_covers(freedom: float, distance: float) -> None:
    source = np.random.default_rng(3)
    drawn = source.noncentral_chisquare(freedom, distance + 1e-12, size=REPEATS)
    ends = [distance_interval(one - freedom, freedom) for one in drawn]

    held = np.mean([low <= distance + 1e-9 <= high + 2e-9 for low, high in ends])

    assert LEAST <= held <= 0.97


# Coverage

SITUATIONS = [
    ("ghz-5", "ideal"),
    ("ghz-5", "noisy"),
    ("ghz-5", "lopsided"),
    ("uniform-5", "ideal"),
    ("random-6", "ideal"),
    ("random-6", "noisy"),
]


@pytest.mark.parametrize("shots", [1024, 8192])
@pytest.mark.parametrize(("name", "kind"), SITUATIONS)
def test_hellinger_covers_the_infinite_shot_score(
    name: str, kind: str, shots: int
) -> None:
    ideal, device = dict(ideal_of(name)), device_of(name, kind)
    truth = hellinger_fidelity_of(device, ideal)

    scores = [hellinger_fidelity(counts, ideal) for counts in repeats(device, shots)]

    assert LEAST <= coverage(scores, truth) <= MOST


@pytest.mark.parametrize("kind", ["ideal", "noisy"])
def test_hellinger_covers_a_thousand_outcomes(kind: str) -> None:
    ideal, device = dict(ideal_of("random-10")), device_of("random-10", kind)
    truth = hellinger_fidelity_of(device, ideal)

    scores = [hellinger_fidelity(counts, ideal) for counts in repeats(device, 8192)]

    assert LEAST <= coverage(scores, truth) <= MOST


@pytest.mark.parametrize("kind", ["ideal", "noisy", "very noisy"])
def test_too_many_outcomes_are_refused_in_every_repeat(kind: str) -> None:
    ideal, device = dict(ideal_of("random-10")), device_of("random-10", kind)
    for counts in repeats(device, 1024, 50):
        score = hellinger_fidelity(counts, ideal)
        moved = normalised_hellinger(counts, ideal)
        assert moved is not None
        assert (score.low, score.high, score.note) == (None, None, BIASED)
        assert (moved.low, moved.high, moved.note) == (None, None, BIASED)
        assert score.value == score.plugin


@pytest.mark.parametrize("shots", [1024, 8192])
@pytest.mark.parametrize("name", ["ghz-5", "random-6"])
def test_normalised_covers_the_infinite_shot_score(name: str, shots: int) -> None:
    ideal, device = dict(ideal_of(name)), device_of(name, "noisy")
    truth = normalised_hellinger_of(device, ideal)
    assert truth is not None

    found = [normalised_hellinger(counts, ideal) for counts in repeats(device, shots)]

    scores = [score for score in found if score is not None]
    assert len(scores) == REPEATS
    assert LEAST <= coverage(scores, truth) <= MOST


@pytest.mark.parametrize("shots", [1024, 8192])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("ghz-5", "ideal"), ("ghz-5", "noisy"), ("ghz-5", "lopsided")],
)
def test_distance_covers_the_infinite_shot_score(
    name: str, kind: str, shots: int
) -> None:
    ideal, device = dict(ideal_of(name)), device_of(name, kind)
    truth = total_variation_distance_of(device, ideal)

    scores = [
        total_variation_distance(counts, ideal)
        for counts in repeats(device, shots, 10_000)
    ]

    assert LEAST <= coverage(scores, truth) <= MOST


def test_distance_covers_where_every_sign_is_settled() -> None:
    ideal, device = dict(ideal_of("w-5")), device_of("w-5", "very noisy")
    truth = total_variation_distance_of(device, ideal)

    scores = [
        total_variation_distance(counts, ideal)
        for counts in repeats(device, 8192, 10_000)
    ]

    assert LEAST <= coverage(scores, truth) <= MOST


@pytest.mark.parametrize("shots", [300, 400, 500])
def test_distance_covers_where_only_some_repeats_give_an_interval(shots: int) -> None:
    ideal, device = dict(ideal_of("w-5")), device_of("w-5", "very noisy")
    truth = total_variation_distance_of(device, ideal)

    found = [total_variation_distance(one, ideal) for one in repeats(device, shots)]

    given = [score for score in found if score.low is not None]
    assert 0.05 < len(given) / len(found) < 0.95
    assert coverage(given, truth) >= LEAST


@pytest.mark.parametrize("shots", [1024, 8192])
@pytest.mark.parametrize("kind", ["ideal", "noisy"])
@pytest.mark.parametrize("name", ["uniform-5", "random-6", "random-10"])
def test_distance_is_refused_where_signs_are_unsettled(
    name: str, kind: str, shots: int
) -> None:
    ideal, device = dict(ideal_of(name)), device_of(name, kind)
    for counts in repeats(device, shots, 200):
        score = total_variation_distance(counts, ideal)
        assert (score.low, score.note) == (None, BIASED)
        assert score.value == score.plugin


@pytest.mark.parametrize("truth", [0.5, 0.9, 0.99])
def test_success_covers_the_infinite_shot_score(truth: float) -> None:
    device = {"0": truth, "1": 1 - truth}

    scores = [success_probability(one, {"0"}) for one in repeats(device, 1024)]

    assert 0.935 <= coverage(scores, truth) <= 0.97


def test_a_plain_bootstrap_fails_where_ours_holds() -> None:
    ideal, device = dict(ideal_of("random-6")), device_of("random-6", "noisy")
    truth = hellinger_fidelity_of(device, ideal)
    samples, shots = list(repeats(device, 1024, 300)), 1024
    roots = np.sqrt(np.array(list(ideal.values())))
    source = np.random.default_rng(8)

    def bootstrap(counts: Counts) -> bool:
        share = np.array([counts.get(key, 0) for key in ideal]) / shots
        again = source.multinomial(shots, share, size=300) / shots
        low, high = np.quantile((np.sqrt(again) @ roots) ** 2, [0.025, 0.975])
        return bool(low <= truth <= high)

    ours = coverage([hellinger_fidelity(counts, ideal) for counts in samples], truth)

    assert sum(map(bootstrap, samples)) < 0.05 * len(samples)
    assert ours > 0.92


def test_the_estimate_is_nearer_than_the_plugin() -> None:
    ideal, device = dict(ideal_of("random-6")), device_of("random-6", "noisy")
    truth = hellinger_fidelity_of(device, ideal)

    scores = [hellinger_fidelity(one, ideal) for one in repeats(device, 1024, 500)]

    plugin = np.mean([score.plugin for score in scores])
    value = np.mean([score.value for score in scores])
    assert abs(value - truth) < 0.1 * abs(plugin - truth)


# Bad input


@pytest.mark.parametrize(
    ("counts", "ideal", "message"),
    [
        ({}, {"0": 1.0}, "no shots"),
        ({"0": 0, "1": 0}, {"0": 1.0}, "no shots"),
        ({"0": -3, "1": 9}, {"0": 1.0}, "'0': -3"),
        ({"0": 1.5}, {"0": 1.0}, "'0': 1.5"),
        ({"0": 3}, {}, "empty"),
        ({"0": 3}, {"0": 0.9}, "0.9"),
        ({"0": 3}, {"0": 1.2, "1": -0.2}, "'1': -0.2"),
        ({"0": 3}, {"0": math.nan}, "nan"),
        ({"0": 3, "11": 4}, {"0": 1.0}, "'11'"),
        ({"0": 3}, {"00": 1.0}, "'00'"),
        ({"0x1": 3}, {"000": 1.0}, "'0x1'"),
        ({"": 3}, {"": 1.0}, "''"),
    ],
)
def test_bad_input_is_named(
    counts: dict[str, int], ideal: dict[str, float], message: str
) -> None:
    for metric in (hellinger_fidelity, normalised_hellinger, total_variation_distance):
        with pytest.raises(ValueError, match=message):
            metric(counts, ideal)


@pytest.mark.parametrize(
    ("counts", "answers", "message"),
    [
        ({"00": 3}, [], "empty"),
        ({"00": 3}, ["0"], "'0'"),
        ({"00": 3}, "00", "'00'"),
        ({}, ["00"], "no shots"),
        ({"00": -1}, ["00"], "-1"),
    ],
)
def test_bad_answers_are_named(
    counts: dict[str, int], answers: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        success_probability(counts, answers)


def test_a_sum_within_rounding_is_accepted() -> None:
    score = hellinger_fidelity({"0": 10, "1": 10}, {"0": 0.5, "1": 0.5 + 5e-7})

    assert score.plugin == pytest.approx(1)


@pytest.mark.parametrize(
    "metric",
    [hellinger_fidelity_of, normalised_hellinger_of, total_variation_distance_of],
)
def test_known_distributions_are_checked(metric) -> None:
    with pytest.raises(ValueError, match=r"0\.4"):
        metric({"0": 0.4}, {"0": 1.0})
    with pytest.raises(ValueError, match=r"-0\.1"):
        metric({"0": 1.1, "1": -0.1}, {"0": 1.0})
    with pytest.raises(ValueError, match="widths differ"):
        metric({"00": 1.0}, {"0": 1.0})


def test_rounding_below_zero_in_a_known_distribution_is_accepted() -> None:
    found = hellinger_fidelity_of({"0": 1.0, "1": -1e-12}, {"0": 1.0})

    assert found == pytest.approx(1)
