"""What reaches a person: real warnings, and no chatter of libraries."""

from __future__ import annotations

import warnings

from qexp.shown.screen import Screen, without_chatter
from tests.conftest import qexp_process


def test_a_real_warning_is_one_line_and_chatter_is_none(capfd):
    with without_chatter(Screen()), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("the qubit is on fire", UserWarning, stacklevel=1)
        warnings.warn("use something else", DeprecationWarning, stacklevel=1)
        warnings.warn("soon", FutureWarning, stacklevel=1)
    out, err = capfd.readouterr()
    assert err == "warning: the qubit is on fire\n"
    assert out == ""


def test_a_deprecated_pass_is_silent(ready):
    finished = qexp_process(
        "+experiment=ghz",
        "backend=ibmq_manila",
        "options.layout_method=noise_adaptive",
        "options.routing_method=stochastic",
        "tracking.pictures=none",
        cwd=ready,
    )
    assert finished.status == 0
    assert finished.err == ""


def test_tables_in_a_pipe_are_not_cut(capfd):
    screen = Screen()
    screen.table(["name", "value"], [["x" * 150, "y"]])
    assert "x" * 150 in capfd.readouterr().out


def test_progress_is_silent_in_a_pipe(capfd):
    with Screen().step("working"):
        pass
    assert capfd.readouterr() == ("", "")


def test_what_looks_like_markup_is_printed_as_it_is(capfd):
    screen = Screen()
    screen.error("[red]options.shots[/red] = [1, 2]")
    screen.table(["metric"], [["[bold]x"]])
    out, err = capfd.readouterr()
    assert "[red]options.shots[/red] = [1, 2]" in err
    assert "[bold]x" in out
