"""A composer gives what Hydra gives, and leaves to Hydra what it is not sure of."""

from __future__ import annotations

import copy
import itertools
import random
import re

import pytest
from hydra import initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import env_override, run_job
from hydra.errors import ConfigCompositionException, MissingConfigException
from hydra.types import HydraContext, RunMode
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from qexp.declare.compose import Composer
from qexp.declare.read import SECTIONS, Reader, plain, read_tree
from qexp.errors import ConfigError
from qexp.userconf import built_in

START = ["+experiment=ghz", "backend=ibmq_montreal"]


def swept(folder, name, *overrides):
    """Hydra's loader and the configuration of a sweep."""
    with initialize_config_dir(str(folder), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        return loader, loader.load_configuration(name, [*overrides], RunMode.MULTIRUN)


@pytest.fixture(scope="module")
def sweep():
    return swept(built_in(), "qexp", *START)


@pytest.fixture
def composer(sweep):
    return Composer(*sweep)


def by_hydra(sweep, overrides, values=None, number=0):
    """What Hydra's launcher makes of a job, with values set as qexp's grids mean them."""
    loader, master = sweep
    whole = loader.load_sweep_config(master, list(overrides))
    with open_dict(whole):
        whole.hydra.job.id = whole.hydra.job.num = number
    for key, value in (values or {}).items():
        try:
            OmegaConf.update(whole, key, value, merge=True, force_add=True)
        except OmegaConfBaseException as error:
            text = f"Error merging override ++{key}={value}"
            raise ConfigCompositionException(text) from error
    before = HydraConfig.instance().cfg
    HydraConfig.instance().set_config(whole)
    try:
        with env_override(whole.hydra.job.env_set):
            return resolved(whole)
    finally:
        HydraConfig.instance().cfg = before


def resolved(whole):
    job = copy.deepcopy(whole)
    with open_dict(job):
        del job["hydra"]
    return plain(job)


def outcome(work, *arguments, **keywords):
    """A tree as text, which tells 1, 1.0 and true apart, or the error."""
    try:
        return repr(work(*arguments, **keywords))
    except Exception as error:
        return type(error), str(error)


SCALARS = """0 7 -3 1.5 1e-3 nan null true false linear some-text '5' 'a-b'
???""".split()
CONTAINERS = """[] [0,1] [a,[1,{b:2}]] {} {shots:5} {a:{b:1}} {0:1,1:0} [0,'???']
{noise:ideal} [1,'${circuit.kind}'] {a:'${seed}'} {a:5,c:[]}""".split()
REFERENCES = """${circuit.num_qubits} ${seed} ${name} ${options.shots} x-${circuit.kind}
${circuit.kind}-${circuit.num_qubits} a${seed}b ${metrics} ${options.run_config}
${options.rep_delay} x-${name} ${options.initial_layout}""".split()
DOUBTFUL = """${circuit} ${options} ${nowhere} ${circuit.nowhere} ${seed.inside}
${metrics.0} x${options.init_qubits} ${.shots} ${..seed}
${oc.env:QEXP_COMPOSED} ${oc.env:QEXP_UNSET}
${hydra:job.num} ${hydra.job.num} ${hydra:job.override_dirname}
'\\${seed}'
${circuit[kind]} '$${seed}' '${seed}}'
${a ${hydra:runtime.choices.backend} ${name.${name}}""".split()
LIKELY = """options.shots seed circuit.num_qubits name options.rep_delay metrics
options.initial_layout backend.name service.noise options.run_config""".split()
ADDED = """options.run_config.memory options.run_config.a.b options.run_config.a.c new.key
backend.declared.max_shots circuit.arguments.depth""".split()
KEYS = """metrics.0 metrics.9 circuit circuit.variant circuit.files circuit.function
circuit.arguments backend.declared options options.shots.inside options.initial_layout.0
options.nowhere tracking.uri nowhere hydra.job.name hydra.job.env_set.QEXP_COMPOSED
hydra.nowhere hydra""".split()
CHOICES = """circuit=ghz circuit=python circuit=qasm backend=ibmq_manila backend=aer_ideal
backend=from_files options=default service=local
++hydra.job.env_set.QEXP_COMPOSED=new ~tracking hydra/job_logging=none
+circuit@options.run_config.x=ghz +backend@second=ibmq_manila""".split()
WRONG = """backend=nowhere experiment=ghz +experiment=ghz ~backend
~circuit ~backend=ibmq_montreal
~service=nowhere +backend=ibmq_manila ++backend=ibmq_manila circuit=[ghz] circuit=5
circuit=null circuit@options.run_config.x=ghz options@options=default circuit=ghz,qasm
hydra/job_logging=nowhere hydra.searchpath=[] seed@name=5 options.shots=choice(1,2)
options.shots=1,2 seed=range(3) options.shots=int(5.5) metrics=sort([b,a]) nonsense =5
options..shots=5 hydra.sweep.dir=folder""".split()

plain_values = st.sampled_from(SCALARS[:-1] + CONTAINERS[:4]) | st.integers().map(str)
any_values = st.sampled_from(SCALARS + CONTAINERS + REFERENCES + DOUBTFUL)


def lines(prefixes, keys, values):
    """Overrides of a prefix, a key and a value."""
    parts = st.sampled_from(prefixes), st.sampled_from(keys), values
    return st.builds("{}{}={}".format, *parts)


fitting = st.one_of(
    lines(["", "", "++"], LIKELY, plain_values),
    lines(["", "", "++"], LIKELY, st.sampled_from(REFERENCES)),
    lines(["+", "++"], ADDED, plain_values | st.sampled_from(REFERENCES)),
    st.sampled_from(CHOICES),
)
strange = st.one_of(
    lines(["", "+", "++", "~"], LIKELY + ADDED + KEYS, any_values),
    st.sampled_from(LIKELY + KEYS).map("~{}".format),
    st.sampled_from(WRONG),
)
starts = st.sampled_from(
    [
        START,
        START,
        ["circuit=ghz", "backend=ibmq_manila"],
        ["circuit=ghz"],
        ["circuit=qasm", "circuit.files=a"],
    ]
)


def jobs(*kinds, repeated=False, most=4):
    """Overrides of a job, of some kinds, for a key each unless they may be repeated."""
    key = None if repeated else (lambda line: line.lstrip("+~").partition("=")[0])
    rest = st.lists(st.one_of(*kinds), min_size=1, max_size=most, unique_by=key)
    return st.builds(lambda start, lines: start + lines, starts, rest)


EXAMPLES = settings(
    deadline=None,
    derandomize=True,  # the same examples in every run
    database=None,
    phases=[Phase.generate],  # Hydra is too slow to find the smallest example
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def shared(sweep):
    """A composer for all examples, so that what it keeps is put to the test."""
    return Composer(*sweep)


@pytest.fixture(scope="module", autouse=True)
def _environment():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QEXP_COMPOSED", "from-outside")
        patch.delenv("QEXP_UNSET", raising=False)
        yield


def compared(composer, sweep, overrides, values=None, number=0):
    """Whether a job that comes out as Hydra composes it was left to Hydra."""
    before = composer.by_hydra
    mine = outcome(composer.tree, overrides, values, number=number)
    assert mine == outcome(by_hydra, sweep, overrides, values, number=number)
    return composer.by_hydra > before


LEFT: list[bool] = []


@given(overrides=jobs(fitting))
@settings(EXAMPLES, max_examples=50)
def test_jobs_that_fit_are_as_hydra_composes_them(shared, sweep, overrides):
    LEFT.append(compared(shared, sweep, overrides))


def test_most_jobs_that_fit_were_not_left_to_hydra():
    assert len(LEFT) >= 30
    assert sum(LEFT) < len(LEFT) / 2


@given(
    overrides=jobs(fitting, fitting, strange, repeated=True), number=st.integers(0, 3)
)
@settings(EXAMPLES, max_examples=50)
def test_any_job_is_as_hydra_composes_it(shared, sweep, overrides, number):
    compared(shared, sweep, overrides, number=number)


typed = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats()
    | st.sampled_from(
        ["", "a", "1", "null", "a b", "${seed}", "???", "${hydra:job.num}"]
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["shots", "noise", 0]), inner, max_size=2)
    ),
    max_leaves=4,
)
typed_keys = st.sampled_from([*LIKELY, *ADDED, *KEYS])


@given(
    overrides=jobs(fitting, most=1),
    values=st.dictionaries(typed_keys, typed, max_size=3),
)
@settings(EXAMPLES, max_examples=40)
def test_values_are_set_after_the_overrides(shared, sweep, overrides, values):
    compared(shared, sweep, overrides, values, number=2)


TANGLED = """
a: {x: 1, y: {z: 2}, list: [1, "${a.x}"]}
b: {inner: "${a}", n: null, open: "???"}
c: "${b}"
d: "${a.y}"
e: "${a.x}-${d.z}"
"""
TANGLING = """a.x=9 a={y:{z:5}} ++a={y:{q:5}} b={inner:{x:5}} ++b={inner:{q:5}} +b.inner.q=5
++b.inner.q=6 c.n=5 ~c.n +c.new=5 ~d ~d.z ~e=1-2 ~e=9-2 +e=5 e='${c.n}' b.open=1
b.n='${c.n}' a.list=[] a.list.0='${e}' ~a.list""".split()


def test_interpolated_mappings_are_as_hydra_has_them(tmp_path):
    (tmp_path / "tangled.yaml").write_text(TANGLED)
    sweep = swept(tmp_path, "tangled")
    composer = Composer(*sweep)
    pairs = list(itertools.permutations(TANGLING, 2))
    for pair in random.Random(0).sample(pairs, 60):
        compared(composer, sweep, [*pair, "b.open='${d}'", "c=null"])


VALUES = [
    ({"options.shots": 5, "name": "a b"}, ["++options.shots=5", "++name='a b'"]),
    ({"options": {"shots": 5}}, ["++options={shots:5}"]),
    ({"options": {"run_config": {"new": [1]}}}, ["++options={run_config:{new:[1]}}"]),
    ({"options.initial_layout": [2, 1]}, ["++options.initial_layout=[2,1]"]),
    ({"options.run_config.a.b": True}, ["++options.run_config.a.b=true"]),
    ({"name": "${circuit.kind}-x"}, ["++name='${circuit.kind}-x'"]),
    ({"backend": "ibmq_manila"}, ["backend=ibmq_manila"]),
    ({"backend": {"name": "mine"}}, ["++backend={name:mine}"]),
    ({"experiment": "ghz"}, ["+experiment=ghz"]),
    ({"seed": 1, "backend": "ibmq_manila"}, ["backend=ibmq_manila", "++seed=1"]),
]


@pytest.mark.parametrize(("values", "overrides"), VALUES, ids=str)
def test_values_are_overrides_with_two_plusses(composer, values, overrides):
    start = [] if "experiment" in values else START[:1]
    assert composer.tree([*start, "circuit=ghz"], values) == composer.tree(
        [*start, "circuit=ghz", *overrides]
    )
    assert composer.by_hydra == 0


def test_a_choice_may_be_any_text(composer):
    for name in ("null", "5", "a,b", "a b", "it's"):
        with pytest.raises(MissingConfigException, match=f"backend/{re.escape(name)}'"):
            composer.tree(START[:1], {"backend": name})


def grid():
    axes = [f"options.shots={n}" for n in (1, 2)], [f"seed={n}" for n in range(3)]
    layouts = ["options.initial_layout=null", "options.initial_layout=[0,1,2]"]
    devices = ["backend=ibmq_montreal", "backend=ibmq_manila"]
    return [[START[0], *cell] for cell in itertools.product(devices, layouts, *axes)]


def test_a_grid_is_not_left_to_hydra(composer, sweep):
    for overrides in grid():
        assert composer.tree(overrides) == by_hydra(sweep, overrides)
    assert composer.by_hydra == 0


def test_what_is_left_alone_is_shared(composer):
    one, other = composer.tree([*START, "seed=1"]), composer.tree([*START, "seed=2"])
    assert all(one[name] is other[name] for name in [*SECTIONS, "metrics"])
    third = composer.tree([*START, "++options.run_config={a:5}"])
    assert third["options"] is not one["options"]
    assert one["options"]["run_config"] == {}
    shared = set(SECTIONS) - {"options"}
    assert all(one[name] is third[name] for name in shared)


@pytest.mark.parametrize(
    "overrides",
    [
        ["options={shots:5}", "options.shots=7"],
        ["options.shots=5", "options.shots=7"],
        ["name='${seed}'", "seed='${name}'"],
        ["name='x${options}'"],
        ["name='x-${hydra:job.num}'"],
        ["+hydra.job.env_set.A=5"],
        ["options.shots=shuffle([1,2])"],
        ["options.shots=???"],
    ],
    ids=" ".join,
)
def test_what_is_not_certain_is_left_to_hydra(composer, overrides):
    outcome(composer.tree, [*START, *overrides])
    assert composer.by_hydra == 1


def test_a_job_sees_what_hydra_s_launcher_lets_it_see(composer, sweep, folder):
    texts = [
        "${hydra:runtime.output_dir}",
        "${hydra:job.id}",
        "${oc.env:QEXP_COMPOSED}",
    ]
    name = f"name='{' '.join(texts)}'"
    overrides = [*START, name, "++hydra.job.env_set.QEXP_COMPOSED=inside"]
    loader, master = sweep
    whole = loader.load_sweep_config(master, overrides)
    with open_dict(whole):
        whole.hydra.job.id = whole.hydra.job.num = 7
    job = run_job(
        plain,
        whole,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
        hydra_context=HydraContext(loader, Callbacks()),
        configure_logging=False,
    )
    tree = composer.tree(overrides, number=7)
    assert tree == job.return_value
    assert tree["name"].endswith("7 7 inside")


def test_what_cannot_be_resolved_is_said_as_for_one_run(composer):
    with pytest.raises(ConfigError, match=r"^circuit\.files: not set\."):
        composer.tree(["circuit=qasm"])
    with pytest.raises(ConfigError, match=r"^name: .*'nowhere' not found"):
        composer.tree([*START, "name=${nowhere}"])


def test_ten_thousand_jobs_are_not_left_to_hydra(composer):
    axes = (
        [f"options.shots={n}" for n in range(1, 11)],
        [f"seed={n}" for n in range(25)],
    )
    more = [f"circuit.num_qubits={n}" for n in range(2, 7)], ["name=a", "name=b"]
    levels = [f"options.optimization_level={n}" for n in (0, 1)]
    devices = ["backend=ibmq_montreal", "backend=ibmq_manila"]
    cells = list(itertools.product(START[:1], devices, *axes, *more, levels))
    assert len(cells) == 10_000
    trees = [composer.tree(cell) for cell in cells]
    assert composer.by_hydra == 0
    assert trees[-1]["options"]["shots"] == 10


def test_a_reader_shares_sections_that_are_equal(composer):
    reader = Reader()
    trees = [composer.tree(overrides) for overrides in grid()]
    read = [reader.read(tree) for tree in trees]
    assert read == [read_tree(tree) for tree in trees]
    assert len({id(one.options) for one in read}) == 4
    assert len({id(one.backend) for one in read}) == 2
    assert len({id(one.circuit) for one in read}) == 1


def test_a_reader_tells_true_from_one_and_says_what_is_wrong(composer):
    reader = Reader()
    reader.read(composer.tree([*START, "options.init_qubits=true", "options.shots=1"]))
    for wrong in (
        "options.init_qubits=1",
        "options.shots=true",
        "+options.a=1",
        "seed=x",
    ):
        tree = composer.tree([*START, wrong])
        with pytest.raises(ConfigError) as mine:
            reader.read(tree)
        with pytest.raises(ConfigError) as reference:
            read_tree(tree)
        assert str(mine.value) == str(reference.value)


def test_what_is_composed_already_is_not_composed_again(sweep, monkeypatch):
    loader, master = sweep
    overrides = ["+experiment=ghz", "backend=ibmq_manila"]
    composed = loader.load_sweep_config(master, overrides)
    with open_dict(composed):
        del composed["hydra"]
    values = {"options.shots": 7, "circuit.num_qubits": 4}
    expected = Composer(loader, master).tree(overrides, values)
    knowing = Composer(loader, master)
    knowing.know(overrides, composed)
    knowing.know([*overrides, "options.shots=3"], composed)  # more than its choices

    def composing(*_):
        raise AssertionError("it was composed before")

    monkeypatch.setattr(type(loader), "load_sweep_config", composing)
    assert knowing.tree(overrides, values) == expected
    with pytest.raises(AssertionError, match="composed before"):
        knowing.tree(["+experiment=ghz", "backend=aer_ideal"], values)
