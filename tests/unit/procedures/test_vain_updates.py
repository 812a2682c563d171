"""A training that can use none of its readings any more ends, and says which."""

import contextlib
from pathlib import Path

import pytest

import labrig
from labrig.errors import BoardFault

OUT1_IS_CUT_OFF = "faults: [{kind: open, branch: in0-out1}, {kind: open, branch: in1-out1}]"
EXPERIMENT = """
rig:
  network: {{kind: crossbar, inputs: 2, outputs: 2}}
  board:
    kind: simulated
    elements: {{kind: digipot, part: MCP4351-104}}
    adc: {{bits: 12, span: 5 V}}
    dac: {{bits: 12, span: 5 V}}
  {faults}
task:
  samples:
{samples}
learning:
  rule: {{kind: contrastive}}
  order: shuffle
  step: {{kind: fixed, rate: 3e-6 S/V^2}}
  bounds: {{floor: 10 uS}}
  initial: {{kind: constant, conductance: 20 uS}}
stop: {{steps: 20}}
seed: 1
"""


def trained(folder: Path, *, faults: str = "", samples: int = 1) -> "labrig.Training":
    sample = "    - inputs: [1 V, 3 V]\n      targets: {out0: 1.5 V, out1: 2.5 V}"
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT.format(faults=faults, samples="\n".join([sample] * samples)))
    experiment = labrig.load_experiment(path)
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=folder / "runs")
        with contextlib.nullcontext() if not faults else pytest.raises(BoardFault, match="in the last"):
            training.finish()
        return training


@pytest.mark.parametrize(("samples", "updates"), [(1, 3), (7, 7)])
def test_it_ends_once_every_sample_had_its_turn_and_names_the_line(
    tmp_path: Path, samples: int, updates: int
) -> None:
    training = trained(tmp_path, faults=OUT1_IS_CUT_OFF, samples=samples)
    assert training.ending is not None
    assert training.ending.outcome == "failed"
    assert f"the last {updates} updates" in training.ending.reason
    assert "the reading of out1 is missing, within 1 % of a rail" in training.ending.reason
    assert labrig.open_run(training.run).sizes["step"] == updates


def test_a_sound_board_trains_to_the_end(tmp_path: Path) -> None:
    ending = trained(tmp_path).ending
    assert ending is not None
    assert ending.outcome == "stopped"
