"""Offsets of converters that a training takes off its readings."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.config.loading import load_experiment
from labrig.procedures.reopen import open_rig_or_run
from labrig.store.reader import RunReader
from tests.support.files import Files

OFFSET = 0.01
LSB = 5 / 65535
EXPERIMENT = f"""
rig:
  network: {{{{kind: crossbar, inputs: 4, outputs: 2}}}}
  board:
    kind: simulated
    elements: {{{{kind: ideal, tolerance: 20 %}}}}
    adc: {{{{bits: 16, span: 5 V}}}}
    dac: {{dac}}
    seed: 5
  faults: {{faults}}
task: {{{{samples: [{{{{inputs: [0.5 V, 1.5 V, 3 V, 4.5 V], targets: [2 V, 2.8 V]}}}}]}}}}
learning:
  rule: {{{{kind: contrastive}}}}
  step: {{{{kind: auto}}}}
  zero: {{zero}}
  bounds: {{{{floor: 10 uS, ceiling: 1 mS}}}}
  initial: {{{{kind: constant, conductance: 100 uS}}}}
stop: {{{{error: {LSB * 1.5!r} V, steps: 40}}}}
"""
FAULTY = f"[{{kind: adc-offset, node: out1, offset: {OFFSET} V}}]"


def trained(
    folder: Path, zero: str, faults: str = FAULTY, dac: str = "null"
) -> tuple[Path, np.ndarray[Any, Any]]:
    """A finished run, and the conductances that it came to."""
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT.format(zero=zero, faults=faults, dac=dac))
    experiment = load_experiment(path)
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=folder / "runs")
        assert training.finish().outcome == "converged"
        return training.run, bench.realised()


def true_outputs(folder: Path, conductances: np.ndarray[Any, Any], dac: str = "null") -> np.ndarray[Any, Any]:
    """What a sound converter reads on the same branches."""
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT.format(zero="null", faults="[]", dac=dac))
    experiment = load_experiment(path)
    with labrig.open_bench(experiment.rig) as bench:
        (sample,) = labrig.preflight(bench, experiment).plan.samples
        states = bench.settle([sample.free], program=conductances)
        return np.asarray(states.node_voltages[0, list(bench.topology.outputs)])


@pytest.mark.parametrize(("zero", "left"), [("null", -OFFSET), ("{every: 100, repeats: 1}", 0.0)])
def test_an_offset_becomes_an_error_the_other_way_unless_it_is_taken_off(
    tmp_path: Path, zero: str, left: float
) -> None:
    """Each of the three readings, of target, offset and truth, is known to half a step."""
    _, conductances = trained(tmp_path, zero)
    errors = true_outputs(tmp_path, conductances) - [2.0, 2.8]
    assert abs(errors[0]) <= 3 * LSB
    assert abs(errors[1] - left) <= 3 * LSB


def test_the_steps_of_a_coarse_dac_are_no_offsets(tmp_path: Path) -> None:
    """The middle of the inputs, 2.5 V, lies half way between two levels of eight bits, 10 mV from each."""
    dac = "{bits: 8, span: 5 V}"
    _, conductances = trained(tmp_path, "{every: 100, repeats: 1}", faults="[]", dac=dac)
    errors = true_outputs(tmp_path, conductances, dac) - [2.0, 2.8]
    assert np.all(np.abs(errors) <= 3 * LSB)


def test_a_measurement_on_the_board_of_such_a_run_takes_it_off_too(tmp_path: Path) -> None:
    run, _ = trained(tmp_path, "{every: 100, repeats: 1}")
    with open_rig_or_run(str(run), None, simulate=False) as (board, _):
        middle = dict.fromkeys(board.topology.inputs, 2.5)
        (volts,) = board.settle([labrig.circuit.Boundary(middle)]).node_voltages
    assert np.all(np.abs(volts - 2.5) <= LSB)


def rows(run: Path) -> list[dict[str, Any]]:
    with RunReader(run) as reader:
        names = [name for name in reader.columns if name != "wall"]
        return [dict(row.values) for row in reader.rows(names)]


@pytest.mark.parametrize("stored", [1, 5, 6])
def test_a_run_that_was_interrupted_before_or_behind_a_zero_goes_on_bit_for_bit(
    tmp_path: Path, stored: int
) -> None:
    files = Files(tmp_path)
    order = "batch\n  zero: {every: 5, repeats: 3}"
    experiment = load_experiment(files.simulated(noise="2 mV", order=order, stop="{steps: 14}"))
    found: list[Path] = []
    for count in (15, stored):
        with labrig.open_bench(experiment.rig) as bench:
            training = labrig.train(bench, experiment, runs=tmp_path / "runs", name=f"r{count}")
            steps = iter(training)
            for _ in range(count):
                next(steps)
            if count == 15:
                assert next(steps, None) is None
            else:
                steps.close()  # type: ignore[attr-defined]
            found.append(training.run)
    with labrig.open_resumed(found[1]) as resumed:
        resumed.start(lambda: None).finish()
    whole, broken = (rows(run) for run in found)
    assert len(whole) == len(broken) == 15
    for one, other in zip(whole, broken, strict=True):
        for name, value in one.items():
            assert np.array_equal(value, other[name], equal_nan=True), name


def test_zeros_are_counted_as_measurements(tmp_path: Path) -> None:
    """Two samples, two states each, in 13 exchanges; three states before steps 0, 5 and 10."""
    files = Files(tmp_path)
    order = "batch\n  zero: {every: 5, repeats: 3}"
    experiment = load_experiment(files.simulated(order=order, stop="{steps: 12}"))
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path / "runs")
        training.finish()
        assert training.tally().measurements == 13 * 4 + 3 * 3 == bench.counters.measurements
        assert training.tally().exchanges == 13 + 3


def test_a_board_that_learns_by_itself_cannot_take_offsets_off(tmp_path: Path) -> None:
    path = Files(tmp_path).simulated(order="batch\n  where: board\n  zero: {every: 5}")
    with pytest.raises(labrig.errors.ConfigError, match=r"zero: found beside a board that learns"):
        load_experiment(path)
