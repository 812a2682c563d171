"""A crossbar of dividers learns weights of both signs, down to what its taps allow."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.config.boards import SimulatedBoard
from labrig.config.drift import DriftConfig
from labrig.config.loading import Experiment
from labrig.config.studies import load_study
from labrig.errors import ConfigError
from labrig.learning.dividers import DividerBounds
from labrig.procedures.check_board import check_board
from labrig.procedures.study import groups_of, one_by_one
from labrig.procedures.sweeps.codes import by_the_board, sweep_codes
from labrig.procedures.sweeps.selecting import select
from labrig.sim.branches import draw_branches
from labrig.sim.build import build_hardware
from labrig.sim.dividers import TrueDividers
from labrig.sim.serving.device import Device

EXPERIMENT = Path(__file__).parents[2] / "configs" / "experiments" / "divider-8x3.yaml"
WEIGHTS = np.array([[0.2, -0.1, 0.05, -0.15], [-0.05, 0.2, -0.15, 0.1], [0.1, 0.15, -0.2, -0.05]])
"""Of each output, by input."""
INPUTS, OUTPUTS, MIDDLE, LIFT = 4, 3, 2.5, 2.0
LATEST = 100


def changed(**keys: Any) -> Experiment:
    """The shipped experiment with other values in its sections."""
    loaded = labrig.load_experiment(EXPERIMENT)
    content = loaded.config.model_dump()
    for section, values in keys.items():
        content[section] = {**content[section], **values} if isinstance(values, dict) else values
    return replace(loaded, config=type(loaded.config).model_validate(content))


def true_parts(experiment: Experiment) -> TrueDividers:
    board = experiment.rig.board
    assert isinstance(board, SimulatedBoard)
    found = draw_branches(board.elements, 2 * INPUTS * OUTPUTS, board.seed)
    assert isinstance(found, TrueDividers)
    return found


def outputs(parts: TrueDividers, codes: np.ndarray) -> np.ndarray:
    """Of all samples, (samples, outputs), by nodal analysis: rows behind 100 ohm, a node in each part."""
    rows, potentiometers = 2 * INPUTS, INPUTS * OUTPUTS
    inner = rows + OUTPUTS
    matrix = np.zeros((inner + potentiometers, inner + potentiometers))
    for k in range(potentiometers):
        share, ohms = parts.shares[k, codes[k]], parts.end_to_end[k]
        row, column = 2 * (k // OUTPUTS), rows + k % OUTPUTS
        for node, branch in ((row, ohms * (1 - share)), (row + 1, ohms * share), (column, parts.wiper[k])):
            pair = [node, inner + k]
            matrix[np.ix_(pair, pair)] += np.array([[1, -1], [-1, 1]]) / branch
    matrix[np.arange(rows), np.arange(rows)] += 1 / 100
    driven = np.zeros((len(matrix), INPUTS))
    for k in range(INPUTS):
        driven[:rows, k] = MIDDLE / 100
        driven[2 * k : 2 * k + 2, k] += np.array([LIFT, -LIFT]) / 100
    return np.asarray(np.linalg.solve(matrix, driven)[rows:inner].T)


def test_preflight_says_that_dividers_reach_the_weights_and_rheostats_without_inverted_rows_do_not() -> None:
    experiment = changed()
    with labrig.open_bench(experiment.rig) as bench:
        found = labrig.preflight(bench, experiment)
        assert found.feasibility.reachable
        assert found.trainable
        assert found.objections == ()
        assert any("with dividers a search" in hint for hint in found.hints)
        assert found.predicted.writes == INPUTS * OUTPUTS * (500 + 1)
        assert found.predicted.error_floor is None
        # Between 4.5 and 0.5 V, A or B at the outermost code within bounds: what its two neighbours leave.
        assert isinstance(found.plan.bounds.bounds, DividerBounds)
        far = int(found.plan.bounds.bounds.law.highest[0])
        to_a, to_b = 100e3 * (1 - far / 256), 100e3 * far / 256
        terminals = (75 + 1 / (1 / to_a + 1 / to_b), to_a + 1 / (1 / to_b + 1 / 75))
        assert found.worst.branch_current == pytest.approx(4 / min(terminals), rel=1e-9)
        # Found by a search, so by conductances that a divider has: both in one ratio, and on its curve.
        law = bench.programmer.law
        assert law is not None
        witness = found.feasibility.conductances.reshape(INPUTS, 2, OUTPUTS)
        ohms = 1 / witness.sum(axis=1) - 75
        share = witness[:, 0] / witness.sum(axis=1)
        np.testing.assert_allclose(ohms, 100e3 * share * (1 - share), rtol=1e-9)
    plain = changed(
        rig={
            "network": {"kind": "crossbar", "inputs": INPUTS, "outputs": OUTPUTS},
            "board": {"kind": "simulated", "elements": {"kind": "digipot", "part": "MCP4351-104"}},
        },
        task={"samples": _plain_samples()},
    )
    with labrig.open_bench(plain.rig) as bench:
        found = labrig.preflight(bench, plain)
    assert found.feasibility.certain
    assert found.feasibility.reachable is False
    below = {(int(k), int(j)) for j, k in np.argwhere(WEIGHTS < 0)}
    missed = {(miss.state, miss.node - INPUTS) for miss in found.feasibility.missed if miss.alone is not None}
    assert below <= missed


def test_wipers_at_half_scale_between_equal_rows_move_nothing_which_preflight_says() -> None:
    levels = dict(
        zip((f"in{k}" for k in range(2 * INPUTS)), [4.0, 4.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0], strict=True)
    )
    targets = dict.fromkeys(("out0", "out1", "out2"), 2.6)
    experiment = changed(task={"samples": [{"inputs": levels, "targets": targets}]})
    with labrig.open_bench(experiment.rig) as bench:
        found = labrig.preflight(bench, experiment)
    # Either branch by itself would: what one of them conducts more the other one conducts less.
    assert found.rank == 0
    assert [text for text in found.objections if text.startswith("at the start no conductance moves")]


def _plain_samples() -> list[dict[str, Any]]:
    samples: list[dict[str, Any]] = []
    for k in range(INPUTS):
        lifts = np.where(np.arange(INPUTS) == k, LIFT, 0.0)
        samples.append(
            {
                "inputs": {f"in{i}": MIDDLE + lift for i, lift in enumerate(lifts.tolist())},
                "targets": {f"out{j}": MIDDLE + volts for j, volts in enumerate((WEIGHTS @ lifts).tolist())},
            }
        )
    return samples


def test_a_training_ends_within_a_tap_of_each_potentiometer(tmp_path: Path) -> None:
    experiment = changed()
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path)
        ending = training.finish()
    assert ending.outcome == "stopped"
    run = labrig.open_run(training.run)
    codes = run["codes"].values.astype(int).reshape(-1, INPUTS, 2, OUTPUTS)
    assert np.array_equal(codes[:, :, 0], codes[:, :, 1])
    parts, last = true_parts(experiment), codes[-1, :, 0].ravel()
    targets = MIDDLE + LIFT * WEIGHTS.T
    read = run["outputs"].values[-1]
    adc = 5 / (2**16 - 1)
    np.testing.assert_allclose(read, outputs(parts, last), rtol=0, atol=adc)  # of the converters, both ways

    def moved(k: int) -> np.ndarray:
        other = last.copy()
        other[k] += 1
        return np.asarray(outputs(parts, other) - outputs(parts, last))

    tap = np.sqrt(sum(float((moved(k) ** 2).sum()) for k in range(len(last))))
    errors = run["error"].values
    assert errors[0] > 20 * tap
    assert np.sqrt(np.mean(errors[-LATEST:] ** 2)) < tap
    assert np.linalg.norm(outputs(parts, last) - targets) < tap
    assert np.array_equal(last.reshape(INPUTS, OUTPUTS) > 128, WEIGHTS.T > 0)
    assert run.attrs["plain_steps"] == "false"  # Σ g² grows along a curve
    # ε holds for both branches at every code that was written.
    table = run["code_conductances"].values
    written = table[np.arange(len(table)), codes.reshape(len(codes), -1)]
    assert written[1:].min() >= 10.5e-6


def test_no_branch_of_a_divider_is_called_silent(tmp_path: Path) -> None:
    experiment = changed(stop={"steps": 3, "error": 1e-6})
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path)
        assert training.finish().outcome == "stopped"
    assert training.error > 1e-6
    assert "silent" not in labrig.open_run(training.run)


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    experiment = changed(stop={"steps": 12})
    with labrig.open_bench(experiment.rig) as bench:
        whole = labrig.train(bench, experiment, runs=tmp_path / "whole")
        whole.finish()
    with labrig.open_bench(experiment.rig) as bench:
        broken = labrig.train(bench, experiment, runs=tmp_path / "broken")
        steps = iter(broken)
        for _ in range(7):
            next(steps)
        with pytest.raises(KeyboardInterrupt):
            steps.throw(KeyboardInterrupt)  # type: ignore[attr-defined]
    with labrig.open_resumed(broken.run) as resumed:
        resumed.start(lambda: None).finish()
    found, expected = (labrig.open_run(run) for run in (broken.run, whole.run))
    assert np.array_equal(found["error"].values, expected["error"].values)
    assert np.array_equal(found["codes"].values, expected["codes"].values)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"where": "board"}, "a board learns on rheostats only, and this one has dividers; set it to host"),
        ({"step": {"kind": "polyak"}}, "found 'polyak', which is for branches that move one by one"),
        ({"step": {"kind": "sign"}}, "found 'sign', which is for branches that move one by one"),
        ({"update": {"fraction": 0.5}}, "two of a divider move together: leave it out"),
    ],
)
def test_learning_that_moves_branches_one_by_one_is_refused(keys: dict[str, Any], said: str) -> None:
    experiment = changed(learning=keys)
    with labrig.open_bench(experiment.rig) as bench, pytest.raises(ConfigError, match=said):
        labrig.preflight(bench, experiment)


def test_a_check_is_refused() -> None:
    with (
        labrig.open_bench(changed().rig) as bench,
        pytest.raises(ConfigError, match="has dividers, which a check cannot judge"),
    ):
        check_board(bench, lambda _what, _done, _of: None)


def test_a_board_of_dividers_is_not_served_on_the_wire() -> None:
    rig = changed().rig
    assert isinstance(rig.board, SimulatedBoard)
    with labrig.open_bench(rig) as bench:
        chips = build_hardware(rig.board, bench.topology)
    with pytest.raises(ConfigError, match="dividers, and the wire knows rheostats only; open the rig itself"):
        Device(chips, lambda: 0.0)


def test_two_codes_for_one_wiper_are_refused() -> None:
    with labrig.open_bench(changed().rig) as bench:
        codes = bench.branch_values().astype(np.int64)
        codes[OUTPUTS + 1] += 1
        with pytest.raises(ConfigError, match="in0-out1 and in1-out1 have one wiper, and so one code"):
            bench.write_codes(codes)
        assert set(bench.branch_values().tolist()) == {128}


@pytest.mark.parametrize("row", ["in2", "in3"])
def test_a_sweep_over_codes_shows_one_side_of_a_potentiometer(row: str) -> None:
    experiment = changed()
    parts, codes = true_parts(experiment), [20, 128, 236]
    with labrig.open_bench(experiment.rig) as bench:
        selected = select(bench.topology, f"{row},out1", row)
        points = [*sweep_codes(bench, selected, codes, 1, by_the_board(bench, selected, 1.0))]
    shares = parts.shares[4, [point.code for point in points]]
    side = shares if row == "in2" else 1 - shares
    expected = side / (parts.end_to_end[4] * shares * (1 - shares) + parts.wiper[4])
    # Two readings on the grid of the ADC give the current over 100 ohm, at 1 V.
    step = 5 / (2**16 - 1) / 100
    found: Sequence[float] = [point.conductance for point in points]
    np.testing.assert_allclose(found, expected, rtol=0.01, atol=step)


def test_looks_for_drift_read_the_conductance_of_a_masked_branch_and_see_that_it_stays(
    tmp_path: Path,
) -> None:
    watched = DriftConfig(every=4, reference="in1-out0")
    experiment = changed(rig={"mask": ["in0-out0", "in1-out0"]}, drift=watched, stop={"steps": 8})
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path)
        training.finish()
    run, parts = labrig.open_run(training.run), true_parts(experiment)
    looks = run["reference"].values[::4]
    doubts = run["reference_uncertainty"].values[::4]
    share = parts.shares[0, 128]
    expected = (1 - share) / (parts.end_to_end[0] * share * (1 - share) + parts.wiper[0])
    assert np.all(np.abs(looks - expected) < 3 * doubts)
    assert doubts.max() < 0.002 * expected
    assert set(run["drift"].values) == {""}


def test_a_study_takes_each_case_through_the_training_that_it_is_by_itself(tmp_path: Path) -> None:
    text = f"""
experiment: {EXPERIMENT}
axes:
  rate: {{key: learning.step.rate, values: [1e-6, 3e-6]}}
  end: {{key: stop.steps, values: [10]}}
seeds: 1
"""
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    groups = groups_of(load_study(tmp_path / "study.yaml"), simulate=False)
    cases = [case for part in one_by_one(groups) for case in part]
    # Its seed is that of the training and of the board.
    drawn = {"seed": 0, "rig": {"board": {**changed().rig.model_dump()["board"], "seed": 0}}}
    for case, rate in zip(cases, (1e-6, 3e-6), strict=True):
        alone = changed(learning={"step": {"kind": "fixed", "rate": rate}}, stop={"steps": 10}, **drawn)
        with labrig.open_bench(alone.rig) as bench:
            training = labrig.train(bench, alone, runs=tmp_path)
            training.finish()
        errors = labrig.open_run(training.run)["error"].values
        assert np.array_equal(case["curve"]["error"], errors)
        assert errors[-1] < 0.95 * errors[0]
