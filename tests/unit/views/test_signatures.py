"""Failures of trainings that really fail in these ways, by name; and none of one that does not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import labrig
from labrig.config.loading import load_experiment
from labrig.views.gather import load_record
from labrig.views.record import TrainingRecord
from labrig.views.signatures import signatures

EXPERIMENT = """
rig:
  network: {{kind: crossbar, inputs: 4, outputs: 2}}
  board: {{kind: simulated, elements: {{kind: ideal}}, seed: 1}}
task: {{samples: [{{inputs: [0 V, 1 V, 2 V, 4 V], targets: [{targets}]}}]}}
learning:
  rule: {{kind: contrastive}}
  step: {{kind: fixed, rate: {rate} S/V^2}}
  bounds: {{floor: 0.1 S, ceiling: 10 S}}
  initial: {{kind: constant, conductance: 1 S}}
stop: {{steps: 300, error: 1 uV}}
seed: 1
"""


def seen(folder: Path, targets: str = "1.5 V, 2.4 V", rate: float = 0.05) -> list[str]:
    return [text.partition(":")[0] for text in signatures(trained(folder, targets, rate), 1e-6)]


def trained(folder: Path, targets: str = "1.5 V, 2.4 V", rate: float = 0.05) -> TrainingRecord:
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT.format(targets=targets, rate=rate))
    experiment = load_experiment(path)
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=folder / "runs")
        training.finish()
    return load_record(training.run)


def test_nothing_is_said_of_a_training_that_comes_to_its_targets(tmp_path: Path) -> None:
    assert seen(tmp_path) == []


def test_a_target_out_of_reach_ends_at_its_mirror_image(tmp_path: Path) -> None:
    """y = 4.2 V beyond the inputs: x = 2·4 − 4.2 = 3.8 V, though 3.913 V can be reached (physics)."""
    record = trained(tmp_path, targets="4.2 V, 2.4 V", rate=1.0)
    assert record.outputs is not None
    assert record.outputs[0, 0] == pytest.approx(3.8, abs=1e-3)
    (found,) = signatures(record, 1e-6)
    assert found.startswith("stall: the error stands at 39")
    assert "out0 at the mirror image of its target about in3, as one out of reach is" in found


def test_branches_at_their_floor_are_a_collapse(tmp_path: Path) -> None:
    record = trained(tmp_path)
    assert record.floor is not None
    collapsed = replace(record, conductances=record.floor.copy())
    assert [text.partition(":")[0] for text in signatures(collapsed, 1e-6)] == ["collapse"]


def test_an_output_that_no_resistors_can_give_is_dead(tmp_path: Path) -> None:
    record = trained(tmp_path)
    assert record.outputs is not None
    (found,) = signatures(replace(record, outputs=record.outputs + np.array([0.0, 3.0])), 1e-6)
    assert found.startswith("dead output: out1 reads 5.4 V, outside what the inputs drive")


def test_an_error_that_grew_is_a_divergence(tmp_path: Path) -> None:
    record = trained(tmp_path)
    grown = replace(record, error=np.geomspace(1e-3, 1.0, 100))
    assert [text.partition(":")[0] for text in signatures(grown, 1e-6)] == ["divergence"]


def test_too_large_a_rate_in_a_box_goes_to_and_fro(tmp_path: Path) -> None:
    assert "oscillation" in seen(tmp_path, rate=30.0)


@pytest.mark.parametrize(("offset", "said"), [("-5 mV", ["pushed"]), ("0 V", [])])
@pytest.mark.parametrize("rule", ["{kind: coupled, nudge: 0.2}", "{kind: equilibrium, nudge: 0.2 S}"])
def test_second_readings_that_are_off_push_the_conductances_which_is_told(
    tmp_path: Path, rule: str, offset: str, said: list[str]
) -> None:
    text = EXPERIMENT.format(targets="1.5 V, 2.4 V", rate=0.05).replace("0.05 S/V^2", "0.05")
    fault = f"  faults: [{{kind: adc-offset, node: in3, offset: {offset}, readings: second}}]"
    path = tmp_path / "experiment.yaml"
    path.write_text(text.replace("{kind: contrastive}", rule).replace("\ntask:", f"\n{fault}\ntask:"))
    experiment = load_experiment(path)
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path / "runs")
        training.finish()
    found = signatures(load_record(training.run), None)
    assert [text.partition(":")[0] for text in found if text.startswith("pushed")] == said


def test_drift_that_was_seen_is_told(tmp_path: Path) -> None:
    record = trained(tmp_path)
    drifts = tuple((10 * k, f"departure {k}") for k in range(5))
    told = [text for text in signatures(replace(record, drifts=drifts), 1e-6) if text.startswith("drift")]
    assert told[:3] == [f"drift: before step {10 * k} departure {k}" for k in range(3)]
    assert told[3].startswith("drift: 2 more departures")


@pytest.mark.parametrize(
    ("celsius", "accepted", "told"), [(31.0, [], True), (29.0, [], False), (31.0, ["temperature"], False)]
)
def test_a_calibration_that_did_not_hold_is_told_where_nobody_watched(
    tmp_path: Path, celsius: float, accepted: list[str], told: bool
) -> None:
    record = trained(tmp_path)
    attributes = {"calibration_celsius": 25.0, "calibration_kelvin": 5.0, "accepted": accepted}
    warm = replace(
        record,
        attributes={**record.attributes, **attributes},
        celsius=np.where(np.arange(len(record.error)) == 7, celsius, np.nan),
    )
    found = [text for text in signatures(warm, 1e-6) if text.startswith("warmth")]
    assert bool(found) == told
    if told:
        assert "31.0 °C at step 7, but its calibration holds at 25.0 ± 5 °C" in found[0]


def test_branches_that_are_off_do_not_pass_for_readings_that_are(tmp_path: Path) -> None:
    text = EXPERIMENT.format(targets="1.5 V, 2.4 V", rate=0.05).replace("0.05 S/V^2", "0.05")
    text = text.replace("{kind: contrastive}", "{kind: coupled, nudge: 0.2}")
    for seed in range(15):
        elements = f"{{kind: ideal, tolerance: 20 %}}, seed: {seed}"
        path = tmp_path / "experiment.yaml"
        path.write_text(text.replace("{kind: ideal}, seed: 1", elements))
        experiment = load_experiment(path)
        with labrig.open_bench(experiment.rig) as bench:
            training = labrig.train(bench, experiment, runs=tmp_path / "runs", name=f"s{seed}")
            training.finish()
        assert not [t for t in signatures(load_record(training.run), None) if t.startswith("pushed")]
