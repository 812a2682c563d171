"""Trainings on drawn boards: each another one, and the same again when asked again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.config.loading import Experiment, load_experiment
from labrig.procedures.calibrating.calibrate import calibrate_wiper
from labrig.procedures.calibrating.sealing import write_calibration
from labrig.procedures.rehearsal import draw_trainings, drawn_constants
from labrig.procedures.train import Training


def quiet(_: str, done: int, of: int) -> None:
    assert 0 <= done < of


SAMPLE = {"inputs": ["0.5 V", "2 V", "4.5 V"], "targets": ["2.2 V", "2.6 V"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a rig that was calibrated."""
    folder = tmp_path_factory.mktemp("rehearsed")
    rig: dict[str, Any] = {
        "network": {"kind": "crossbar", "inputs": 3, "outputs": 2},
        "board": {
            "kind": "simulated",
            "elements": {"kind": "digipot", "part": "MCP4351-104", "vices": {}},
            "adc": {"bits": 16, "span": "5 V", "noise": "100 uV"},
            "dac": {"bits": 16, "span": "5 V"},
            "drive": "100 ohm",
            "seed": 3,
        },
    }
    (folder / "rig.yaml").write_text(json.dumps(rig))
    with labrig.open_bench(labrig.load_rig(folder / "rig.yaml")) as bench:
        found = calibrate_wiper(bench, [20, 40, 80, 160], 1, None, quiet)
        write_calibration(found, bench, folder / "board.json")
    (folder / "rig.yaml").write_text(json.dumps({**rig, "calibration": "board.json"}))
    return folder


def written(folder: Path, **task: object) -> Experiment:
    learning = {
        "rule": {"kind": "contrastive"},
        "step": {"kind": "fixed", "rate": 3e-6},
        "bounds": {"floor": "9 uS", "ceiling": "300 uS"},
        "initial": {"kind": "constant", "conductance": "40 uS"},
    }
    path = folder / f"experiment-{len(task)}.yaml"
    content = {
        "rig": "rig.yaml",
        "task": {"samples": [SAMPLE], **task},
        "learning": learning,
        "stop": {"steps": 4},
    }
    path.write_text(json.dumps(content))
    return load_experiment(path)


@pytest.fixture(scope="module")
def experiment(folder: Path) -> Experiment:
    return written(folder)


def test_draws_are_boards_of_their_own_and_the_same_again(experiment: Experiment) -> None:
    first, again = draw_trainings(experiment, 4, quiet), draw_trainings(experiment, 2, quiet)
    outputs = np.array([drawn.outputs for drawn in first])
    assert len(np.unique(outputs[:, 0, 0])) == 4
    assert np.array_equal(outputs[:2], [drawn.outputs for drawn in again])
    assert [drawn.writes for drawn in first[:2]] == [drawn.writes for drawn in again]


def test_a_draw_costs_what_a_training_costs(experiment: Experiment, tmp_path: Path) -> None:
    """From the first reading back to the last; each step is one exchange."""
    (drawn,) = draw_trainings(experiment, 1, quiet)
    training, waited = trained(experiment, tmp_path)
    assert (drawn.steps, drawn.exchanges, drawn.writes) == (4, 5, training.tally().writes)
    assert drawn.error == training.error
    assert drawn.waits == pytest.approx(waited)
    assert drawn.waits > 0


def test_a_draw_is_validated_where_a_training_is(
    folder: Path, experiment: Experiment, tmp_path: Path
) -> None:
    other = {"inputs": ["1 V", "2 V", "3 V"], "targets": ["2 V", "2 V"]}
    validated = written(folder, validation=[other, SAMPLE])
    (drawn,) = draw_trainings(validated, 1, quiet)
    training, waited = trained(validated, tmp_path)
    assert (drawn.exchanges, drawn.error) == (training.tally().exchanges, training.error)
    assert drawn.waits == pytest.approx(waited)
    (without,) = draw_trainings(experiment, 1, quiet)
    assert drawn.exchanges > without.exchanges
    assert drawn.waits > without.waits


def test_a_draw_that_misses_looks_for_silent_branches_as_a_training_does(
    experiment: Experiment, tmp_path: Path
) -> None:
    """Of three rows, and twice as it was; the codes are written and put back."""
    stop = experiment.config.stop.model_copy(update={"error": 1e-6})
    missing = replace(experiment, config=experiment.config.model_copy(update={"stop": stop}))
    (drawn,), (usual,) = draw_trainings(missing, 1, quiet), draw_trainings(experiment, 1, quiet)
    training, waited = trained(missing, tmp_path)
    assert (drawn.exchanges, drawn.writes) == (training.tally().exchanges, training.tally().writes)
    assert drawn.exchanges >= usual.exchanges + 5
    assert drawn.writes > usual.writes
    assert np.array_equal(drawn.codes, usual.codes)
    assert drawn.waits == pytest.approx(waited)


def trained(experiment: Experiment, runs: Path) -> tuple[Training, float]:
    """On the board of the first draw, and how long that was waited for."""
    with labrig.open_bench(experiment.rig, simulate=True, draw=1) as bench:
        training = labrig.train(bench, experiment, runs=runs, name="drawn")
        training.finish()
        return training, bench.waiting.predicted


def test_what_is_stored_has_a_row_a_draw(experiment: Experiment) -> None:
    stored = drawn_constants(draw_trainings(experiment, 3, quiet))
    assert {name: np.shape(constant.value) for name, constant in stored.items()} == {
        "drawn_error": (3,),
        "drawn_outputs": (3, 1, 2),
        "drawn_codes": (3, 6),
        "drawn_steps": (3,),
        "drawn_exchanges": (3,),
        "drawn_writes": (3,),
        "drawn_waits": (3,),
    }
