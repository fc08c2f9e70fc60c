"""Tab completion: what bash gets, what the other shells are told, and what it costs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qexp.complete import INSTEAD
from qexp.complete import main as completion
from qexp.complete.candidates import FILES, TAKES_FILES, candidates
from qexp.complete.line import read
from qexp.complete.query import answer
from qexp.complete.schema import keys
from qexp.complete.scripts import SCRIPTS
from qexp.declare.config import METRICS, Experiment
from qexp.declare.options import Options
from qexp.userconf import built_in, choices, groups
from qexp.verbs import FLAGS, VERBS
from tests.conftest import ROOT, qexp_process

BREAKS = " \t\n\"'@><=;|&(:"
"""What COMP_WORDBREAKS is in a bash that nobody has configured."""

METHODS = ["trivial", "dense", "noise_adaptive", "sabre", "null"]

# the line up to the cursor, and what takes the place of the word that bash sees
LINES: dict[str, list[str]] = {
    "qexp pl": ["plan"],
    "X=1 qexp pl": ["plan"],
    "qexp -m pl": [],
    "qexp completion ": ["bash", "zsh", "fish"],
    "qexp completion bash ": [],
    "qexp --mul": ["--multirun"],
    "qexp plan --j": ["--json"],
    "qexp backend=aer --j": [],
    "qexp --cfg ": ["job", "hydra", "all"],
    "qexp +exp": ["+experiment="],
    "qexp exp": ["experiment="],
    "qexp plan +experiment=ghz": ["ghz", "ghz_fidelity", "ghz_options"],
    "qexp back": ["backend=", "backend."],
    "qexp +back": ["+backend."],
    "qexp backend=ibmq_mont": ["ibmq_montreal"],
    "qexp backend=aer_ideal,ibmq_mont": ["aer_ideal,ibmq_montreal"],
    "qexp options.sh": ["options.shots="],
    "qexp ++options.sh": ["++options.shots="],
    "qexp ~options.sh": ["~options.shots"],
    "qexp ~back": ["~backend", "~backend."],
    "qexp backend.decl": ["backend.declared."],
    "qexp +backend.declared.max": ["+backend.declared.max_shots="],
    "qexp options.layout_method=": METHODS,
    "qexp options.layout_method=trivial,": [f"trivial,{one}" for one in METHODS[1:]],
    "qexp options.init_qubits=": ["true", "false"],
    "qexp options.use_measure_esp=t": ["true"],
    "qexp options.optimization_level=": ["0", "1", "2", "3", "null"],
    "qexp options.shots=": [],
    "qexp metrics=[succ": ["[success_probability"],
    "qexp metrics=[]": [],
    "qexp service.noise=": ["device", "aer", "ideal"],
    "qexp circuit=qasm circuit.": ["circuit.files="],
    "qexp +experiment=ghz circuit.": ["circuit.num_qubits=", "circuit.variant="],
    "qexp +experiment=ghz circuit=qasm circuit.": ["circuit.files="],
    "qexp circuit=ghz,qasm circuit.": [
        "circuit.num_qubits=",
        "circuit.variant=",
        "circuit.files=",
    ],
    "qexp circuit=none_such circuit.f": [
        "circuit.files=",
        "circuit.function=",
        "circuit.family=",
    ],
    "qexp circuit=ghz_fidelity circuit.": [
        "circuit.family=",
        "circuit.num_qubits=",
        "circuit.method=",
        "circuit.variant=",
        "circuit.edges=",
    ],
    "qexp +experiment=t1 circuit.de": ["circuit.delays="],
    "qexp circuit.ki": [],
    "qexp no.such.key=": [],
    "qexp options.shots.": [],
    # quotes: bash replaces what comes after an open one, equals signs and all
    "qexp 'options.sh": ["options.shots="],
    "qexp 'options.routing_method=ba": ["options.routing_method=basic"],
    'qexp backend="ibmq_mont': ["ibmq_montreal"],
    "qexp 'backend'=ibmq_mont": ["ibmq_montreal"],
    'qexp "circuit=qasm" circuit.': ["circuit.files="],
    "qexp circuit=qasm > fi": [FILES],
    "qexp circuit=qasm 2> file circuit.": ["circuit.files="],
    **{f"qexp {key}=fi": [FILES] for key in sorted(TAKES_FILES)},
}

ASK = """
eval "$(cat script)"
compopt() { printf '%s\\n' "compopt $*" >> called; }
COMP_WORDBREAKS=$1 COMP_LINE=$2$3 COMP_POINT=${#2}
_qexp qexp
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def bash(folder):
    """Ask the function in a real bash."""
    (folder / "script").write_text(SCRIPTS["bash"])
    command = folder / "bin" / "qexp"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m qexp "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}:{os.environ['PATH']}"

    def ask(line: str, rest: str = "") -> tuple[list[str], list[str]]:
        called = folder / "called"
        called.write_text("")
        finished = subprocess.run(
            ["bash", "-uc", ASK, "bash", BREAKS, line, rest],
            env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert finished.stderr == ""
        return finished.stdout.split(), called.read_text().splitlines()

    return ask


def for_bash(line: str) -> list[str]:
    return answer(["--shell=bash", "--", line, BREAKS])


def for_zsh(*words: str) -> list[str]:
    return answer(["--shell=zsh", "--", *words])


@pytest.mark.parametrize("line", LINES)
def test_the_answer_for_bash(folder, line):
    assert for_bash(line) == LINES[line]


@pytest.mark.parametrize(
    "line",
    [
        "qexp pl",
        "qexp options.layout_method=trivial,",
        "qexp ~options.sh",
        "qexp ++options.sh",
        "qexp 'options.routing_method=ba",
        'qexp backend="ibmq_mont',
        "qexp metrics=[succ",
        "qexp no.such.key=",
    ],
)
def test_bash_gets_the_answer(bash, line):
    replies, _ = bash(line)
    assert replies == LINES[line]


def test_a_blank_follows_what_is_complete(bash):
    assert bash("qexp backend=ibmq_mont")[1] == ["compopt +o nospace"]
    assert bash("qexp options.sh")[1] == []
    assert bash("qexp metrics=[succ")[1] == []


def test_bash_offers_files_where_a_file_belongs(bash):
    replies, called = bash("qexp circuit.files=mi")
    assert replies == []
    assert "compopt -o default" in called


def test_what_is_after_the_cursor_does_not_count(bash):
    assert bash("qexp pl", "an backend=ibmq_manila")[0] == ["plan"]
    # characters, not bytes
    assert bash("qexp name=é options.sh", "ots=1")[0] == ["options.shots="]


def test_zsh_and_fish_get_whole_words(folder):
    assert for_zsh("options.sh") == ["options.shots="]
    assert for_zsh("circuit=qasm", "circuit.") == ["circuit.files="]
    assert for_zsh("plan", "--e") == ["--explain"]
    assert for_zsh("-m", "'backend=ibmq_mont") == ["backend=ibmq_montreal"]
    assert for_zsh("backend=aer_ideal,ibmq_mont") == ["backend=aer_ideal,ibmq_montreal"]
    assert for_zsh("circuit.files=a") == [FILES]
    assert for_zsh("\\~options.sh") == ["~options.shots"]
    assert answer(["--shell=fish", "--", ""]) == for_zsh("")


def test_the_first_word_can_be_a_verb_a_group_or_a_key(folder):
    first = candidates([], "")
    assert first[: len(VERBS)] == list(VERBS)
    keys_at_the_top = set(Experiment.model_fields) - {*groups(built_in()), "budget"}
    assert {f"{name}=" for name in keys_at_the_top} <= set(first)
    for group in groups(built_in()):
        assert ("+experiment=" if group == "experiment" else f"{group}=") in first
    assert [one for one in first if one not in VERBS] == candidates(["plan"], "")


def test_every_option_and_metric_is_offered(folder):
    offered = {f"options.{name}=" for name in Options.model_fields}
    assert set(candidates([], "options.")) == offered
    assert candidates([], "metrics=") == [f"metrics=[{name}" for name in METRICS]
    rest = candidates([], f"metrics=[{METRICS[0]},")
    assert rest == [f"metrics=[{METRICS[0]},{name}" for name in METRICS[1:]]
    assert set(FLAGS["plan"]) <= set(candidates(["plan"], "-"))
    assert not set(FLAGS["plan"]) & set(candidates([], "-"))


def test_the_keys_that_take_files_are_keys():
    for key in TAKES_FILES:
        group, name = key.split(".")
        assert name in keys([group], [])


def test_one_s_own_conf_is_honoured(folder):
    write(folder / "conf/backend/mine.yaml", "defaults: [ibmq_manila]\n")
    write(folder / "conf/circuit/files.yaml", "defaults: [qasm]\nfiles: a.qasm\n")
    write(
        folder / "conf/experiment/own-two.yaml",
        "# @package _global_\ndefaults: [{override /circuit: files}]\n",
    )
    write(folder / "conf/experiment/own-three.yaml", "defaults: [own-two, _self_]\n")
    assert for_zsh("backend=mi") == ["backend=mine"]
    assert for_zsh("+experiment=own") == [
        "+experiment=own-three",
        "+experiment=own-two",
    ]
    for chosen in ("circuit=files", "+experiment=own-two", "experiment=own-three"):
        assert for_zsh(chosen, "circuit.") == ["circuit.files="]
    assert "mine" in choices("backend")


BROKEN = ["a: [", "- just\n- a list\n", "\x00", "defaults: 3\n", "defaults: [broken]\n"]


@pytest.mark.parametrize("text", BROKEN)
def test_broken_yaml_is_no_reason_to_stop(folder, text):
    write(folder / "conf/experiment/broken.yaml", text)
    line = "qexp +experiment=broken circuit.n"
    finished = asked(folder, line)
    assert (finished.status, finished.err) == (0, "")
    assert finished.out == "circuit.num_qubits=\n"


def test_yaml_in_another_encoding_is_no_reason_to_stop(folder):
    write(folder / "conf/experiment/broken.yaml", "")
    (folder / "conf/experiment/broken.yaml").write_bytes(b"name: \xe9\xff\n")
    assert for_zsh("+experiment=broken", "circuit.n") == ["circuit.num_qubits="]


@pytest.mark.parametrize(
    "arguments",
    [[], ["--shell=bash"], ["--shell=bash", "--"], ["--shell=zsh", "--"], ["x"] * 9],
)
def test_a_query_never_fails(folder, capsys, arguments):
    assert completion(["completion", "query", *arguments]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_folder_that_is_gone_is_no_reason_for_a_traceback(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    code = (
        f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})\n"
        "from qexp.complete import main\n"
        "raise SystemExit(main(['completion', 'query', '--shell=zsh', '--', 'back=']))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout + finished.stderr == ""


@pytest.mark.parametrize("shell", SCRIPTS)
def test_each_script_is_printed_and_can_be_read_by_its_shell(folder, shell):
    printed = qexp_process("completion", shell, cwd=folder)
    assert (printed.status, printed.out) == (0, SCRIPTS[shell])
    assert f"--shell={shell} -- " in printed.out
    (folder / "script").write_text(printed.out)
    if shutil.which(shell):
        read_only = subprocess.run([shell, "-n", "script"], capture_output=True)
        assert (read_only.returncode, read_only.stderr) == (0, b"")


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash", "zsh"]])
def test_what_is_not_a_shell_is_told_the_shells(folder, words):
    finished = qexp_process("completion", *words, cwd=folder)
    assert (finished.status, finished.out) == (2, "")
    assert "bash|zsh|fish" in finished.err


@pytest.mark.parametrize("flag", ["-sc", "--shell-completion"])
def test_hydra_s_completion_points_here(folder, flag):
    # on standard error: what is printed would be evaluated
    finished = qexp_process(flag, "install=bash", cwd=folder)
    assert (finished.status, finished.out) == (2, "")
    assert finished.err == f"{INSTEAD}\n"


def test_a_query_imports_nothing_heavy(folder):
    write(folder / "conf/experiment/mine.yaml", "defaults: [ghz]\n")
    for line in ("qexp ", "qexp +experiment=mine circuit.", "qexp backend="):
        arguments = ["completion", "query", "--shell=bash", "--", line, BREAKS]
        code = (
            f"import sys, runpy; sys.argv = ['qexp', *{arguments!r}]\n"
            "try: runpy.run_module('qexp', run_name='__main__')\n"
            "except SystemExit as left: assert left.code == 0\n"
            "heavy = {'hydra', 'omegaconf', 'qiskit', 'mlflow', 'rich', 'numpy'}\n"
            "if 'backend' in sys.argv[5]: heavy |= {'pydantic', 'yaml.nodes'}\n"
            "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        )
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
        )


@pytest.mark.parametrize(
    ("text", "words", "current"),
    [
        ("", [], ""),
        ("a b", ["a"], "b"),
        ("a  b ", ["a", "b"], ""),
        ("a 'b c' d", ["a", "b c"], "d"),
        ("a 'b c", ["a"], "b c"),
        ('a "b\\"c\\d" e', ["a", 'b"c\\d'], "e"),
        ("a\\ b c", ["a b"], "c"),
        ("a '' b", ["a", ""], "b"),
        ("a \\\nb", ["a"], "b"),
        ("a >b c", ["a"], "c"),
        ("a > b c", ["a"], "c"),
        ("a \\", ["a"], ""),
    ],
)
def test_a_line_is_read_as_a_shell_reads_it(text, words, current):
    line = read(text)
    assert (line.words, line.current) == (words, current)
    if "\\\n" not in text and ">" not in text and not text.endswith("\\"):
        closed = f"{text}'" if text.count("'") % 2 else text
        assert shlex.split(closed) == [*words, *([current] if current else [])]


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def asked(folder, line):
    query = ("completion", "query", "--shell=bash", "--", line, BREAKS)
    return qexp_process(*query, cwd=folder, PYTHONPATH=str(ROOT))
