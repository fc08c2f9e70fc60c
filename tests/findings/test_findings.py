"""What a table of points becomes: factors, effects, settings, a page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import parse_qs

import pandas as pd
import pytest
import yaml

from qexp.effects import Factor
from qexp.findings import best, means, pictures, story
from qexp.findings.compared import compared
from qexp.findings.gathered import as_frame, columns, parted
from tests.findings.made import GAIN, findings


def read(row):
    """A row as the table of a sweep has it."""
    return parted([row])[0][0]


def test_values_are_read_from_the_texts_that_mlflow_keeps():
    row = {"point": "p", "a": "3", "b": "5e-05", "c": "True", "d": "None", "e": "0x1"}
    found = read({**row, "circuit": "1", "error": ""})
    assert found["a"] == 3
    assert isinstance(found["a"], int)
    assert found["b"] == 5e-5
    assert found["c"] is True
    assert found["d"] is None
    assert (found["e"], found["circuit"]) == ("0x1", "1")
    assert found["status"] == "finished"
    assert read({**row, "error": "no"})["status"] == "failed"
    assert read({**row, "point": "", "error": "no"})["status"] == "refused"


def test_options_stand_under_their_own_names():
    axes = ["options.shots", "circuit.num_qubits", "backend", "service.noise"]
    assert columns(axes) == ("shots", "circuit.num_qubits", "backend", "service.noise")


def test_levels_stand_as_they_were_declared_whichever_point_ended_first():
    labels = [
        {"options.shots": "300", "options.rep_delay": "5e-5", "backend": "b"},
        {"options.shots": 20, "options.rep_delay": 2.5e-4, "backend": "a"},
        {"options.shots": None, "options.init_qubits": "true"},
    ]
    rows = [
        {"shots": 7, "rep_delay": 2.5e-4, "init_qubits": False, "backend": "a"},
        {"shots": 20, "rep_delay": 5e-5, "init_qubits": True, "backend": "b"},
        {"shots": 300},
    ]
    for ended in (rows, rows[::-1]):
        found = replace(findings().gathered, rows=tuple(ended), labels=tuple(labels))
        assert found.values("shots") == [300, 20, 7]
        assert found.values("rep_delay") == [5e-5, 2.5e-4]
        assert found.values("init_qubits") == [True, False]
        assert found.values("backend") == ["b", "a"]


def test_the_effect_that_was_put_in_is_found():
    found = findings()
    (row,) = [one for one in found.main.effects if one.option == "layout_method"]
    assert row.low < GAIN < row.high
    assert row.decision == "decided"
    assert found.sentences.startswith("layout_method dense raises score by 0.05")
    assert "optimization_level" in found.sentences
    assert "".join(found.effects_csv()) == found.effects.to_csv(index=False)
    assert list(found.effects.columns)[:4] == ["metric", "option", "level", "reference"]


def test_nothing_varies():
    found = findings()
    rows = [row for row in found.gathered.rows if row["layout_method"] == "dense"]
    same = tuple({**row, "optimization_level": 1} for row in rows)
    object.__setattr__(found.gathered, "rows", same)
    assert found.factors == ()
    assert found.sentences == ""
    assert "Nothing varies" in story.page_of([found])


def test_the_best_settings_can_be_declared_and_typed():
    winner = findings().main.best.winner
    assert winner.options["layout_method"] == "dense"
    declared = yaml.safe_load(best.as_yaml(winner))
    assert declared["options"]["layout_method"] == "dense"
    assert "options.layout_method=dense" in best.as_overrides(winner)


def test_a_method_that_is_not_set_is_typed_as_null():
    winner = findings(repeats=2).main.best.settings[-1]
    assert winner.options["layout_method"] == "default"
    assert best.settings(winner)["options.layout_method"] is None
    assert "options.layout_method=null" in best.as_overrides(winner)


def test_the_reference_is_shown_where_it_is_not_the_best():
    found = findings()
    taken = found.chosen
    assert taken["best"][0] == found.main.best.winner.options
    winner = taken["best"][0]["optimization_level"]
    assert taken["best"][1] == [f"{block}-{winner}-dense" for block in range(4)]
    level, layout = (one.reference for one in found.factors)
    assert taken["reference"][1] == [f"{block}-{level}-{layout}" for block in range(4)]


def test_means_have_intervals_of_t_over_repeats():
    table = findings(repeats=3).gathered.frame
    found = means.by_level(table, "layout_method", ("default", "dense"), "score")
    gap = found["dense"].value - found["default"].value
    assert gap == pytest.approx(GAIN, abs=0.003)
    blocks = table[table.layout_method == "dense"].groupby("block").score.mean()
    half = 4.302653 * blocks.std() / 3**0.5
    assert found["dense"].high - found["dense"].value == pytest.approx(half)


def test_two_sweeps_are_compared_row_by_row():
    one, other = findings(sweep="a"), findings(sweep="b", seed=2)
    rows = {(row.option, row.level): row for row in compared([one, other])}
    value, low, high = rows["layout_method", "dense"].difference
    assert low < 0 < high
    assert value == pytest.approx(0, abs=0.01)
    page = story.page_of([one, other])
    assert "Side by side" in page
    assert page.count("<h2>") == 3
    assert compared([one]) == []


def test_a_page_is_whole_in_itself_and_escapes_what_it_quotes():
    found = findings()
    rows = found.gathered.rows
    bad = {**rows[0], "status": "failed", "error": "<script>no</script>", "score": None}
    object.__setattr__(found.gathered, "rows", (bad, *rows[1:]))
    page = story.page_of([found])
    assert "<script>no" not in page
    assert "&lt;script&gt;no" in page
    assert "http" not in page
    assert page.count("data:image/png;base64,") >= 2
    assert "1 of" in page  # the pair that is left out is told


def linked(address):
    """The runs that a link to MLflow's Compare page names, and its text."""
    text, query = re.fullmatch(r"\[(.+)\]\(#/compare-runs\?(\S+)\)", address).groups()
    asked = parse_qs(query)
    assert json.loads(asked["experiments"][0]) == ["7"]
    return text, json.loads(asked["runs"][0])


def test_a_link_compares_all_points_or_those_of_the_first_repeat():
    runs = [(block, f"{cell:031}{block}") for cell in range(40) for block in range(3)]
    text, named = linked(story.compared_in_mlflow("7", runs[:90]))
    assert text == "Compare its 90 points"
    assert named == [run for _, run in runs[:90]]
    text, named = linked(story.compared_in_mlflow("7", runs))
    assert text == "Compare the 40 points of its first repeat"
    assert named == [run for block, run in runs if block == 0]
    assert len(story.compared_in_mlflow("7", runs[:100])) < 5000  # of a tag's 8000
    assert story.compared_in_mlflow("7", [(0, f"{n}") for n in range(101)]) == ""
    assert story.compared_in_mlflow("7", runs[:1]) == ""


def test_a_page_says_what_was_the_same_and_what_an_undecided_row_needs():
    page = story.page_of([findings(repeats=2, **{"circuit.variant": "linear"})])
    varied, _, same = page.partition("the same in all")
    assert "<td>layout_method</td><td>default, dense</td>" in varied
    assert "<td>circuit.num_qubits</td><td>5</td>" in same
    assert "<td>circuit.variant</td><td>linear</td>" in same
    same, _, effects = same.partition("<h3>")
    assert "optimization_level" not in same
    assert "class=number>decided</td>" in effects
    assert re.search(r'colspan="5">\d+ repeats would decide a difference', page)
    assert re.search(r"None of the 2 two-way interactions\s+could be told", effects)


def test_beside_each_other_numbers_are_in_their_own_order_and_names_as_declared():
    numbers = Factor("optimization_level", (1, 0, 3), "compile")
    assert pictures._ascending(numbers).levels == (0, 1, 3)
    for levels in (("trivial", "dense"), (True, False)):
        names = Factor("layout_method", levels, "compile")
        assert pictures._ascending(names) is names


@pytest.mark.parametrize(
    ("shots", "words"),
    [
        ([4000], "4,000 shots"),
        ([8192, 1024, 8192], "1,024 or 8,192 shots"),
        (range(1000, 1300), "1,000 to 1,299 shots"),
        ([None], ""),
    ],
)
def test_shots_are_told_one_by_one_where_they_are_few(shots, words):
    rows = tuple({"shots": one, "status": "finished"} for one in shots)
    assert replace(findings().gathered, rows=rows).shots == words


def test_a_table_of_rows_is_what_pandas_makes_of_them():
    rows = [
        {"n": 1, "flag": True, "text": "x", "real": 0.5, "none": None, "mixed": 1},
        {"n": 2, "flag": None, "text": None, "real": None, "none": None, "mixed": "d"},
        {"n": 3, "flag": False, "real": 2, "later": 4},
    ]
    pd.testing.assert_frame_equal(as_frame(rows), pd.DataFrame(rows))
    assert list(as_frame(rows, {"n", "later", "other"})) == ["n", "later"]


def test_of_many_effects_those_are_listed_that_chance_explains_least(monkeypatch):
    found = findings()
    own = [
        f"<td>{row.level} against {row.reference}</td>" for row in found.main.effects
    ]
    page = story.plain_page(found)["report.html"].decode()
    assert all(row in page for row in own)
    assert "more, with p-values" not in page
    monkeypatch.setattr("qexp.findings.page.LISTED", 1)
    page = story.plain_page(found)["report.html"].decode()
    assert [row in page for row in own] == ["dense" in row for row in own]
    assert f"{len(own) - 1} more, with p-values no smaller" in page
