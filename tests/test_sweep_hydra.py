"""Sweeps by `-m`: what Hydra can write, what a grid adds, what is refused."""

from __future__ import annotations

import itertools
import os

import pytest

from tests.sweeps import FAST, MANILA, Logged

TWO_LEVELS = "grid:\n  options.optimization_level: [0, 1]\n"
QUBITS = "circuit.num_qubits=2,3"


@pytest.fixture
def mine(ready):
    """Writes an experiment of one's own, `mine`, and gives the arguments for it."""

    def write(text: str, *more: str) -> list[str]:
        file = ready / "conf/experiment/mine.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# @package _global_\ndefaults: [ghz]\n{text}")
        return ["+experiment=mine", *FAST[1:], *more]

    return write


@pytest.fixture
def planned(qexp):
    """The labels of the cells that a command line would run, without running them."""
    import json

    def plan(*arguments: str) -> list[dict[str, str]]:
        finished = qexp("plan", "--json", *arguments)
        assert finished.status == 0, finished.err
        cells = [one["cell"] for one in json.loads(finished.out)["points"]]
        return sorted(cells, key=str)

    return plan


def product(**values):
    keys = [key.replace("__", ".") for key in values]
    rows = itertools.product(*values.values())
    return sorted((dict(zip(keys, row, strict=True)) for row in rows), key=str)


def refused(finished, *words):
    assert finished.status == 2, finished.out + finished.err
    assert finished.err.startswith("error: ")
    for word in words:
        assert word in finished.err, finished.err


def test_a_list_of_values_is_one_sweep(ready, qexp):
    finished = qexp(*MANILA, QUBITS)
    assert finished.status == 0, finished.err
    assert finished.err == ""
    logged = Logged(ready)
    assert logged.experiments == ["ghz"]
    assert logged.parent.info.status == "FINISHED"
    assert logged.statuses == ["FINISHED"] * 2
    assert logged.values("circuit.num_qubits") == ["2", "3"]
    assert {path.name for path in ready.iterdir()} == {".qexp", "mlflow.db", "mlruns"}


@pytest.mark.parametrize(
    ("sweep", "expected"),
    [
        ("circuit.num_qubits=range(2,5)", product(circuit__num_qubits="234")),
        ("circuit.num_qubits=choice(2,4)", product(circuit__num_qubits="24")),
        (
            "circuit.variant=glob([l*,s*])",
            None,  # a glob is of groups only
        ),
        ("options.rep_delay=0,1e-4", product(options__rep_delay=["0", "0.0001"])),
        ("backend=glob(ibmq_l*)", product(backend=["ibmq_lima", "ibmq_london"])),
        (
            "backend=ibmq_lima,ibmq_quito",
            product(backend=["ibmq_lima", "ibmq_quito"]),
        ),
        (
            "options.initial_layout=[0,1],[1,2]",
            product(options__initial_layout=["[0,1]", "[1,2]"]),
        ),
    ],
)
def test_hydra_s_ways_to_write_a_sweep(folder, planned, qexp, sweep, expected):
    arguments = [*MANILA, "circuit.num_qubits=2", sweep]
    if expected is None:
        refused(qexp("plan", *arguments))
    else:
        assert planned(*arguments) == expected


def test_sweeps_of_groups_and_values_multiply(folder, planned):
    cells = planned(
        *MANILA,
        "backend=ibmq_lima,ibmq_quito",
        "service=local",
        "options.init_qubits=false,true",
    )
    assert cells == product(
        backend=["ibmq_lima", "ibmq_quito"], options__init_qubits=["false", "true"]
    )


def test_an_override_of_a_group_s_value_holds_for_every_choice(folder, planned, qexp):
    arguments = ["backend=ibmq_montreal,ibm_cairo", "options.rep_delay=1e-4,2e-4"]
    cells = planned(*MANILA, "+backend.declared.max_shots=50000", *arguments)
    assert len(cells) == 4
    assert {cell["backend"] for cell in cells} == {"ibmq_montreal", "ibm_cairo"}


def test_a_grid_and_m_multiply(ready, qexp, mine):
    finished = qexp("-m", *mine(TWO_LEVELS), QUBITS)
    assert finished.status == 0, finished.err
    logged = Logged(ready)
    assert logged.parent.info.status == "FINISHED"
    points = sorted(
        (run.data.params["circuit.num_qubits"], run.data.params["optimization_level"])
        for run in logged.children
    )
    assert points == [("2", "0"), ("2", "1"), ("3", "0"), ("3", "1")]
    assert logged.parent.data.params["points"] == "4"


PARAMS = """
hydra:
  sweeper:
    params:
      circuit.num_qubits: 2,3
      options.init_qubits: choice(false,true)
"""


def test_the_sweeper_s_params_may_stand_in_an_experiment(ready, planned, mine):
    both = product(circuit__num_qubits="23", options__init_qubits=["false", "true"])
    assert planned("-m", *mine(PARAMS)) == both
    replaced = planned("-m", *mine(PARAMS), "circuit.num_qubits=4,5")
    assert {cell["circuit.num_qubits"] for cell in replaced} == {"4", "5"}


def test_the_sweeper_s_params_may_stand_on_the_command_line(folder, planned):
    params = "+hydra.sweeper.params={circuit.num_qubits:'2,3'}"
    given = planned(*MANILA, params.replace("+", ""))
    assert given == product(circuit__num_qubits="23")


NESTED = (
    "grid:\n  options:\n    init_qubits: [true]\n  options.rep_delay: [0.0, 2e-4]\n"
)
DOTTED = "grid:\n  options.rep_delay: [0.0, 2e-4]\n"
DELAYS = product(options__rep_delay=["0", "0.0001"])


@pytest.mark.parametrize("flags", [[], ["-m"]])
@pytest.mark.parametrize(
    "override",
    [
        "grid.options.rep_delay=[0,1e-4]",
        "+grid.options.rep_delay=[0,1e-4]",
        "++grid.options.rep_delay=[0,1e-4]",
        "grid={options.rep_delay:[0,1e-4]}",
        "grid={options:{rep_delay:[0,1e-4]}}",
        "grid.options={rep_delay:[0,1e-4]}",
    ],
)
@pytest.mark.parametrize("declared", ["", DOTTED, NESTED])
def test_a_grid_on_the_command_line_replaces_what_a_file_says(
    ready, qexp, mine, flags, override, declared
):
    """It works, or it is an error: it is never ignored."""
    finished = qexp("plan", "--json", *flags, *mine(declared), override)
    if finished.status == 0:
        import json

        cells = [one["cell"] for one in json.loads(finished.out)["points"]]
        found = sorted({cell["options.rep_delay"] for cell in cells})
        assert found in (["0", "0.0001"], ["0.0", "0.0001"])
    else:  # what is there already cannot be added, as Hydra has it
        assert override.startswith("+grid")
        refused(finished, "grid.options.rep_delay")


def test_an_axis_may_be_added_on_the_command_line(ready, planned, mine):
    cells = planned(*mine(DOTTED), "grid.circuit.num_qubits=[2,3]")
    assert len(cells) == 4
    assert planned(*FAST, "+grid.circuit.num_qubits=[2,3]") == product(
        circuit__num_qubits="23"
    )


def test_several_grids_may_be_swept_over(folder, planned):
    cells = planned(*MANILA, "grid.circuit.num_qubits=[2,3],[4]")
    assert [cell["circuit.num_qubits"] for cell in cells] == ["2", "3", "4"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["grid.options.shots=[]"], ["grid.options.shots: the list is empty"]),
        (["grid.options.shots=5"], ["grid.options.shots = 5: must be a list"]),
        (["grid.options.shotz=[1,2]"], ["grid.options.shotz", "options.shots"]),
        (["grid.shots=[1,2]"], ["grid.shots"]),
        (["options.shots=range(5,5)"], ["sweeps over nothing"]),
        (["backend=glob(nothing*)"], ["sweeps over nothing"]),
        (["options.shotz=1,2"], ["options.shotz", "Did you mean options.shots?"]),
        (["backend=ibmq_manila,ibmq_x"], ["backend = ibmq_x: no such choice"]),
        (["options.shots=interval(1,5)"], ["interval"]),
        (
            ["grid.options.init_qubits=[false,true]", "options.init_qubits=false"],
            ["has no effect, because grid sweeps over options.init_qubits"],
        ),
        (
            ["grid.options.init_qubits=[false,true]", "options.init_qubits=false,true"],
            ["has no effect, because grid sweeps over options.init_qubits"],
        ),
        (
            [
                "circuit.num_qubits=2,3",
                "exclude=[{circuit.num_qubits:2},{circuit:ghz}]",
            ],
            ["exclude: leaves out all 2 cells"],
        ),
        (
            ["circuit.num_qubits=2,3", "hydra.sweeper.max_batch_size=0"],
            ["hydra.sweeper.max_batch_size = 0"],
        ),
        (["circuit.num_qubits=6,7"], ["No cell is left to run"]),
        (
            ["circuit.num_qubits=6,7", "hydra.sweeper.max_batch_size=1"],
            ["No cell is left to run"],
        ),
        (
            ["circuit.num_qubits=2,7", "on_invalid=stop"],
            ["Nothing was run"],
        ),
        (
            ["circuit.num_qubits=2,7", "on_invalid=stop", "hydra/launcher=basic"],
            ["Nothing was run"],
        ),
        (
            ["circuit.num_qubits=2,x", "hydra/launcher=basic"],
            ["circuit.num_qubits = x"],
        ),
    ],
)
def test_what_cannot_be_swept_is_refused(folder, qexp, arguments, words):
    refused(qexp(*MANILA, *arguments), *words)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        ("seed=1,2", ["seed = 1, 2", "repeats=2"]),
        ("tracking.pictures=all,none", ["tracking.pictures = all, none"]),
        ("name=a,b", ["name = a, b"]),
        ("options.shots=null,4000", ["options.shots = null, 4000"]),
        ("service.workers=1,2", ["service.workers = 1, 2"]),
        ("metrics=[success_probability],[hellinger_fidelity]", ["metrics = "]),
        ("grid.seed=[1,2,3]", ["seed = 1, 2, 3", "repeats=3"]),
        (
            "grid.options.rep_delay=[null,2.5e-4]",
            ["options.rep_delay = null, 0.00025"],
        ),
    ],
)
@pytest.mark.parametrize("more", [[], ["circuit.num_qubits=2,3,6"]])
def test_an_axis_that_changes_nothing_is_refused(folder, qexp, axis, words, more):
    refused(qexp(*MANILA, axis, *more), "changes nothing about a point", *words)
    assert list(folder.iterdir()) == []


def test_so_it_is_in_batches_and_with_another_launcher(folder, qexp):
    batches = qexp(*MANILA, "seed=1,2", "hydra.sweeper.max_batch_size=1")
    refused(batches, "seed = 1, 2: sweeping over it changes nothing about a point")
    elsewhere = qexp(*MANILA, "seed=1,2", "hydra/launcher=basic")
    refused(elsewhere, "seed = 1, 2: sweeping over it changes nothing about a point")
    assert list(folder.iterdir()) == []


def test_an_axis_that_matters_on_one_device_may_be_swept(folder, planned):
    """A delay that is the default of one device only."""
    devices = ["backend=ibmq_montreal,ibm_cairo"]
    cells = planned(*MANILA, *devices, "options.use_measure_esp=null,false")
    assert len(cells) >= 2


def test_axes_may_go_together(ready, planned, mine):
    together = (
        "grid:\n"
        "  - {options.shots: [100], circuit.num_qubits: [2]}\n"
        "  - {options.shots: [200], circuit.num_qubits: [3]}\n"
    )
    mine(together)
    assert len(planned("+experiment=mine", "backend=ibmq_manila")) == 2
    # a list has no axis of its own to replace: this is an error, and not ignored


@pytest.mark.parametrize(
    ("sweep", "count"),
    [
        (["options.shots=range(1,1000001)"], "1,000,000 cells"),
        (["options.shots=range(1,4000000001)"], "4,000,000,000 cells"),
        (
            ["options.shots=range(1,1001)", "circuit.num_qubits=range(2,1002)"],
            "1,000,000 cells",
        ),
        (["options.shots=range(1,5001)", "repeats=5"], "5,000 cells x 5 repeats"),
    ],
)
def test_a_sweep_that_is_too_large_is_refused_at_once(folder, qexp, sweep, count):
    # were any of the combinations made, the larger ones would not fit into memory
    refused(qexp(*MANILA, *sweep), f"the sweep has {count}", "max_points")
    assert list(folder.iterdir()) == []


def test_values_that_stand_twice_are_noted_and_run_once(ready, qexp):
    finished = qexp(*MANILA, "circuit.num_qubits=2,2", "grid.seed=[5,5]")
    assert finished.status == 0, finished.err
    assert "seed: 5 stands twice" in finished.err
    assert "3 cells are the same points as others and are not run again" in finished.err
    assert len(Logged(ready).children) == 1


def test_an_exclude_that_matches_nothing_is_noted(ready, qexp):
    exclude = "exclude=[{circuit.num_qubits:4},{circuit.num_qubits:3}]"
    finished = qexp(*MANILA, QUBITS, exclude, "hydra.sweeper.max_batch_size=1")
    assert finished.status == 0, finished.err
    assert finished.err.count("exclude.0") == 1
    assert "no cell is like that" in finished.err
    assert Logged(ready).values("circuit.num_qubits") == ["2"]


def test_batches_are_one_sweep(ready, qexp, tmp_path):
    finished = qexp(
        *MANILA,
        "circuit.num_qubits=2,3,6",
        "options.init_qubits=false,true",
        "hydra.sweeper.max_batch_size=2",
    )
    assert finished.status == 1, finished.err
    logged = Logged(ready)
    assert logged.parent.info.status == "FINISHED"
    assert logged.parent.data.params["points"] == "4"
    assert logged.parent.data.metrics["points_finished"] == 4
    assert logged.parent.data.metrics["points_failed"] == 2
    assert logged.statuses == ["FAILED"] * 2 + ["FINISHED"] * 4
    fine = [run for run in logged.children if run.info.status == "FINISHED"]
    assert len({run.data.params["seed"] for run in fine}) == 1
    numbers = [run.data.tags["qexp.job_number"] for run in fine]
    assert sorted(set(numbers)) == ["0", "1", "2", "3"]
    assert len(logged.summary(ready)) == 6
    assert not [name for name in logged.files() if name.startswith("plan-")]
    assert "6 points on ibmq_manila: 4 finished, 2 failed" in finished.out
    assert finished.out.count("FINISHED") == 1
    assert finished.err.count("cannot be run") == 1


def test_a_batch_is_one_call_and_its_jobs_are_returned_in_order(
    ready, qexp, monkeypatch
):
    from qexp.command import going as pipeline
    from qexp.command import jobs as qexp_jobs

    returned, plans = [], []
    launch, run = qexp_jobs.launch, pipeline.run

    def launched(*arguments):
        returned.append(launch(*arguments))
        return returned[-1]

    def ran(planned, *arguments, **more):
        plans.append(planned)
        return run(planned, *arguments, **more)

    monkeypatch.setattr(qexp_jobs, "launch", launched)
    monkeypatch.setattr(pipeline, "run", ran)
    finished = qexp(
        *MANILA,
        "circuit.num_qubits=4,6,2,3",
        "optimize=depth",
        "hydra.sweeper.max_batch_size=3",
    )
    assert finished.status == 1
    assert [len(batch) for batch in returned] == [3, 1]
    assert len(plans) == 2
    jobs = [job for batch in returned for job in batch]
    four, six, two, three = jobs
    assert six.status.name == "FAILED"
    assert "ibmq_manila has 5 qubits" in str(six._return_value)
    by_qubits = {
        run.data.params["circuit.num_qubits"]: run.data.metrics.get("depth")
        for run in Logged(ready).children
    }
    for qubits, job in {"4": four, "2": two, "3": three}.items():
        assert f"circuit.num_qubits={qubits}" in job.overrides
        assert job.return_value == by_qubits[qubits]


def test_a_batch_of_which_nothing_can_be_run_does_not_end_the_sweep(ready, qexp):
    finished = qexp(
        *MANILA, "circuit.num_qubits=6,2,7,3", "hydra.sweeper.max_batch_size=1"
    )
    assert finished.status == 1
    assert Logged(ready).values("circuit.num_qubits") == ["2", "3", "6", "7"]
    assert "4 points on ibmq_manila: 2 finished, 2 failed" in finished.out


def test_hydra_s_own_sweeper_stops_at_the_first_failure(ready, qexp):
    finished = qexp(
        *MANILA,
        "circuit.num_qubits=2,6,3",
        "hydra/sweeper=basic",
        "hydra.sweeper.max_batch_size=1",
    )
    assert finished.status == 1
    logged = Logged(ready)
    assert logged.values("circuit.num_qubits") == ["2", "6"]
    assert logged.parent.info.status == "FAILED"
    assert len(logged.summary(ready)) == 2
    assert "circuit.num_qubits = 6: ibmq_manila has 5 qubits" in finished.err
    assert not (ready / "multirun").exists()


CALLBACK = """
from pathlib import Path

from hydra.experimental.callback import Callback


class Mine(Callback):
    def _write(self, what):
        with Path("told.txt").open("a") as file:
            file.write(what + "\\n")

    def on_job_start(self, config, **kwargs):
        self._write(f"start {config.hydra.job.num} {config.circuit.num_qubits}")

    def on_job_end(self, config, job_return, **kwargs):
        self._write(f"end {config.hydra.job.num} {job_return.status.name}")
"""


def test_folders_and_callbacks_are_there_where_they_are_asked_for(
    ready, qexp, monkeypatch
):
    (ready / "telling.py").write_text(CALLBACK)
    monkeypatch.syspath_prepend(str(ready))
    finished = qexp(
        *MANILA,
        "circuit.num_qubits=2,6",
        "hydra.output_subdir=.hydra",
        "hydra.sweep.dir=here",
        "+hydra.callbacks.mine._target_=telling.Mine",
    )
    assert finished.status == 1
    told = (ready / "told.txt").read_text().splitlines()
    assert told == ["start 0 2", "end 0 COMPLETED", "start 1 6", "end 1 FAILED"]
    for job, qubits in enumerate("26"):
        overrides = (ready / f"here/{job}/.hydra/overrides.yaml").read_text()
        assert f"circuit.num_qubits={qubits}" in overrides
    assert (ready / "here/multirun.yaml").exists()


def test_a_named_sweep_folder_is_used(ready, qexp):
    finished = qexp(*MANILA, "circuit.num_qubits=2", "hydra.sweep.dir=here")
    assert finished.status == 0, finished.err
    assert (ready / "here/0").is_dir()


def test_nothing_is_left_in_the_environment(ready, qexp):
    before = dict(os.environ)
    qexp(*MANILA, "circuit.num_qubits=2", "hydra/launcher=basic")
    assert dict(os.environ) == before
