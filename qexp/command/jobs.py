"""Hydra's jobs: a single run, a job of another's launcher, a batch of our own."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import cast

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus, run_job
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from qexp.command import carrying, foreign
from qexp.command import session as sessions
from qexp.command.session import Session
from qexp.declare.compose import Composer
from qexp.declare.expand import Declared, Expanded, expand, single
from qexp.declare.read import read
from qexp.errors import ConfigError, PointFailed, QexpError
from qexp.results.told import Failed, JobOutcome


def single_run() -> bool:
    """Whether Hydra runs one job, and not a sweep."""
    mode = HydraConfig.get().mode
    return mode is None or mode == RunMode.RUN


def declared(composed: DictConfig, *, part: bool = False) -> Expanded:
    """The cells of the job that Hydra is running.

    Args:
        composed: Its configuration.
        part: Whether there are other jobs.

    Raises:
        ConfigError: Something is wrong with it.
    """
    experiment = read(composed)
    if not experiment.grid and not (part and experiment.exclude):
        return single(experiment)
    loader = GlobalHydra.instance().config_loader()
    master = cast(DictConfig, HydraConfig.instance().cfg)
    composer = Composer(loader, master)
    composer.know(_overrides(), composed)
    return expand([_overrides()], composer, multirun=part, part=part)


def _overrides() -> list[str]:
    return [str(one) for one in HydraConfig.get().overrides.task]


def foreign_job(opened: Session, composed: DictConfig) -> JobOutcome:
    """Run one job of a launcher that is not ours, under the run of its sweep.

    Args:
        opened: The session of this process.
        composed: The job's configuration.

    Returns:
        What its sweeper is to be told.

    Raises:
        QexpError: It could not be run or not be logged, and others cannot either.
        KeyboardInterrupt: Ctrl-C ended it, and the launcher would not know.
    """
    own = foreign.labels(_overrides(), opened.axes)
    opened.prepare(OmegaConf.select(composed, "tracking.uri"))
    from qexp.command import ending  # it imports terra, as MLflow's process does now

    before = len(opened.finished)
    try:
        found = declared(composed, part=True)
        cells = [
            Declared(one.experiment, {**own, **one.labels}, one.job)
            for one in found.cells
        ]
        expanded = Expanded(tuple(cells), True, found.notes)
        (outcome,) = carrying.carry_out(opened, expanded, part=True)
    except ConfigError as error:
        ending.refuse(opened, own, error)
        nan = str(OmegaConf.select(composed, "optimize_failed")) == "nan"
        outcome = JobOutcome(math.nan) if nan else JobOutcome(error=error)
    ending.report(opened, before)
    if opened.interrupted:
        raise KeyboardInterrupt
    return _told(outcome, composed, HydraConfig.get().sweeper._target_)


def _told(outcome: JobOutcome, config: DictConfig, sweeper: str) -> JobOutcome:
    """What a sweeper is told: an optimizer wants a number of every job, or an error."""
    value, error = outcome.value, outcome.error
    if outcome.excluded and OmegaConf.select(config, "optimize"):
        error = PointFailed("optimize: exclude leaves out the job, so it has no metric")
        # a number, as Hydra reads it
        if str(OmegaConf.select(config, "optimize_failed")) == "nan":
            value, error = math.nan, None
    if value is not None and math.isnan(value) and sweeper == foreign.OPTUNA:
        value = Failed(value)
    return JobOutcome(value, error)


def launch(
    context: HydraContext,
    config: DictConfig,
    jobs: Sequence[Sequence[str]],
    first: int,
) -> list[JobReturn]:
    """Plan and run a batch of Hydra's jobs as a whole.

    Args:
        context: Hydra's loader and callbacks.
        config: The configuration that the jobs' overrides are applied to.
        jobs: Each job's overrides.
        first: Number of the first job.

    Returns:
        What each job came to, in order.

    Raises:
        QexpError: Nothing of it can be run, or not be logged.
        KeyboardInterrupt: Ctrl-C ended it, and the sweeper would not know.
    """
    opened = sessions.current()
    if opened is None:
        raise ConfigError(
            "hydra/launcher=qexp runs the jobs of qexp only, not those of another "
            "application. Leave it out."
        )
    outcomes = _handled(opened, context, config, jobs, first)
    if opened.interrupted and not foreign.own_sweeper(config):
        raise KeyboardInterrupt
    folders = foreign.wants_folders(config) and opened.request is None
    sweeper = config.hydra.sweeper._target_
    told = [_told(outcome, config, sweeper) for outcome in outcomes]
    return [
        _in_folder(context, config, overrides, number, outcome)
        if folders and opened.scratch is None
        else _returned(overrides, outcome)
        for number, (overrides, outcome) in enumerate(
            zip(jobs, told, strict=True), first
        )
    ]


def _handled(
    opened: Session,
    context: HydraContext,
    config: DictConfig,
    jobs: Sequence[Sequence[str]],
    first: int,
) -> Sequence[JobOutcome]:
    part = not opened.at_once and opened.request is None
    expanded = expand(
        jobs,
        Composer(context.config_loader, config),
        multirun=True,
        first=first,
        axes=foreign.axes(config) if part else (),
        part=part,
    )
    if not foreign.own_sweeper(config):
        _require_one_number(expanded)
    try:
        return carrying.handle(opened, expanded, len(jobs), part=part)
    except QexpError:
        raise
    except Exception as error:  # no fault of the configuration's
        opened.error = error
        raise


def _require_one_number(expanded: Expanded) -> None:
    """Refuse to tell an optimizer one number for a whole grid.

    Raises:
        ConfigError: A job has several cells.
    """
    cells = Counter(cell.job for cell in expanded.cells)
    wanted = [cell.experiment.optimize for cell in expanded.cells[:1]]
    if any(wanted) and max(cells.values()) > 1:
        raise ConfigError(
            f"optimize = {wanted[0]}: an optimizer is told one number for each job, and "
            f"the grid makes {max(cells.values())} cells of a job. Leave the grid out."
        )


def rehearse(
    context: HydraContext,
    config: DictConfig,
    batches: Sequence[Sequence[Sequence[str]]],
) -> None:
    """Check a sweep as a whole before the first of its batches is run.

    Raises:
        QexpError: It cannot be run, or not be logged.
    """
    opened = sessions.current()
    assert opened is not None
    own = foreign.own_launcher(config)
    opened.at_once = own and len(batches) == 1
    if opened.request is not None or opened.at_once:
        return
    jobs = [job for batch in batches for job in batch]
    composer = Composer(context.config_loader, config)
    expanded = expand(jobs, composer, multirun=True)
    opened.prepare(expanded.cells[0].experiment.tracking.uri)
    opened.rehearse(expanded)
    if not own:
        foreign.send_out(opened, config)


def _returned(overrides: Sequence[str], outcome: JobOutcome) -> JobReturn:
    failed = outcome.error is not None
    return JobReturn(
        overrides=list(overrides),
        task_name="qexp",
        status=JobStatus.FAILED if failed else JobStatus.COMPLETED,
        _return_value=outcome.error if failed else outcome.value,
    )


def _in_folder(
    context: HydraContext,
    config: DictConfig,
    overrides: Sequence[str],
    number: int,
    outcome: JobOutcome,
) -> JobReturn:
    """Let Hydra make a job's folder, save its YAML and call back; the job is done."""

    def done(_: DictConfig) -> float | None:
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    composed = context.config_loader.load_sweep_config(config, list(overrides))
    with open_dict(composed):
        composed.hydra.job.id = composed.hydra.job.num = number
    OmegaConf.set_readonly(composed.hydra, False)
    return run_job(
        hydra_context=context,
        task_function=done,
        config=composed,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
