"""Study files: what they set, and what is said of mistakes in them."""

from pathlib import Path

import pytest

from labrig.config.studies import load_study
from labrig.errors import ConfigError
from labrig.procedures.drawing import drawn_experiment
from tests.support.files import Files

STUDY = """
experiment: experiment.yaml
set: {{stop.steps: 7}}
axes:
  rate: {{key: learning.step.rate, values: [1e-6, 2e-6]}}
  rule:
    cases:
      whole: {{}}
      half: {{learning.rule: {{kind: coupled, nudge: 0.5}}}}
{more}
"""


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path)
    made.simulated()
    return made


def study(files: Files, more: str = "", text: str = STUDY) -> Path:
    path = files.folder / "study.yaml"
    path.write_text(text.format(more=more), encoding="utf-8")
    return path


def test_every_combination_is_a_case_with_what_its_axes_set(files: Files) -> None:
    loaded = load_study(study(files))
    assert [dict(case.labels) for case in loaded.cases] == [
        {"rate": rate, "rule": rule} for rate in ("1e-06", "2e-06") for rule in ("whole", "half")
    ]
    found = [drawn_experiment(case, 3) for case in loaded.cases]
    assert [getattr(one.learning.step, "rate", None) for one in found] == [1e-6, 1e-6, 2e-6, 2e-6]
    assert [one.learning.rule.kind for one in found] == ["contrastive", "coupled"] * 2
    assert {one.stop.steps for one in found} == {7}


def test_a_seed_is_that_of_the_experiment_and_of_a_simulated_board(files: Files) -> None:
    case = load_study(study(files)).cases[0]
    found = drawn_experiment(case, 4)
    assert (found.seed, getattr(found.rig.board, "seed", None)) == (4, 4)


DRAW = """draw:
  samples: 2
  inputs: {kind: uniform, low: 1 V, high: 2 V}
  targets: {kind: uniform, low: 1.2 V, high: 1.4 V}"""


def test_a_drawn_task_is_the_same_for_all_cases_of_a_seed_and_no_other(files: Files) -> None:
    cases = load_study(study(files, DRAW)).cases
    tasks = [[drawn_experiment(case, seed).task for case in cases] for seed in (0, 1)]
    assert all(task == drawn[0] for drawn in tasks for task in drawn)
    assert tasks[0][0] != tasks[1][0]
    samples = tasks[0][0].samples
    assert len(samples) == 2
    assert all(1 <= volts <= 2 for sample in samples for volts in sample.inputs.values())
    assert all(1.2 <= volts <= 1.4 for sample in samples for volts in sample.targets.values())


@pytest.mark.parametrize(
    ("model", "branches", "near"),
    [("scale-free", 20, "16 or 21"), ("small-world", 25, "20 or 30"), ("random", 8, "9 or 10")],
)
def test_a_network_that_there_is_not_is_refused_with_those_that_are_near(
    files: Files, model: str, branches: int, near: str
) -> None:
    network = f"  network: {{model: {model}, nodes: 10, branches: {branches}, inputs: 4, outputs: 2}}"
    (case, *_) = load_study(study(files, f"{DRAW}\n{network}")).cases
    with pytest.raises(ConfigError, match=f"found {branches}; a {model} graph of 10 nodes can have {near}$"):
        drawn_experiment(case, 0)


@pytest.mark.parametrize(("model", "branches"), [("random", 12), ("scale-free", 16), ("small-world", 20)])
def test_a_drawn_network_has_what_was_asked_for(files: Files, model: str, branches: int) -> None:
    network = f"  network: {{model: {model}, nodes: 10, branches: {branches}, inputs: 4, outputs: 2}}"
    (case, *_) = load_study(study(files, f"{DRAW}\n{network}")).cases
    drawn = [drawn_experiment(case, seed).rig.network for seed in (0, 1)]
    for one in drawn:
        assert len(getattr(one, "branches", ())) == branches
        assert (len(getattr(one, "inputs", ())), len(getattr(one, "outputs", ()))) == (4, 2)
    assert drawn[0] != drawn[1]


LOW_ABOVE_HIGH = """draw:
  inputs: {{kind: ramp, low: 0 V, high: 1 V}}
  targets:
    {{kind: uniform, low: 2 V, high: 1 V}}"""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("learning.step.rate", "learning.stp.rate", r"study.yaml:5: .*learning.stp, which this experiment"),
        ("[1e-6, 2e-6]", "[1e-6, -1]", r"study.yaml:5: .*found -1; it must be above 0"),
        ("nudge: 0.5", "nudge: 2", r"study.yaml:9: .*found 2; it must be above 0 and at most 1"),
        ("stop.steps", "stop.stps", r"study.yaml:3: .*this key is not known here"),
        (
            "{more}",
            "against: size",
            r"study.yaml:10: against: found 'size', which is none of the axes: rate, rule",
        ),
        ("experiment.yaml", "no.yaml", r"study.yaml:2: experiment: found 'no.yaml'; .*there is no such file"),
        ("cases:", "kases:", r"study.yaml:7: axes.rule.kases: this key is not known here"),
        ("{more}", LOW_ABOVE_HIGH, r"study.yaml:13: draw.targets.low: found 2, which is above high, 1"),
        ("{more}", "seeds: 0", r"study.yaml:10: seeds: found 0; it must be at least 1"),
    ],
)
def test_a_mistake_is_told_where_it_stands(files: Files, before: str, after: str, said: str) -> None:
    path = study(files, text=STUDY.replace(before, after))
    with pytest.raises(ConfigError, match=said):
        drawn_experiment(load_study(path).cases[-1], 0)
