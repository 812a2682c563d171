"""Each mistake in a file is one sentence with file, line, key, what was found and what is allowed."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from labrig.config.loading import load_calibration, load_experiment, load_meters, load_rig
from labrig.errors import ConfigError

Write = Callable[[str, str], Path]
Lines = Callable[[dict[int, str]], str]
Refusal = Callable[[Path], str]

ONE_LINE = [
    # line, what stands there instead, key, what the message says
    (2, "  network: {kind: ring, nodes: 3}", "rig.network.kind", ["'ring'", "crossbar, graph"]),
    (2, "  network: {inputs: 2, outputs: 2}", "rig.network", ["kind is missing", "crossbar, graph"]),
    (2, "  network: crossbar", "rig.network", ["'crossbar'", "{kind: crossbar}"]),
    (2, "  network: {kind: crossbar, inputs: 2}", "rig.network.outputs", ["missing"]),
    (
        2,
        "  network: {kind: crossbar, inputs: 0, outputs: 2}",
        "rig.network.inputs",
        ["found 0", "at least 1"],
    ),
    (
        2,
        "  network: {kind: crossbar, inputs: 2.5, outputs: 2}",
        "rig.network.inputs",
        ["2.5", "whole number"],
    ),
    (
        2,
        '  network: {kind: crossbar, inputs: "2", outputs: 2}',
        "rig.network.inputs",
        ["'2'", "whole number"],
    ),
    (
        2,
        "  network: {kind: crossbar, inputs: true, outputs: 2}",
        "rig.network.inputs",
        ["true", "whole number"],
    ),
    (4, "    kind: simulatd", "rig.board.kind", ["'simulatd'", "simulated, firmware"]),
    (4, "    kind: 5", "rig.board.kind", ["found 5", "simulated, firmware"]),
    (5, "    elements: {kind: digipot}", "rig.board.elements.part", ["missing"]),
    (
        5,
        "    elements: {kind: ideal, tolerance: 2}",
        "rig.board.elements.tolerance",
        ["found 2", "at most 0.9"],
    ),
    (
        5,
        "    elements: {kind: ideal, tolerance: 5 V}",
        "rig.board.elements.tolerance",
        ["'5 V'", "percentage"],
    ),
    (
        5,
        "    elements: {kind: ideal, tolerance: true}",
        "rig.board.elements.tolerance",
        ["True", "percentage"],
    ),
    (6, "  limits: {voltage: 5}", "rig.limits.voltage", ["found 5", "no unit", "'5 V'"]),
    (6, "  limits: {voltage: 5 A}", "rig.limits.voltage", ["'5 A'", "another kind", "'5 V'"]),
    (6, "  limits: {voltage: -5 V}", "rig.limits.voltage", ["-5 V", "above 0 V"]),
    (6, "  limits: {voltage: .nan}", "rig.limits.voltage", ["nan", "not a finite number"]),
    (6, "  limits: {voltage: nan V}", "rig.limits.voltage", ["'nan V'", "not a number and a unit"]),
    (6, "  limits: {voltage: [5 V]}", "rig.limits.voltage", ["'5 V'", "a quantity in V"]),
    (6, "  limits: 5 V", "rig.limits", ["'5 V'", "a mapping with the keys branch_current"]),
    (
        6,
        "  limits: {voltge: 5 V}",
        "rig.limits.voltge",
        ["not known", "branch_current", "did you mean 'voltage'"],
    ),
    (6, "  faults: [open]", "rig.faults[0]", ["'open'", "a mapping such as {kind: flip}"]),
    (6, "  faults: [{kind: flop, rate: 1}]", "rig.faults[0].kind", ["'flop'", "flip, drop"]),
    (6, "  faults: [{kind: flip}]", "rig.faults[0].rate", ["missing"]),
    (6, "  faults: [{kind: flip, rate: 0}]", "rig.faults[0].rate", ["found 0", "above 0 and at most 1"]),
    (
        6,
        "  faults: [{kind: drop, rate: 1e-4, direction: left}]",
        "rig.faults[0].direction",
        ["'left'", "down, up"],
    ),
    (6, "  faults: [{kind: silence, at: 1 s, lasts: 0 s}]", "rig.faults[0].lasts", ["0 s", "above 0 s"]),
    (
        6,
        "  faults: [{kind: open, branch: in0-out9}]",
        "rig.faults[0].branch",
        ["'in0-out9'", "no branch", "in0-out0, in0-out1"],
    ),
    (
        6,
        "  faults: [{kind: open, branch: in0-out0}, {kind: short, branch: in0-out0}]",
        "rig.faults[1].branch",
        ["'in0-out0'", "open already"],
    ),
    (
        6,
        "  faults: [{kind: adc-stuck, node: out9, code: 0}]",
        "rig.faults[0].node",
        ["'out9'", "no node", "in0"],
    ),
    (
        6,
        "  faults: [{kind: adc-stuck, node: out0, code: 0}, {kind: adc-stuck, node: out0, code: 9}]",
        "rig.faults[1].node",
        ["'out0'", "adc-stuck already"],
    ),
    (6, "  faults: [{kind: brown-out, after: 0}]", "rig.faults[0].after", ["found 0", "at least 1"]),
    (6, "  faults: [{kind: brown-out, after: 9}]", "rig.faults", ["'brown-out'", "target atmega2560"]),
    (6, "  faults: [{kind: reset-at-open}]", "rig.faults", ["'reset-at-open'", "target atmega2560"]),
    (6, "  faults: [{kind: stuck, branch: in0-out0, code: -1}]", "rig.faults[0].code", ["-1", "at least 0"]),
    (6, "  calibration: bench.json", "rig.calibration", ["'bench.json'", "No such file", "labrig calibrate"]),
    (6, "  mask: in0-out0", "rig.mask", ["'in0-out0'", "write a list"]),
    (6, "  mask: [in0-out9]", "rig.mask[0]", ["'in0-out9'", "no branch", "in0-out0, in0-out1"]),
    (6, "  mask: [in0-out0, in0-out0]", "rig.mask[1]", ["'in0-out0'", "second time"]),
    (
        6,
        "  wiring: {inputs: {in0: dac0, in1: dac1, in5: dac2}}",
        "rig.wiring.inputs.in5",
        ["'in5'", "in0, in1"],
    ),
    (6, "  wiring: {inputs: {in0: dac0, in1: dac0}}", "rig.wiring.inputs.in1", ["'dac0'", "'in0'"]),
    (6, "  wiring: {inputs: {in0: dac0}}", "rig.wiring.inputs", ["no line for in1"]),
    (6, "  wiring: {inputs: {in0: adc0, in1: dac1}}", "rig.wiring.inputs.in0", ["'adc0'", "such as dac0"]),
    (6, "  wiring: {branches: {in0-out0: -1}}", "rig.wiring.branches.in0-out0", ["-1", "at least 0"]),
    (9, "    - inputs: [1 V]", "task.samples[0].inputs", ["1 voltages for 2 nodes", "in0, in1"]),
    (9, "    - inputs: [1 V, 2]", "task.samples[0].inputs.in1", ["found 2", "no unit"]),
    (9, "    - inputs: {in0: 1 V}", "task.samples[0].inputs", ["no voltage for in1"]),
    (
        9,
        "    - inputs: {in0: 1 V, in1: 1 V, out0: 1 V}",
        "task.samples[0].inputs.out0",
        ["'out0'", "in0, in1"],
    ),
    (9, "    - inputs: {in0: 1 V, in1: .inf}", "task.samples[0].inputs.in1", ["inf", "not a finite number"]),
    (9, "    - inputs: 1 V", "task.samples[0].inputs", ["'1 V'", "a mapping of names to values"]),
    (8, "  outputs: [[out0]]\n  samples:", "task.outputs[0]", ["a list of 1", "write text"]),
    (8, "  outputs: out0\n  samples:", "task.outputs", ["'out0'", "write a list"]),
    (10, "      targets: {out0: 1 V}", "task.samples[0].targets", ["no voltage for out1"]),
    (
        10,
        "      targets: {out0: 1 V, out1: 1 V, out2: 1 V}",
        "task.samples[0].targets.out2",
        ["a trained output"],
    ),
    (8, "  outputs: [out0, out1, out7]\n  samples:", "task.outputs[2]", ["'out7'", "out0, out1"]),
    (12, "  rule: {kind: contrastiv}", "learning.rule.kind", ["did you mean 'contrastive'"]),
    (12, "  rule: contrastive", "learning.rule", ["'contrastive'", "{kind: contrastive}"]),
    (12, "  rule: {kind: coupled}", "learning.rule.nudge", ["missing"]),
    (12, "  rule: {kind: coupled, nudge: 1.5}", "learning.rule.nudge", ["1.5", "above 0 and at most 1"]),
    (12, "  rule: {kind: coupled, nudge: 1 uS}", "learning.rule.nudge", ["'1 uS'", "percentage"]),
    (13, "  step: {kind: fixed}", "learning.step.rate", ["missing"]),
    (
        13,
        "  step: {kind: fixed, rate: 5 S}",
        "learning.step.rate",
        ["another kind", "S/V^2", "contrastive rule"],
    ),
    (
        13,
        "  step: {kind: fixed, rate: 5 S^2/V^2}",
        "learning.step.rate",
        ["another kind", "contrastive rule"],
    ),
    (13, "  step: {kind: fixed, rate: 0}", "learning.step.rate", ["found 0", "above 0"]),
    (13, "  step: {kind: diminishing, scale: 1}", "learning.step.offset", ["missing"]),
    (14, "  bounds: {floor: 0 S}", "learning.bounds.floor", ["0 S", "above 0 S"]),
    (14, "  bounds: {floor: 1 S, ceiling: 1 S}", "learning.bounds.ceiling", ["1 S", "above the floor"]),
    (15, "  initial: {kind: constant, conductance: 20 S}", "learning.initial.conductance", ["100 mS … 10 S"]),
    (15, "  initial: {kind: uniform, low: 2 S, high: 1 S}", "learning.initial.high", ["above low, 2 S"]),
    (15, "  initial: {kind: keep, low: 2 S}", "learning.initial.low", ["not known", "kind"]),
    (15, "  initial: {kind: file}", "learning.initial.path", ["missing"]),
    (
        14,
        "  order: sorted\n  bounds: {floor: 0.1 S}",
        "learning.order",
        ["'sorted'", "batch, shuffle, random"],
    ),
    (14, "  where: cloud\n  bounds: {floor: 0.1 S}", "learning.where", ["'cloud'", "host, board"]),
    (
        14,
        "  steps_per_exchange: 2\n  bounds: {floor: 0.1 S}",
        "learning.steps_per_exchange",
        ["found 2", "board"],
    ),
    (14, "  steps_per_exchange: 0\n  bounds: {floor: 0.1 S}", "learning.steps_per_exchange", ["at least 1"]),
    (16, "stop: {steps: 1e3}", "stop.steps", ["1000.0", "whole number"]),
    (16, "stop: {wall: 8}", "stop.wall", ["found 8", "no unit"]),
    (16, "stop: {plateau: {steps: 10}}", "stop.plateau.ratio", ["missing"]),
    (16, "keep: {states: some}", "keep.states", ["auto, all, last, or a mapping with the key every"]),
    (16, "keep: {states: {every: 0}}", "keep.states.every", ["found 0", "at least 1"]),
    (17, "seed: -1", "seed", ["-1", "at least 0"]),
    (17, "sed: 1", "sed", ["not known", "did you mean 'seed'"]),
    (17, "name: ''", "name", ["empty text"]),
]


@pytest.mark.parametrize(
    ("line", "text", "key", "said"), ONE_LINE, ids=[text.strip() for _, text, _, _ in ONE_LINE]
)
def test_a_mistake_is_one_sentence_with_file_line_and_key(
    line: int, text: str, key: str, said: list[str], write: Write, lines: Lines, refusal: Refusal
) -> None:
    path = write("experiment.yaml", lines({line: text}))
    (sentence,) = refusal(path).splitlines()
    assert sentence.startswith(f"{path}:{line}: {key}: ")
    missing = [word for word in said if word not in sentence]
    assert not missing, sentence


def test_every_mistake_is_told_in_the_order_of_the_lines(
    write: Write, lines: Lines, refusal: Refusal
) -> None:
    text = lines({17: "seed: x", 6: "  limits: {voltage: 5}", 14: "  bounds: {floor: 1}", 12: "  rule: {}"})
    path = write("experiment.yaml", text)
    places = [sentence.removeprefix(f"{path}:").split(":")[0] for sentence in refusal(path).splitlines()]
    assert places == ["6", "12", "14", "17"]


def test_beyond_ten_mistakes_the_rest_is_counted(write: Write, lines: Lines, refusal: Refusal) -> None:
    unknown = ", ".join(f"key{k}: 1" for k in range(13))
    path = write("experiment.yaml", lines({16: f"stop: {{{unknown}}}"}))
    told = refusal(path).splitlines()
    assert len(told) == 11
    assert told[-1] == "… and 3 more mistakes"


def test_a_refused_rule_does_not_make_its_rate_look_wrong(
    write: Write, lines: Lines, refusal: Refusal
) -> None:
    path = write("experiment.yaml", lines({12: "  rule: {kind: magic}"}))
    (sentence,) = refusal(path).splitlines()
    assert "learning.rule.kind" in sentence


def test_a_list_of_refused_items_is_not_called_too_short(
    write: Write, lines: Lines, refusal: Refusal
) -> None:
    graph = "  network: {kind: graph, nodes: [a, 5], branches: [[a, b]], inputs: [a], outputs: [b]}"
    (sentence,) = refusal(write("experiment.yaml", lines({2: graph}))).splitlines()
    assert "rig.network.nodes[1]: found 5; write text" in sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("- a\n- b\n", ":1: found a list of 2; write a mapping with the keys"),
        ("just text", ":1: found 'just text'; write a mapping with the keys"),
        ("rig: {\n", ":2: this is not YAML"),
        ("rig: a\ntask:\n\t- b\n", ":3: this is not YAML"),
        ("rig: a\nseed: 1\nseed: 2\n", ":3: seed: found this key a second time"),
        ("rig: a\nstop: {steps: 1, steps: 2}\n", ":2: steps: found this key a second time"),
        ("rig: a\n5: b\n", ":2: found the key 5; keys are text"),
        ("seed: 2026-01-01\n", ":1: seed: found a date"),
        ("seed: !secret x\n", ":1: seed: found the tag !secret"),
        ("a: 1\n---\nb: 2\n", ": this is not YAML"),
        ("a: \x07\n", ": this is not YAML"),
        ("a: " + "[" * 1100, ": this is not YAML"),
        ("a: " + "1" * 5000, ": this is not YAML"),
    ],
)
def test_what_is_no_mapping_in_yaml_is_refused(text: str, said: str, write: Write, refusal: Refusal) -> None:
    path = write("experiment.yaml", text)
    (sentence,) = refusal(path).splitlines()
    assert sentence.startswith(str(path))
    assert said in sentence


def test_a_file_that_is_not_there_is_named(tmp_path: Path, refusal: Refusal) -> None:
    path = tmp_path / "nowhere.yaml"
    assert refusal(path) == f"{path}: there is no such file"


def test_a_path_that_no_file_can_have_is_refused(write: Write, refusal: Refusal) -> None:
    path = write("experiment.yaml", 'rig: "a\\0b"\n')
    assert refusal(path).startswith(f"{path}:1: rig: found 'a\\x00b'; ")


def test_a_folder_is_not_a_file(tmp_path: Path, refusal: Refusal) -> None:
    assert refusal(tmp_path) == f"{tmp_path}: this is a directory, not a file"


def test_a_file_in_another_encoding_is_refused(tmp_path: Path, refusal: Refusal) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_bytes("name: Müller".encode("latin-1"))
    assert refusal(path) == f"{path}: this is not UTF-8 text (byte 7); save it as UTF-8"


CONFIGS = Path(__file__).parents[3] / "configs"
RIGS, STUDIES = CONFIGS / "rigs", CONFIGS / "studies"
A_CALIBRATION = '{"format": 1, "made": "2026-01-01T00:00:00Z", "board": "A7F3", "wiring": "00"}'


@pytest.mark.parametrize(
    ("load", "text", "said"),
    [
        (load_experiment, (RIGS / "digipot-16x16.yaml").read_text(), "found a rig, where an experiment is"),
        (load_experiment, (STUDIES / "paper-size.yaml").read_text(), "found a study, where an experiment is"),
        (load_rig, "rig: rig.yaml\ntask: {samples: []}\n", "found an experiment, where a rig is"),
        (load_rig, A_CALIBRATION, "found a calibration, where a rig is"),
        (load_meters, "rig: rig.yaml\ntask: {samples: []}\n", "found an experiment, where a rig is"),
        (load_calibration, '{"network": {}, "board": {}}', "found a rig, where a calibration is"),
    ],
)
def test_a_file_of_another_kind_is_one_sentence(
    load: Callable[[Path], object], text: str, said: str, write: Write
) -> None:
    path = write("given", text)
    with pytest.raises(ConfigError) as refused:
        load(path)
    sentence = rf"{re.escape(str(path))}:\d+: {said} wanted; name another file"
    assert re.fullmatch(sentence, str(refused.value))


def test_another_kind_of_file_is_told_where_an_experiment_names_its_rig(
    write: Write, refusal: Refusal
) -> None:
    rig = write("board.json", A_CALIBRATION)
    said = refusal(write("experiment.yaml", "rig: board.json\ntask: {samples: []}\n"))
    assert said == f"{rig}:1: found a calibration, where a rig is wanted; name another file"


def test_an_experiment_with_keys_of_a_rig_is_none(write: Write, refusal: Refusal) -> None:
    said = refusal(write("experiment.yaml", "rig: {}\ntask: {samples: []}\nnetwork: {}\nboard: {}\n"))
    assert "network: this key is not known here" in said
    assert "name another file" not in said
