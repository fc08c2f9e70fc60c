"""Sweepers and launchers of others: what they need of qexp, and what they are lent."""

from __future__ import annotations

import logging
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from qexp.command import errand
from qexp.errors import ConfigError
from qexp.planning.seeds import sweep_seed

if TYPE_CHECKING:
    from qexp.command.session import Session

LAUNCHER = "hydra_plugins.qexp_launcher.QexpLauncher"
SWEEPER = "hydra_plugins.qexp_sweeper.QexpSweeper"
OPTUNA = "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper"
HERE = (
    LAUNCHER,
    "hydra._internal.core_plugins.basic_launcher.BasicLauncher",
    "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher",
)
"""Launchers whose jobs see a temporary folder of this machine."""

OWN_CALLBACK = "qexp"
"""The name of qexp's own callback among Hydra's."""

FOLDER = "multirun/${now:"
"""How Hydra's folder of a sweep begins where nobody has named one."""


def own_launcher(config: DictConfig) -> bool:
    """Whether qexp runs the jobs as a whole."""
    return bool(config.hydra.launcher._target_ == LAUNCHER)


def own_sweeper(config: DictConfig) -> bool:
    """Whether all jobs are known before the first is run."""
    return bool(config.hydra.sweeper._target_ == SWEEPER)


def wants_folders(config: DictConfig) -> bool:
    """Whether the user asked for Hydra's folders or for callbacks: each costs 55 ms."""
    callbacks = set(config.hydra.callbacks or {}) - {OWN_CALLBACK}
    sweep = OmegaConf.to_container(config.hydra.sweep, resolve=False)
    assert isinstance(sweep, dict)
    named = not str(sweep["dir"]).startswith(FOLDER)
    return config.hydra.output_subdir is not None or bool(callbacks) or named


def axes(config: DictConfig) -> list[str]:
    """The keys that the command line and `hydra.sweeper.params` sweep over."""
    params = OmegaConf.select(config, "hydra.sweeper.params") or {}
    lines = [f"{key}={value}" for key, value in params.items()]
    parsed = OverridesParser.create().parse_overrides(
        [*lines, *(str(one) for one in config.hydra.overrides.task)]
    )
    swept = [one.key_or_group for one in parsed if one.is_sweep_override()]
    return list(dict.fromkeys(swept))


class SweepRun(Callback):
    """Prepares a sweep before a sweeper or a launcher of someone else's begins.

    Where both are qexp's own it does nothing: there the pipeline does.
    """

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Lend a folder; start the run of the sweep, where no sweeper of ours does."""
        from qexp.command import session as sessions

        opened = sessions.current()
        if opened is None or (own_launcher(config) and own_sweeper(config)):
            return
        # Optuna tells of each study, whatever Hydra is told about logging
        logging.getLogger("optuna.storages").setLevel(logging.WARNING)
        try:
            _let_fail(config)
            if config.hydra.launcher._target_ in HERE and not wants_folders(config):
                _lend_folder(opened, config)
            if not own_launcher(config) and not own_sweeper(config):
                send_out(opened, config)
        except Exception as error:  # Hydra would make a warning of it, and go on
            opened.error = error
            raise SystemExit(1) from error


def _let_fail(config: DictConfig) -> None:
    """Let Optuna's sweeper go on after failures, where they are to be NaN."""
    nan = str(OmegaConf.select(config, "optimize_failed")) == "nan"
    if nan and config.hydra.sweeper._target_ == OPTUNA:
        with read_write(config.hydra):
            config.hydra.sweeper.max_failure_rate = 1.0


def _lend_folder(opened: Session, config: DictConfig) -> None:
    """Let what Hydra's plugins write go where it bothers nobody."""
    opened.scratch = Path(tempfile.mkdtemp(prefix="qexp-"))
    folder = str(opened.scratch)
    with read_write(config.hydra), open_dict(config.hydra):
        config.hydra.sweep.dir = folder
    _every_job(config, "hydra.sweep.dir", folder)


def _every_job(config: DictConfig, key: str, value: str) -> None:
    """Set a key of Hydra's in the configuration that each job is composed to."""
    quoted = QuotedString(value, Quote.single).with_quotes()
    with read_write(config.hydra), open_dict(config.hydra):
        config.hydra.overrides.hydra.append(f"++{key}={quoted}")


def send_out(opened: Session, config: DictConfig) -> None:
    """Start the run of a sweep whose jobs a launcher of someone else's runs.

    Its processes are told by an environment variable, which Hydra sets while a job lasts.

    Raises:
        ConfigError: The best setting is to be confirmed.
        TrackingError: MLflow cannot be written to.
    """
    _require_no_confirming(config)
    logbook = opened.prepare(OmegaConf.select(config, "tracking.uri"))
    from qexp.command import begin
    from qexp.command.run import DRAWN

    whole = opened.whole
    name = _name(config) if whole is None else whole.name
    if opened.seed is None:
        opened.seed = sweep_seed(OmegaConf.select(config, "seed"))
    opened.axes = axes(config)
    _enter(opened, config, name)
    assert opened.entered is not None
    assert opened.target is not None
    opened.sweep = opened.entered.book.id
    begin.begin(
        logbook,
        whole,
        opened.entered,
        name=name,
        seed=opened.seed,
        store=opened.target.name,
    )
    told = errand.Errand(
        run=logbook.parent or "",
        experiment=name,
        sweep=opened.sweep,
        seed=opened.seed,
        axes=tuple(opened.axes),
        few=whole is not None and len(whole.places) <= DRAWN,
    )
    opened.elsewhere = str(config.hydra.launcher._target_).rpartition(".")[2]
    _every_job(config, f"hydra.job.env_set.{errand.VARIABLE}", told.text)


def _require_no_confirming(config: DictConfig) -> None:
    """Refuse to confirm the best of what nobody sees as a whole.

    Raises:
        ConfigError: Says so.
    """
    confirm = OmegaConf.select(config, "confirm")
    if confirm:
        raise ConfigError(
            f"confirm = {confirm}: a launcher of another's runs the jobs one by one, and "
            "nobody sees which setting is the best. Use hydra/launcher=qexp, or leave it "
            "out."
        )


def _enter(opened: Session, config: DictConfig, name: str) -> None:
    """Enter the sweep in the ledger, of whose points nothing may be known yet."""
    from qexp.command import books, going
    from qexp.declare.running import Resume

    if opened.whole is not None:
        going.enter(opened, opened.whole)
        return
    assert opened.seed is not None
    assert opened.target is not None
    opened.entered = books.enter(
        uuid.uuid4().hex[:12],
        name=name,
        service=str(OmegaConf.select(config, "service.kind")),
        seed=opened.seed,
        fixed_seed=None,
        swept=True,
        resume=Resume(),
        command=opened.command,
        target=opened.target,
    )


def _name(config: DictConfig) -> str:
    """The MLflow experiment of a sweep whose jobs are not composed yet."""
    try:
        name = OmegaConf.select(config, "name", throw_on_missing=False)
    except OmegaConfBaseException:  # it is made of what the sweep varies
        name = None
    return str(name or "sweep")


def labels(overrides: Sequence[str], swept: Sequence[str]) -> dict[str, str]:
    """What tells a job of a sweep from the others."""
    pairs = dict(one.lstrip("+").partition("=")[::2] for one in overrides)
    return {key: value for key, value in pairs.items() if key in swept}
