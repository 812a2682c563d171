"""Boards with the vices of real parts: compiled and emulated firmware read what the simulation reads."""

from typing import Any

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.bench.bench import Scans
from labrig.circuit.boundary import Boundary
from labrig.config.boards import BoardModel
from labrig.config.rig import RigConfig
from labrig.procedures.calibrating.calibrate import calibrate_wiper
from labrig.sim.drives import drawn_drives

BOARD: dict[str, Any] = {
    "kind": "firmware",
    "model": {
        "elements": {"kind": "digipot", "part": "MCP4351-104", "vices": {"nonlinearity": 2.0}},
        "adc": {"bits": 16, "span": "5 V", "offset": "2 mV", "gain": "1 %", "nonlinearity": 20},
        "dac": {"bits": 12, "span": "5 V", "offset": "5 mV", "gain": "0.5 %", "nonlinearity": 4},
        "drive": "100 ohm",
        "drive_tolerance": "10 %",
        "seed": 11,
    },
}
FAULTS = [{"kind": "adc-offset", "node": "out1", "offset": "3 mV"}]


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("target", ["host", "atmega2560"])
def test_boards_with_the_vices_of_parts_read_alike(target: str) -> None:
    rig = RigConfig.model_validate(
        {
            "network": {"kind": "crossbar", "inputs": 3, "outputs": 2},
            "board": {**BOARD, "launch": {"target": target}},
            "faults": FAULTS,
        }
    )
    boundaries = [
        Boundary({0: 1.0, 1: 2.0, 2: 4.0}),
        Boundary({0: 0.5, 3: 3.0, 4: 2.0}),
    ]
    codes = np.array([40, 90, 130, 200, 256, 61])
    found: list[Scans] = []
    for simulate in (False, True):
        with open_bench(rig, simulate=simulate) as bench:
            bench.write_codes(codes)
            found.append(bench.scan(boundaries))
    lsb = 5.0 / 65535
    assert np.abs(found[0].volts - found[1].volts).max() < 1.5 * lsb
    driven = ~np.isnan(found[1].sources)
    assert np.abs(found[0].sources[driven] - found[1].sources[driven]).max() < 1.5 * lsb
    assert np.abs(found[0].sources[driven] - [1.0, 2.0, 4.0, 0.5, 3.0, 2.0]).max() > 1e-3, "there are vices"


def quiet(_: str, done: int, of: int) -> None:
    assert 0 <= done < of


@pytest.mark.usefixtures("emulator")
def test_compiled_firmware_is_found_to_have_the_drive_resistors_that_it_was_given() -> None:
    model = BOARD["model"] | {"adc": {"bits": 16, "span": "5 V"}, "dac": {"bits": 16, "span": "5 V"}}
    rig = RigConfig.model_validate(
        {
            "network": {"kind": "crossbar", "inputs": 3, "outputs": 2},
            "board": {"kind": "firmware", "launch": {"target": "host"}, "model": model},
        }
    )
    with open_bench(rig) as bench:
        drives = calibrate_wiper(bench, [0, 16, 64, 256], 1, None, quiet).drives
    true = drawn_drives(BoardModel.model_validate(model), 5)
    assert drives is not None
    assert true is not None
    assert np.ptp(true) > 0.05
    found = np.array([line.ohm for line in drives.lines.values()]) / 100
    # Their mean is taken as stated; each is read to steps of 76 uV of some tenths of a volt, 21 times.
    assert found / true == pytest.approx((1 / true).mean() * np.ones(5), rel=5e-4)
