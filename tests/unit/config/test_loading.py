"""From files to an experiment that needs them no more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from labrig.config.learning import ConstantInitial, FileInitial, FixedStep
from labrig.config.loading import Experiment, load, load_experiment, load_rig
from labrig.config.network import CrossbarNetwork
from labrig.config.rig import RigConfig
from labrig.errors import ConfigError

Write = Callable[[str, str], Path]
Lines = Callable[[dict[int, str]], str]
Refusal = Callable[[Path], str]

RIG = """\
network: {kind: crossbar, inputs: 2, outputs: 2}
board: {kind: simulated, elements: {kind: ideal}}
"""
REST = """\
learning:
  rule: {kind: contrastive}
  step: {kind: fixed, rate: 0.007}
  bounds: {floor: 10 uS}
  initial: {kind: constant, conductance: 20 uS}
"""
SAMPLES = "in0 [V],in1 [mV],out1 [V],out0 [V]\n"
TASK_FILE = "task: {file: tasks/gate.csv}\n"


def test_quantities_become_si_floats(write: Write, lines: Lines) -> None:
    experiment = load_experiment(write("a.yaml", lines({16: "stop: {error: 1 uV, wall: 8 h}"})))
    config = experiment.config
    assert config.stop.error == 1e-6
    assert config.stop.wall == 28800.0
    assert config.learning.step == FixedStep(rate=0.007)
    assert config.learning.initial == ConstantInitial(conductance=1.0)
    assert config.rig.limits.voltage == 5.0


def test_voltages_in_node_order_are_named(write: Write, lines: Lines) -> None:
    sample = load_experiment(write("a.yaml", lines({}))).config.task.samples[0]
    assert sample.inputs == {"in0": 1.0, "in1": 2.0}
    assert sample.targets == {"out0": 1.4, "out1": 1.5}


def test_targets_in_order_are_those_of_the_trained_outputs(write: Write, lines: Lines) -> None:
    text = lines({8: "  outputs: [out1]\n  samples:", 10: "      targets: [1.4 V]"})
    assert load_experiment(write("a.yaml", text)).config.task.samples[0].targets == {"out1": 1.4}


def test_without_a_name_an_experiment_is_called_after_its_file(write: Write, lines: Lines) -> None:
    assert load_experiment(write("two-gates.yaml", lines({}))).name == "two-gates"
    assert load_experiment(write("b.yaml", lines({17: "name: gates"}))).name == "gates"


def test_the_resolved_text_loads_to_the_same_experiment_without_any_other_file(
    write: Write, tmp_path: Path
) -> None:
    write("rigs/rig.yaml", RIG)
    write("tasks/gate.csv", SAMPLES + "1,2,1.25,1.75\n0.1,0.2,0.3,0.7\n")
    write("start.csv", "branch,conductance [uS]\nin0-out0,11\nin0-out1,12\nin1-out0,13\nin1-out1,14.3\n")
    text = (
        "rig: rigs/rig.yaml\n"
        + TASK_FILE
        + REST.replace("kind: constant, conductance: 20 uS", "kind: file, path: start.csv")
    )
    first = load_experiment(write("one.yaml", text + "keep: {states: {every: 7}}\n"))
    second = load_experiment(write("elsewhere/stored.yaml", first.text))
    assert second.config == first.config
    assert second.name == "one"
    assert second.rig.name == "rig"
    assert second.text == first.text
    assert isinstance(second.config.learning.initial, FileInitial)
    assert second.config.learning.initial.conductances["in1-out1"] == 14.3e-6


@pytest.mark.parametrize("rate", ["0.1", "7e-3", "3e-6", "1.0000000000000002"])
@pytest.mark.parametrize("rule", ["{kind: contrastive}", "{kind: equilibrium, nudge: 3 uS}"])
def test_a_bare_rate_is_in_the_unit_of_its_rule_and_survives_storing(
    rate: str, rule: str, write: Write, lines: Lines
) -> None:
    text = lines({12: f"  rule: {rule}", 13: f"  step: {{kind: diminishing, scale: {rate}, offset: 1}}"})
    first = load_experiment(write("a.yaml", text))
    unit = "S/V^2" if "contrastive" in rule else "S^2/V^2"
    assert f"{float(rate)!r} {unit}" in first.text
    assert load_experiment(write("b.yaml", first.text)).config.learning == first.config.learning


def test_a_rig_is_found_relative_to_the_file_that_names_it(write: Write, lines: Lines) -> None:
    write("rigs/small.yaml", RIG)
    text = "rig: ../rigs/small.yaml\n" + lines({}).split("limits: {voltage: 5 V}\n")[1]
    experiment = load_experiment(write("experiments/a.yaml", text))
    assert experiment.rig.network == CrossbarNetwork(inputs=2, outputs=2)
    assert experiment.rig.name == "small"


def test_another_rig_and_seed_can_take_the_place_of_the_experiments_own(write: Write, lines: Lines) -> None:
    other = write("other.yaml", RIG + "mask: [in0-out0]\n")
    experiment = load_experiment(write("a.yaml", lines({})), rig=other, seed=9)
    assert experiment.rig.mask == ("in0-out0",)
    assert experiment.rig.limits.voltage is None
    assert experiment.config.seed == 9


def test_another_rig_does_not_save_a_file_that_is_no_experiment(write: Write) -> None:
    other = write("other.yaml", RIG)
    with pytest.raises(ConfigError, match="found a list of 1; write a mapping with the keys"):
        load_experiment(write("a.yaml", "- 1\n"), rig=other, seed=9)


def test_a_file_is_told_to_be_a_rig_or_an_experiment_by_its_keys(write: Write, lines: Lines) -> None:
    assert isinstance(load(write("a.yaml", lines({}))), Experiment)
    assert isinstance(load(write("b.yaml", RIG)), RigConfig)


def test_a_mistake_in_a_named_rig_is_told_in_terms_of_its_own_file(
    write: Write, lines: Lines, refusal: Refusal
) -> None:
    rig = write("rigs/small.yaml", RIG + "limits:\n  voltage: 5\n")
    text = "rig: rigs/small.yaml\n" + lines({}).split("limits: {voltage: 5 V}\n")[1]
    assert refusal(write("a.yaml", text)).startswith(f"{rig}:4: limits.voltage: found 5")


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("rig: rigs/none.yaml\n" + REST, "rig: found 'rigs/none.yaml'", 1),
        (
            "rig:\n" + "".join(f"  {row}\n" for row in RIG.splitlines()) + TASK_FILE + REST,
            "task.file: found 'tasks/gate.csv'",
            4,
        ),
    ],
)
def test_a_named_file_that_is_not_there_is_told_with_the_line_that_names_it(
    text: str, key: str, line: int, write: Write, refusal: Refusal
) -> None:
    path = write("a.yaml", text)
    assert refusal(path).startswith(f"{path}:{line}: {key}; ")
    assert refusal(path).endswith("there is no such file")


def test_a_start_file_that_is_not_there_is_told_with_the_line_that_names_it(
    write: Write, lines: Lines, refusal: Refusal
) -> None:
    path = write("a.yaml", lines({15: "  initial: {kind: file, path: start.csv}"}))
    assert refusal(path).startswith(f"{path}:15: learning.initial.path: found 'start.csv'; ")


def test_the_folder_of_a_rig_is_no_rig(write: Write, tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "rigs").mkdir()
    path = write("a.yaml", "rig: rigs\n")
    assert (
        refusal(path) == f"{path}:1: rig: found 'rigs'; {tmp_path / 'rigs'}: this is a directory, not a file"
    )


def test_a_missing_task_is_said_once(write: Write, refusal: Refusal) -> None:
    path = write("a.yaml", "rig:\n" + "".join(f"  {row}\n" for row in RIG.splitlines()) + REST)
    assert refusal(path) == f"{path}:1: task: this key is missing"


def with_csv(write: Write, task: str = TASK_FILE) -> Path:
    return write("a.yaml", "rig: {name: r, " + RIG.replace("\n", ", ", 1).strip() + "}\n" + task + REST)


def test_samples_are_read_by_column_whatever_their_order_and_unit(write: Write) -> None:
    write("tasks/gate.csv", "# two gates\n" + SAMPLES + "1,2,1.25,1.75\n\n0.1, -0.2 ,0.3,0.7\n")
    samples = load_experiment(with_csv(write)).config.task.samples
    assert [sample.inputs for sample in samples] == [{"in0": 1.0, "in1": 2e-3}, {"in0": 0.1, "in1": -2e-4}]
    assert [sample.targets for sample in samples] == [
        {"out1": 1.25, "out0": 1.75},
        {"out1": 0.3, "out0": 0.7},
    ]


def test_validation_samples_come_from_a_file_of_their_own(write: Write) -> None:
    write("tasks/gate.csv", SAMPLES + "1,2,1.25,1.75\n")
    write("tasks/other.csv", SAMPLES + "0,1,0.5,0.5\n")
    task = "task: {file: tasks/gate.csv, validation: {file: tasks/other.csv}}\n"
    config = load_experiment(with_csv(write, task)).config
    assert config.task.validation is not None
    assert config.task.validation[0].inputs == {"in0": 0.0, "in1": 1e-3}
    assert config.task.samples[0].inputs["in0"] == 1.0


def test_a_task_of_some_outputs_needs_columns_for_these_only(write: Write) -> None:
    write("tasks/gate.csv", "in0 [V],in1 [V],out1 [V]\n1,2,1.5\n")
    config = load_experiment(with_csv(write, "task: {file: tasks/gate.csv, outputs: [out1]}\n")).config
    assert config.task.samples[0].targets == {"out1": 1.5}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", ": found nothing; write a header and at least one row"),
        (SAMPLES, ": found only a header"),
        ("in0 [V],in1 [V],out0 [V]\n1,2,3\n", ":1: found no column for out1"),
        (
            "in0 [V],in1 [V],out0 [V],out1 [V],out2 [V]\n1,2,3,4,5\n",
            ":1: found a column for 'out2'; columns are in0",
        ),
        ("in0 [V],in1 [V],out0 [V],out0 [V]\n1,2,3,4\n", ":1: found a second column for 'out0'"),
        (
            "in0,in1 [V],out0 [V],out1 [V]\n1,2,3,4\n",
            ":1: found the column 'in0'; write the node and the unit",
        ),
        (
            "in0 [A],in1 [V],out0 [V],out1 [V]\n1,2,3,4\n",
            ":2: column in0: found '1 A', which is another kind",
        ),
        (SAMPLES + "1,2,3\n", ":2: found 3 cells; the header has 4"),
        (SAMPLES + "1,2,3,4\n1,2,3,x\n", ":3: column out0: found 'x V', which is not a number"),
        (SAMPLES + "1,,3,4\n", ":2: column in1: found ' mV', which is not a number"),
        (SAMPLES + "1,nan,3,4\n", ":2: column in1: found 'nan mV', which is not a number"),
    ],
)
def test_a_mistake_in_a_table_is_told_with_its_line(
    table: str, said: str, write: Write, refusal: Refusal
) -> None:
    csv = write("tasks/gate.csv", table)
    assert f"{csv}{said}" in refusal(with_csv(write))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("branch,g\nin0-out0,1\n", ":1: found the columns branch,g; write branch,conductance [S]"),
        ("branch,conductance [S]\nin0-out0,1\nin0-out0,1\n", ":3: found branch 'in0-out0' a second time"),
        ("branch,conductance [S]\nin0-out0,1 S\n", ":2: column conductance: found '1 S S'"),
        ("branch,conductance [S]\nin0-out0,0\n", ":2: in0-out0: found 0 S; it must be above 0 S"),
        ("branch,conductance [S]\nin0-out9,1\n", ":2: in0-out9: found 'in0-out9', which is no branch"),
        ("branch,conductance [S]\nin0-out0,1\n", ":1: found no conductance for in0-out1, in1-out0, in1-out1"),
        (
            "branch,conductance [S]\nin0-out0,20\nin0-out1,1\nin1-out0,1\nin1-out1,1\n",
            ":2: in0-out0: found 20 S; it must lie within",
        ),
    ],
)
def test_a_mistake_in_a_start_file_is_told_with_its_line(
    table: str, said: str, write: Write, lines: Lines, refusal: Refusal
) -> None:
    csv = write("start.csv", table)
    assert f"{csv}{said}" in refusal(write("a.yaml", lines({15: "  initial: {kind: file, path: start.csv}"})))


@pytest.mark.parametrize(
    ("task", "key"),
    [
        ("task: {file: tasks/gate.csv, samples: []}\n", "task.samples"),
        (
            "task: {file: tasks/gate.csv, validation: {file: tasks/gate.csv, every: 2}}\n",
            "task.validation.every",
        ),
    ],
)
def test_a_file_excludes_what_it_would_replace(task: str, key: str, write: Write, refusal: Refusal) -> None:
    write("tasks/gate.csv", SAMPLES + "1,2,3,4\n")
    path = with_csv(write, task)
    assert refusal(path).startswith(f"{path}:2: {key}: found beside file")


def test_a_file_is_named_by_text(write: Write, refusal: Refusal) -> None:
    assert "task.file: found 3; write the path of a file" in refusal(with_csv(write, "task: {file: 3}\n"))


def test_a_rig_alone_is_refused_like_one_in_an_experiment(write: Write) -> None:
    path = write("rig.yaml", RIG + "limit: {}\n")
    with pytest.raises(ConfigError, match="did you mean 'limits'") as refused:
        load_rig(path)
    assert str(refused.value).startswith(f"{path}:3: limit: ")
    assert refused.value.exit_code == 2
