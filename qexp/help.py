"""The help page. It lists what is on disk, and imports nothing that takes time."""

from __future__ import annotations

import textwrap

from qexp.userconf import built_in, choices, groups
from qexp.verbs import VERBS

PAGE = """\
qexp runs experiments on quantum computers that YAML declares, and logs them to MLflow.

Usage
  python -m qexp +experiment=NAME backend=NAME [KEY=VALUE ...]
  python -m qexp -m +experiment=NAME backend=NAME KEY=VALUE,VALUE ...
{verbs}
Start here
  python -m qexp +experiment=ghz backend=ibmq_montreal    a 5-qubit GHZ state on the
                                                          simulated device
  mlflow ui                                               see it, in the same folder

Change something
  circuit.num_qubits=8                 a larger state
  options.optimization_level=3         compile harder
  options.shots=8192                   more shots
  options.measurement_error_mitigation=true
  options.initial_layout=[19,22,25,24,23]
  service.noise=ideal                  no noise
  seed=7                               the same counts every time
  tracking.uri=http://localhost:5000   another MLflow

Sweep: all combinations, planned as a whole
  python -m qexp plan +experiment=ghz_options backend=ibmq_montreal     what would run
  python -m qexp +experiment=ghz_options backend=ibmq_montreal          64 points
  -m options.optimization_level=0,1,2,3      the same on the command line
  grid.options.shots=[1000,4000]             another axis
  repeats=5 sentinel=ghz-3                   blocks, and a watch on drift
  confirm=5                                  the best setting on fresh repeats

Your own circuits
  python -m qexp circuit=qasm circuit.files='mine/*.qasm' backend=ibmq_manila
  python -m qexp circuit=python circuit.function=mine.make backend=ibmq_manila

Choices
{choices}
Options: options.KEY=VALUE (null is "not set")
{options}
Look before you run
  --cfg job            print the configuration and do nothing
  --info defaults      where each part of it comes from
  --hydra-help         Hydra's own flags
  --version

YAML of your own goes into ./conf/<group>/<name>.yaml, and is found there first.
Exit status: 0 all went well; 1 something failed; 2 it cannot be run as it is written.
HYDRA_FULL_ERROR=1 shows where in the code an error arose.
"""


def page() -> str:
    """The help page, with the choices of every group."""
    return PAGE.format(choices=_choices(), options=_options(), verbs=_verbs())


def _verbs() -> str:
    return "".join(
        f"  python -m qexp {verb} ...".ljust(36) + f"{what}\n"
        for verb, what in VERBS.items()
    )


def _choices() -> str:
    shown = ""
    for group in groups(built_in()):
        prefix = "+" if group == "experiment" else ""
        shown += _wrapped(f"  {prefix}{group}=", choices(group))
    return shown


def _options() -> str:
    # read as text: the schema takes longer to import than this page may take
    lines = (built_in() / "options" / "default.yaml").read_text().splitlines()
    settings = [line for line in lines if line and not line.startswith("#")]
    return "".join(f"  {line}\n" for line in settings)


def _wrapped(first: str, words: list[str]) -> str:
    indent = " " * 14
    text = textwrap.fill(
        ", ".join(words), 88, initial_indent=f"{first:<14}", subsequent_indent=indent
    )
    return f"{text}\n"
