"""``labrig preflight``: what it says and with which exit code."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.calling import Labrig

EXPERIMENT = """
rig:
  network: {{kind: crossbar, inputs: 2, outputs: 2}}
  board: {{kind: simulated, elements: {{kind: ideal}}}}
task: {{samples: [{{inputs: {{in0: 0 V, in1: 1 V}}, targets: {{out0: {first}, out1: 0.5 V}}}}]}}
learning:
  rule: {{kind: contrastive}}
  step: {{kind: fixed, rate: 0.1}}
  bounds: {{floor: 1 S, ceiling: 4 S}}
  initial: {{kind: constant, conductance: 2 S}}
stop: {{steps: 10}}
"""


def asked(call: Labrig, folder: Path, first: str) -> tuple[int, dict[str, Any]]:
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT.format(first=first))
    result = call("preflight", path, "--json")
    return result.code, json.loads(result.out)


def test_nothing_against_a_target_between_the_ends_of_the_box(call: Labrig, tmp_path: Path) -> None:
    code, found = asked(call, tmp_path, "0.79 V")
    assert (code, found["reachable"], found["unreachable"], found["objections"]) == (0, True, [], [])
    assert (found["trainable"], found["rank"]) == (True, 2)
    assert found["limits"] == {"span": 1.0, "branch_current": 4.0, "branch_power": 4.0}
    predicted = found["predicted"]
    assert (predicted["steps"], predicted["measurements"], predicted["writes"]) == (10, 22, 44)


def test_a_target_beyond_the_box_is_named_with_the_best_there_is(call: Labrig, tmp_path: Path) -> None:
    """1 V · 4 S / (4 S + 1 S) = 0.8 V."""
    code, found = asked(call, tmp_path, "0.9 V")
    assert (code, found["reachable"]) == (10, False)
    (missed,) = found["unreachable"]
    assert missed == {
        "output": "out0",
        "sample": 0,
        "target": 0.9,
        "best": pytest.approx(0.8),
        "best_jointly": pytest.approx(0.8),
    }
    assert "out0 of sample 1 wants 900 mV, at best 800 mV" in found["objections"][0]


@pytest.mark.parametrize(("first", "factor"), [("0.9 V", 2.25), ("0.95 V", 4.75)])
def test_how_much_wider_the_box_would_have_to_be_is_told(
    call: Labrig, tmp_path: Path, first: str, factor: float
) -> None:
    """1 V · c / (c + 1 S) = 0.9 V at c = 9 S, 2.25 times the ceiling of 4 S; 0.95 V at 19 S."""
    _, found = asked(call, tmp_path, first)
    told = re.search(
        r"a ceiling ([0-9.]+) times as high would do, or a floor as much lower", found["objections"][0]
    )
    assert told is not None
    assert factor <= float(told[1]) <= 1.02 * factor


TAPS = """
rig:
  network: {{kind: crossbar, inputs: 8, outputs: 4}}
  board:
    kind: simulated
    elements: {{kind: digipot, part: MCP4351-104}}
    adc: {{bits: 12, span: 5 V}}
  limits: {{voltage: 5 V}}
task:
  samples:
    - inputs: [0.3 V, 0.9 V, 1.5 V, 2.1 V, 2.7 V, 3.3 V, 3.9 V, 4.5 V]
      targets: [2 V, 2.2 V, 2.4 V, 2.6 V]
learning:
  rule: {{kind: contrastive}}
  step: {{kind: auto}}
  bounds: {{floor: 10 uS}}
  initial: {{kind: constant, conductance: 20 uS}}
stop: {{error: {error}, steps: 10}}
"""


@pytest.mark.parametrize(("error", "code", "told"), [("1 mV", 0, 0), ("400 uV", 0, 1), ("100 uV", 10, 1)])
def test_an_error_that_taps_and_converter_do_not_allow_is_told(
    call: Labrig, tmp_path: Path, error: str, code: int, told: int
) -> None:
    """A fifth of a step of 12 bits in 5 V is 244 uV, 488 uV over four outputs."""
    path = tmp_path / "experiment.yaml"
    path.write_text(TAPS.format(error=error))
    result = call("preflight", path, "--json")
    found = json.loads(result.out)
    assert 488e-6 <= found["predicted"]["error_floor"] <= 600e-6
    assert result.code == code
    said = [text for text in (*found["hints"], *found["objections"]) if "stop.error is" in text]
    assert len(said) == told


def test_a_target_beyond_the_inputs_asks_for_other_inputs(call: Labrig, tmp_path: Path) -> None:
    code, found = asked(call, tmp_path, "1.2 V")
    assert code == 10
    assert "move the inputs apart" in found["objections"][0]


def test_the_kite_is_advised_against_in_words(call: Labrig) -> None:
    result = call("preflight", "configs/experiments/kite.yaml")
    assert result.code == 10
    assert "trainable  not from this start, rank 2" in result.out
    assert "start from unequal conductances" in result.out


METERED = """
rig:
  network: {{kind: crossbar, inputs: 2, outputs: 1}}
  board: {{kind: simulated, elements: {{kind: ideal}}}}
  source_meters:
    smu: {{kind: keithley2400, node: {node}, link: {{kind: visa, resource: A}}, slew: 10 V/s, {keys}}}
task: {{samples: [{{inputs: {{in0: 0 V, in1: 1 V}}, targets: {{out0: 0.5 V}}}}]}}
learning:
  rule: {{kind: contrastive}}
  step: {{kind: fixed, rate: 0.1}}
  bounds: {{floor: 1 mS, ceiling: 4 mS}}
  initial: {{kind: constant, conductance: 2 mS}}
"""


@pytest.mark.parametrize(("node", "changes"), [("in1", 0), ("out0", 2)])
def test_the_price_of_a_source_meter_that_both_drives_and_listens_is_told(
    call: Labrig, tmp_path: Path, node: str, changes: int
) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_text(METERED.format(node=node, keys="compliance_current: 10 mA, limits: {voltage: 5 V}"))
    result = call("preflight", path, "--json")
    found = json.loads(result.out)
    assert found["predicted"]["function_changes"] == changes
    seconds = found["predicted"]["function_change_seconds"]
    assert seconds == pytest.approx(changes * (0.4 + 2 * 1.0 / 10), rel=1e-9)
    assert any("the board's own clamps do not" in hint for hint in found["hints"]) == (changes > 0)


def test_a_training_that_cannot_succeed_is_not_begun_unless_it_is_told_to(
    call: Labrig, tmp_path: Path
) -> None:
    path, runs = tmp_path / "experiment.yaml", tmp_path / "runs"
    path.write_text(EXPERIMENT.format(first="0.9 V"))
    refused = call("train", path, "--runs", runs)
    assert refused.code == 10
    assert "out0 of sample 1 wants 900 mV, at best 800 mV alone" in refused.err
    assert "nothing was driven; --no-preflight trains all the same" in refused.err
    assert not runs.exists()
    assert call("train", path, "--runs", runs, "--no-preflight").code == 0
    assert len([*runs.iterdir()]) == 1


def test_a_rate_is_held_against_what_is_proved(call: Labrig) -> None:
    """Twice the variance of 1 … 40 V over 0.1 S: 2/L = 7.5e-4 S/V², the paper's 8.96e-11 (physics)."""
    result = call("preflight", "configs/experiments/crossbar-40x30.yaml")
    assert "fixed steps below 0.00075 S/V² are proved to converge" in result.out
    assert "has 8.96e-11); the rate is 0.007 S/V², 9.33 times that" in result.out
    inside = call("preflight", "configs/experiments/crossbar-40x30-digipot.yaml")
    assert "the rate is 3e-06 S/V², within it" in inside.out
