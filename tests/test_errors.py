"""Bad input, as a user gives it: one clear message, status 2, nothing written."""

from __future__ import annotations

import pytest

from tests.ports import free_port

GHZ = "+experiment=ghz"
MONTREAL = "backend=ibmq_montreal"
MANILA = "backend=ibmq_manila"

BAD = [
    # a key, a group or a choice that is not there
    (
        [GHZ, MONTREAL, "options.shotz=3"],
        ["options.shotz", "Did you mean options.shots?"],
    ),
    (
        [GHZ, MONTREAL, "+options.shotz=3"],
        ["options.shotz = 3", "Did you mean options.shots?"],
    ),
    ([GHZ, MONTREAL, "++options.shotz=3"], ["options.shotz = 3", "options.shots?"]),
    ([GHZ, MONTREAL, "optoins.shots=3"], ["optoins.shots", "Did you mean options?"]),
    ([GHZ, MONTREAL, "+optoins.shots=3"], ["optoins", "Did you mean options?"]),
    ([GHZ, MONTREAL, "+circuit.depth=3"], ["circuit.depth = 3", "num_qubits"]),
    ([GHZ, MONTREAL, "+service.url=x"], ["service.url = x", "kind, noise"]),
    (
        [GHZ, MONTREAL, "+tracking.token=x"],
        ["tracking.token = x", "Allowed: kind, pictures"],
    ),
    (
        [GHZ, MONTREAL, "+backend.declared.esp=true"],
        ["backend.declared.esp", "measure_esp"],
    ),
    ([GHZ, MONTREAL, "+extra=1"], ["extra = 1", "Allowed: backend, budget, circuit"]),
    ([GHZ, "backend=ibmq_montral"], ["ibmq_montral", "Did you mean ibmq_montreal?"]),
    ([GHZ, "bakend=ibmq_montreal"], ["bakend", "Did you mean backend?"]),
    (["+experiment=gzh", MONTREAL], ["experiment = gzh", "Did you mean ghz?"]),
    (["circuit=gzh", MONTREAL], ["circuit = gzh", "Did you mean ghz?"]),
    ([MONTREAL], ["circuit: not chosen", "+experiment=ghz"]),
    ([GHZ], ["backend: no device is chosen", "backend=ibmq_montreal"]),
    # a type or a value
    (
        [GHZ, MONTREAL, "options.shots=many"],
        ["options.shots = many: must be an integer"],
    ),
    (
        [GHZ, MONTREAL, "options.shots=true"],
        ["options.shots = true: must be an integer"],
    ),
    (
        [GHZ, MONTREAL, "options.init_qubits=1"],
        ["options.init_qubits = 1: must be true or"],
    ),
    ([GHZ, MONTREAL, "options.shots=0"], ["options.shots = 0: must be at least 1"]),
    ([GHZ, MONTREAL, "options.shots=-5"], ["options.shots = -5: must be at least 1"]),
    (
        [GHZ, MONTREAL, "options.shots=8193"],
        ["options.shots = 8193", "1 to 8192 shots"],
    ),
    (
        [GHZ, MONTREAL, "options.optimization_level=7"],
        ["options.optimization_level = 7: must be from 0 to 3"],
    ),
    ([GHZ, MONTREAL, "options.optimization_level=true"], ["optimization_level = true"]),
    (
        [GHZ, MONTREAL, "options.layout_method=noise_adaptiv"],
        ["options.layout_method = noise_adaptiv", "Did you mean noise_adaptive?"],
    ),
    (
        [GHZ, MONTREAL, "options.rep_delay=fast"],
        ["options.rep_delay = fast: must be a num"],
    ),
    (
        [GHZ, MONTREAL, "options.rep_delay=-1e-6"],
        ["options.rep_delay = -1e-06: must be at"],
    ),
    (
        [GHZ, MONTREAL, "options.rep_delay=1e-3"],
        ["options.rep_delay = 0.001", "ibmq_montreal takes 0 to 0.0005 seconds"],
    ),
    ([GHZ, MONTREAL, "options.rep_delay=nan"], ["options.rep_delay = nan"]),
    (
        [GHZ, "backend=ibmq_almaden", "options.rep_delay=0"],
        ["options.rep_delay = 0.0", "ibmq_almaden has a fixed repetition rate"],
    ),
    (
        [GHZ, "backend=ibmq_almaden", "options.rep_delay=1e-4"],
        ["options.rep_delay", "ibmq_almaden has a fixed repetition rate"],
    ),
    (
        [GHZ, MANILA, "options.use_measure_esp=true"],
        ["options.use_measure_esp", "ibmq_manila has no ESP readout", "ibm_cairo"],
    ),
    (
        [GHZ, MONTREAL, "service.twin.gamma_21=0"],
        ["service.twin.gamma_21 = 0: must be more than 0 and at most 10."],
    ),
    ([GHZ, MONTREAL, "seed=-1"], ["seed = -1: must be from 0"]),
    ([GHZ, MONTREAL, "repeats=0"], ["repeats = 0: must be from 1 to 10000"]),
    (
        [GHZ, MONTREAL, "sentinel=ghz-1"],
        ["sentinel = ghz-1: must be none, readout, or ghz-2 to"],
    ),
    ([GHZ, MONTREAL, "on_invalid=ignore"], ["on_invalid = ignore: must be one of"]),
    (
        [GHZ, MONTREAL, "optimize=fidelity"],
        ["optimize = fidelity: must be one of hellinger_fidelity", "depth"],
    ),
    (
        [GHZ, MONTREAL, "grid.options.shots=[]"],
        ["grid.options.shots: the list is empty"],
    ),
    ([GHZ, MONTREAL, "grid.options.shots=5"], ["must be a list of values"]),
    (
        [GHZ, MONTREAL, "grid.options.shotz=[5]"],
        ["grid.options.shotz = 5: no such key", "Did you mean options.shots?"],
    ),
    (
        [GHZ, MONTREAL, "grid.options.optimization_level=[1,7]"],
        ["grid.options.optimization_level = 7: must be from 0 to 3"],
    ),
    ([GHZ, MONTREAL, "service.noise=loud"], ["service.noise = loud: must be one of"]),
    (
        [GHZ, MONTREAL, "metrics=[fidelity]"],
        ["metrics.0 = fidelity", "hellinger_fidelity"],
    ),
    (
        [GHZ, MONTREAL, "circuit.num_qubits=0"],
        ["circuit.num_qubits = 0: must be from 1 to 1000"],
    ),
    (
        [GHZ, MANILA, "circuit.num_qubits=6"],
        ["circuit.num_qubits = 6: ibmq_manila has 5 qubits"],
    ),
    # a layout
    (
        [GHZ, MONTREAL, "options.initial_layout=[0,1]"],
        ["options.initial_layout = [0, 1]", "circuit ghz-5 has 5. Give 5"],
    ),
    (
        [GHZ, MONTREAL, "options.initial_layout=[0,1,2,3,3]"],
        ["options.initial_layout", "qubit 3 stands twice"],
    ),
    (
        [GHZ, MONTREAL, "options.initial_layout=[0,1,2,3,27]"],
        ["ibmq_montreal has no qubit 27; its qubits are 0 to 26"],
    ),
    (
        [GHZ, MONTREAL, "options.initial_layout={0:1,1:2,2:3,3:4,5:5}"],
        ["its keys must be the qubits 0 to 4"],
    ),
    (
        [GHZ, MONTREAL, "options.initial_layout=dense"],
        ["must be a list of physical qubits"],
    ),
    # the free mappings are checked against who reads them
    (
        [GHZ, MONTREAL, "+options.run_config.seed_simulatr=1"],
        ["options.run_config.seed_simulatr", "Did you mean seed_simulator?"],
    ),
    (
        [GHZ, MONTREAL, "+options.run_config.shots=1"],
        ["options.run_config.shots = 1", "set options.shots"],
    ),
    (
        [GHZ, MONTREAL, "+options.transpiler_options.aproximation_degree=1"],
        ["aproximation_degree", "Did you mean approximation_degree?"],
    ),
    (
        [
            GHZ,
            MONTREAL,
            "options.layout_method=dense",
            "+options.transpiler_options.layout_method=sabre",
        ],
        [
            "options.transpiler_options.layout_method = sabre",
            "set options.layout_method",
        ],
    ),
    (
        [GHZ, MONTREAL, "+options.run_config.skip_transpilation=true"],
        ["uses the gate h"],
    ),
    ([GHZ, "backend=ibmqx5"], ["service.noise = device", "needs a calibration"]),
    (
        [GHZ, MONTREAL, "options.run_config.seed_simulatr=1"],
        ["options.run_config.seed_simulatr", "Did you mean seed_simulator?"],
    ),
    (
        [GHZ, MONTREAL, "options.run_config={seed_simulatr:1}"],
        ["options.run_config.seed_simulatr", "Did you mean seed_simulator?"],
    ),
    (
        [GHZ, MONTREAL, "options.run_confg.memory=true"],
        ["options.run_confg", "Did you mean options.run_config?"],
    ),
    (
        [GHZ, MONTREAL, "options.optimisation_level=3"],
        ["options.optimisation_level", "Did you mean options.optimization_level?"],
    ),
    (
        [GHZ, MONTREAL, "circuit.arguments.depth=3"],
        ["circuit.arguments", "Allowed: kind, num_qubits, variant"],
    ),
    # what would take for ever to build
    ([GHZ, MONTREAL, "circuit.num_qubits=1000000000000"], ["must be from 1 to 1000"]),
    ([GHZ, "backend=ibm_washington", "circuit.num_qubits=1000"], ["has 127 qubits"]),
    # what Hydra itself stumbles over
    ([GHZ, MONTREAL, "options=null"], ["cannot be composed"]),
    ([GHZ, MONTREAL, "hydra.searchpath=[x://y]"], ["error: "]),
    # names that MLflow would refuse when all is done
    ([GHZ, MONTREAL, f"name={'x' * 501}"], ["name = xxx", "1 to 500 printable"]),
    ([GHZ, MONTREAL, "name='  '"], ["name =", "not all blank"]),
    # databases that several readers read as several files, or none keeps
    ([GHZ, MONTREAL, "'tracking.uri=\"sqlite:///a%20b.db\"'"], ["cannot be read"]),
    ([GHZ, MONTREAL, 'tracking.uri="sqlite:///a%20b.db"'], ["different files"]),
    ([GHZ, MONTREAL, "tracking.uri=sqlite://"], ["not kept in a file"]),
    ([GHZ, MONTREAL, 'tracking.uri="sqlite:///:memory:"'], ["not kept in a file"]),
    ([GHZ, MONTREAL, "tracking.uri=sqlite:////tmp"], ["a folder, not a file"]),
    # what is not YAML or not an override
    ([GHZ, MONTREAL, "options.shots=[1"], ["options.shots=[1: cannot be read"]),
    ([GHZ, MONTREAL, "shots"], ["shots: cannot be read", "KEY=VALUE"]),
    ([GHZ, MONTREAL, "options.shots=1,2"], ["several values are a sweep; add -m"]),
    (
        [GHZ, MONTREAL, "options.shots=${nowhere}"],
        ["options.shots", "'nowhere' not found"],
    ),
    # files and functions
    (["circuit=qasm", MONTREAL], ["circuit.files: not set"]),
    (["circuit=qasm", "circuit.files=no.qasm", MONTREAL], ["no.qasm: no such file"]),
    (["circuit=python", "circuit.function=os.nothing", MONTREAL], ["has no function"]),
    (
        [GHZ, "backend.configuration=no.json"],
        ["backend.configuration = no.json", "No such"],
    ),
    ([GHZ, "backend.properties=no.json"], ["has properties but no configuration"]),
    # tracking
    (
        [GHZ, MONTREAL, "tracking.uri=file:./mlruns"],
        ["tracking.uri = file:./mlruns", "sqlite"],
    ),
    (
        [GHZ, MONTREAL, "tracking.pictures=some"],
        ["tracking.pictures = some", "all, summary"],
    ),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=lambda value: " ".join(value))
def test_bad_input_is_refused_in_one_message(qexp, folder, arguments, words):
    finished = qexp(*arguments)
    assert finished.status == 2, finished.err
    for word in words:
        assert word in finished.err
    assert finished.err.startswith("error: ")
    assert finished.err.count("error:") == 1
    assert "Traceback" not in finished.err
    assert finished.out == ""
    assert list(folder.iterdir()) == []


def test_all_problems_are_named_at_once(qexp, folder):
    finished = qexp(GHZ, MANILA, "options.shots=9000", "options.rep_delay=1")
    assert finished.status == 2
    assert "options.shots = 9000" in finished.err
    assert "options.rep_delay = 1" in finished.err


def test_unreadable_qasm_names_file_and_line(qexp, folder):
    (folder / "bad.qasm").write_text("OPENQASM 2.0;\nqreg q[1];\nhh q[0];\n")
    finished = qexp("circuit=qasm", "circuit.files=bad.qasm", MONTREAL)
    assert finished.status == 2
    assert "bad.qasm, line 3" in finished.err


def test_a_circuit_that_measures_nothing_is_refused(qexp, folder):
    (folder / "silent.qasm").write_text("OPENQASM 2.0;\nqreg q[1];\nU(0,0,0) q[0];\n")
    finished = qexp("circuit=qasm", "circuit.files=silent.qasm", MONTREAL)
    assert finished.status == 2
    assert "circuit = silent: measures nothing" in finished.err


def test_a_tracking_server_that_is_not_there(qexp, folder):
    port = free_port()
    finished = qexp(GHZ, MONTREAL, f"tracking.uri=http://user:secret@127.0.0.1:{port}")
    assert finished.status == 2
    assert f"http://127.0.0.1:{port}: no MLflow server answers there" in finished.err
    assert "secret" not in finished.err + finished.out
    assert list(folder.iterdir()) == []


def test_the_environment_s_tracking_server_is_named_as_such(qexp, folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    finished = qexp(GHZ, MONTREAL)
    assert finished.status == 2
    assert "MLFLOW_TRACKING_URI = http://127.0.0.1:9" in finished.err


SECRET = "S3cretPw"


@pytest.mark.parametrize(
    "arguments",
    [
        [f'tracking.uri="http://u:{SECRET}@[::1"'],
        [f'tracking.uri="postgresql://u:{SECRET}@127.0.0.1:port/db"'],
        [f'tracking.uri="postgresql://u:ab/{SECRET}@127.0.0.1/db"'],
        [f'tracking.uri="postgresql://u:ab#{SECRET}@127.0.0.1/db"'],
        [f'tracking.uri="postgresql://127.0.0.1:1/db?user=u&password={SECRET}"'],
        [f'tracking.uri="http://127.0.0.1:9/?token={SECRET}"'],
        [f'tracking.uri="u:{SECRET}@host"'],
        [f"tracking.uri=http://u:{SECRET}@h#x y"],
        [f'tracking.uri=["http://u:{SECRET}@h"]'],
        [f"tracking.uri=http://u:{SECRET}@h,http://b"],
        [f"+tracking.url=http://u:{SECRET}@h"],
    ],
)
def test_no_message_shows_a_password(qexp, folder, arguments):
    finished = qexp(GHZ, MONTREAL, *arguments)
    assert finished.status == 2
    assert finished.err.startswith("error: ")
    assert SECRET not in finished.err + finished.out
    assert "Traceback" not in finished.err


CIRCUITS = """
import sys
from qiskit import QuantumCircuit

def leaves():
    sys.exit(0)

def nowhere():
    circuit = QuantumCircuit(1, 1)
    circuit.rx(float("nan"), 0)
    circuit.measure(0, 0)
    return circuit

def middle():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.measure(0, 1)
    return circuit

def branches():
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, True)):
        circuit.x(0)
    circuit.measure(0, 0)
    return circuit
"""


@pytest.mark.parametrize(
    ("name", "further", "words"),
    [
        ("leaves", [], "raised SystemExit"),
        ("nowhere", [], "an angle that is not a finite number"),
        (
            "middle",
            ["options.measurement_error_mitigation=true"],
            "measures in the middle",
        ),
        ("branches", [], "uses if_else, which ibmq_manila does not have"),
    ],
)
def test_circuits_that_cannot_be_run_are_refused(qexp, folder, name, further, words):
    (folder / "odd_circuits.py").write_text(CIRCUITS)
    function = f"circuit.function=odd_circuits.{name}"
    finished = qexp("circuit=python", function, MANILA, *further)
    assert finished.status == 2
    assert words in finished.err
    assert not (folder / "mlflow.db").exists()


def test_a_fault_of_qexp_s_is_a_message_too(qexp, folder, monkeypatch):
    def broken(*_):
        raise RuntimeError("no idea")

    monkeypatch.setattr("qexp.command.session.probe", broken)
    finished = qexp(GHZ, MONTREAL)
    assert finished.status == 1
    assert "RuntimeError: no idea" in finished.err
    assert "HYDRA_FULL_ERROR=1 shows where" in finished.err
    assert "Traceback" not in finished.err


def test_a_broken_yaml_of_the_user_s_is_named(qexp, folder):
    (folder / "conf" / "experiment").mkdir(parents=True)
    (folder / "conf" / "experiment" / "mine.yaml").write_text("a: [1\nb: 2\n")
    finished = qexp("+experiment=mine", MONTREAL)
    assert finished.status == 2
    assert "mine.yaml" in finished.err
    assert "line 2" in finished.err


def test_the_traceback_is_shown_to_who_asks_for_it(qexp, folder, monkeypatch):
    from qexp.errors import ConfigError

    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(ConfigError):
        qexp(GHZ, MONTREAL, "options.shots=0")
