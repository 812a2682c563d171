"""Boards with the vices of real parts: compiled and emulated firmware read what the simulation reads."""

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.bench.bench import Scans
from labrig.circuit.boundary import Boundary
from labrig.config.rig import RigConfig

BOARD = {
    "kind": "firmware",
    "model": {
        "elements": {"kind": "digipot", "part": "MCP4351-104", "vices": {"nonlinearity": 2.0}},
        "adc": {"bits": 16, "span": "5 V", "offset": "2 mV", "gain": "1 %", "nonlinearity": 20},
        "dac": {"bits": 12, "span": "5 V", "offset": "5 mV", "gain": "0.5 %", "nonlinearity": 4},
        "drive": "100 ohm",
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
