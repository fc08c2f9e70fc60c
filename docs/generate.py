"""Write the reference pages that come from the schema: `python -m docs.generate`."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from docs.families import experiments
from docs.tables import table
from qexp.declare.config import (
    Backend,
    CircuitRunnerService,
    Experiment,
    GhzCircuit,
    LocalService,
    PythonCircuit,
    QasmCircuit,
)
from qexp.declare.device import Declared
from qexp.declare.family import FamilyCircuit
from qexp.declare.options import Options
from qexp.declare.running import Budget, Resume, Tracking
from qexp.declare.twin import Twin

HERE = Path(__file__).parent

SECTIONS: list[tuple[str, str, type[BaseModel], str]] = [
    ("The experiment", "", Experiment, "Keys at the top."),
    ("circuit=ghz", "circuit.", GhzCircuit, ""),
    ("circuit=qasm", "circuit.", QasmCircuit, ""),
    ("circuit=python", "circuit.", PythonCircuit, ""),
    (
        "circuit of a family",
        "circuit.",
        FamilyCircuit,
        "See [the experiments](../experiments/index.md).",
    ),
    ("backend", "backend.", Backend, "`backend=NAME` fills these in."),
    ("backend.declared", "backend.declared.", Declared, ""),
    ("service=local", "service.", LocalService, ""),
    ("service.twin", "service.twin.", Twin, ""),
    ("service=circuit_runner", "service.", CircuitRunnerService, ""),
    ("tracking=mlflow", "tracking.", Tracking, ""),
    (
        "resume",
        "resume.",
        Resume,
        "`resume=auto`, `resume=always` and `resume=never` are choices.",
    ),
    ("budget", "budget.", Budget, ""),
]

OPTIONS = """# Options

The options of circuit-runner, with the names, types and defaults of `run_circuits` in
qiskit-ibmq-provider. Each is `options.<name>`; null means "not set", and 0 and false are values.
A value is checked against the device before anything runs.

{table}
`layout_method` has no effect beside an `initial_layout`. Where either is set, terra does not look for better
qubits once it has routed (its pass VF2PostLayout, levels 1 to 3): unset may well be the best
([measured](../../experiments/options_grid/README.md)). In MLflow a method that was not set is
logged as what terra used: layout `default`, routing `sabre` (`stochastic` at level 0), translation
`translator`. `unroller` cannot reach the gates of most devices; such a point is recorded as FAILED.
"""

CONFIGURATION = """# Configuration

Every key that can be declared. Composed by Hydra from the groups `circuit`, `backend`, `options`,
`service`, `tracking`, `resume` and `experiment`; a key that is not here is an error. The options have
[a page of their own](options.md).

{sections}"""


def pages() -> dict[str, str]:
    """The generated pages by file name."""
    sections = [
        f"## {title}\n\n{' '.join(filter(None, [model.__doc__, remark]))}\n\n"
        f"{table(model, prefix)}"
        for title, prefix, model, remark in SECTIONS
    ]
    return {
        "reference/options.md": OPTIONS.format(table=table(Options, "")),
        "reference/configuration.md": CONFIGURATION.format(
            sections="\n".join(sections)
        ),
        **{f"experiments/{name}": text for name, text in experiments().items()},
    }


if __name__ == "__main__":
    for file, text in pages().items():
        (HERE / file).write_text(text, encoding="utf-8")
