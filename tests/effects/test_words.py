"""What is said about a sweep."""

from __future__ import annotations

import re

from qexp.effects import analyse, factor
from qexp.effects.words import number
from tests.effects.tables import DELAY, LEVEL, METHOD, additive, table

ALL = (LEVEL, METHOD, DELAY)


def test_two_sentences_say_what_was_found():
    def value(row):
        return additive({**row, "layout_method": "trivial"})

    frame = table(ALL, value, noise=0.004, seed=1).rename(
        columns={
            "m": "success_probability",
            "m_variance": "success_probability_variance",
        }
    )
    said = analyse(frame, ALL, "success_probability").sentences
    number_ = r"\d\.\d+"
    assert re.fullmatch(
        rf"optimization_level 0 lowers success_probability by {number_} "
        rf"\(95 % {number_} to {number_}\) over 1; .*\. "
        rf"layout_method made no difference that 3 repeats could see: at most {number_}\.",
        said,
    ), said
    assert said.count(". ") == 1


def test_nothing_found_is_said_as_such():
    found = analyse(table(ALL, lambda row: 0.5, noise=0.01, seed=3), ALL, "m")
    assert found.sentences.startswith("No option made a difference to m that 3 repeats")


def test_one_repeat_says_what_its_interval_is():
    said = analyse(table(ALL, additive, noise=0.001, blocks=1), ALL, "m").sentences
    assert "shot noise only) over 1" in said
    assert "rep_delay is undecided: it is confounded with the job" in said


def test_the_same_circuits_are_said_to_be_that():
    frame = table((LEVEL, METHOD), additive, noise=0.01)
    frame["compiled"] = frame["optimization_level"].astype(str)
    said = analyse(frame, (LEVEL, METHOD), "m").sentences
    assert "layout_method did not change the compiled circuits" in said


def test_many_effects_are_counted():
    many = tuple(factor(f"option_{n}", [0, 1]) for n in range(5))

    def value(row):
        return sum((n + 1) * row[f"option_{n}"] for n in range(5))

    frame = table(many, value, noise=0.01, blocks=4)
    frame["job"] = frame["block"]
    said = analyse(frame, many, "m", interactions=False).sentences
    assert said.startswith("option_4 1 raises m by 5.0")
    assert said.endswith("over 0; 2 more options matter.")


def test_numbers_are_as_long_as_they_are_worth():
    shown = [number(x) for x in (0.0453, 0.00084, 12.3, 1234.5, 0.0, 0.5)]
    assert shown == ["0.045", "0.00084", "12", "1234", "0", "0.500"]
