"""Parts of an emulated board that are broken: a run uses none of their readings, and ends saying which."""

from pathlib import Path

import numpy as np
import pytest

import labrig
from labrig.config.faults import AdcOffset, AdcStuck, Fault, Unwritable
from labrig.config.loading import Experiment
from labrig.config.rig import RigConfig
from labrig.errors import BoardFault
from labrig.procedures.board_check.report import report
from labrig.procedures.check_board import check_board
from labrig.procedures.null import null
from tests.support.checks import quiet
from tests.support.files import Files

BOARD = """
kind: firmware
launch: {target: atmega2560}
model:
  elements: {kind: digipot, part: MCP4351-104}
  adc: {bits: 12, span: 5 V}
  dac: {bits: 12, span: 5 V}
  drive: 10 ohm
  seed: 5
"""
SATURATED, STUCK = AdcStuck(node="out1", code=4095), AdcStuck(node="out1", code=1900)
UNWRITABLE = Unwritable(branch="in2-out1")


@pytest.fixture
def experiment(files: Files, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    monkeypatch.setenv("LABRIG_STATE", str(files.folder / "state"))
    return labrig.load_experiment(files.experiment(BOARD))


def with_fault(experiment: Experiment, fault: Fault) -> RigConfig:
    return experiment.rig.model_copy(update={"faults": (fault,)})


def test_a_converter_that_does_not_read_a_line_stops_the_run_which_goes_on_once_it_is_mended(
    experiment: Experiment, tmp_path: Path
) -> None:
    with labrig.open_bench(with_fault(experiment, SATURATED)) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path)
        with pytest.raises(BoardFault, match=r"in the last 3 updates,.* the reading of out1 is"):
            training.finish()
    codes = labrig.open_run(training.run).codes
    assert len(codes) == 3
    assert np.array_equal(codes[0], codes[-1])  # nothing was learnt from what it gave
    with labrig.open_resumed(training.run) as resumed:
        ending = resumed.start(lambda: None).finish()
    assert (ending.outcome, ending.reason) == ("stopped", "all 20 steps were done")


@pytest.mark.parametrize("fault", [SATURATED, STUCK, UNWRITABLE], ids=["saturated", "stuck", "unwritable"])
def test_a_check_names_the_part(experiment: Experiment, fault: AdcStuck | Unwritable) -> None:
    with labrig.open_bench(with_fault(experiment, fault)) as bench:
        told = report(check_board(bench, quiet))
    where = "in2-out1: its chip holds another" if fault is UNWRITABLE else "out1 (adc1): DAC and ADC disagree"
    assert any(text.startswith(where) for text in told.faults)


def test_free_against_free_finds_the_converter_that_is_off(experiment: Experiment) -> None:
    """Ten millivolts, eight steps of the converter of 12 bits, which shows them to half a step."""
    with labrig.open_bench(with_fault(experiment, AdcOffset(node="out1", offset=0.01))) as bench:
        found = null(bench, 4, quiet)
        half_steps = (bench.info.adc.lsb + bench.info.dac.lsb) / 2 if bench.info.adc and bench.info.dac else 0
    (out1,) = np.flatnonzero(found.offset.found)
    assert found.nodes[out1] == "out1"
    assert abs(found.offset.volts[out1] - 0.01) <= half_steps
    assert not found.apart.found.any()
