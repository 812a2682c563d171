"""A chip that takes no code is found before anything is stored, or at the latest when a training ends."""

import contextlib
from pathlib import Path

import pytest

import labrig
from labrig.config.faults import Unwritable
from labrig.errors import ReadbackMismatch
from tests.support.files import Files

SPREAD = "{kind: uniform, low: 15 uS, high: 40 uS}"


@pytest.mark.parametrize(
    ("start", "stored"),
    [
        pytest.param("40 uS", 0, id="from another code, before the first step"),
        pytest.param("20 uS", 5, id="from the code that it keeps, after the last step"),
    ],
)
def test_a_wiper_that_keeps_its_code_is_told(tmp_path: Path, start: str, stored: int) -> None:
    path = Files(tmp_path).simulated(stop="{steps: 4}")
    path.write_text(path.read_text().replace(SPREAD, f"{{kind: constant, conductance: {start}}}"))
    experiment = labrig.load_experiment(path)
    faults = (Unwritable(branch="in1-out2"),)
    with labrig.open_bench(experiment.rig.model_copy(update={"faults": faults})) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path / "runs")
        with contextlib.suppress(ReadbackMismatch):
            training.finish()
    assert training.ending is not None
    assert training.ending.outcome == "failed"
    assert "in1-out2 holds 128 where" in training.ending.reason
    assert labrig.open_run(training.run).sizes["step"] == stored
