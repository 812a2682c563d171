"""A small crossbar of potentiometers, and experiments on it."""

from pathlib import Path

import pytest

from labrig.circuit.topology import Topology
from labrig.config.boards import AdcConfig, BoardModel, DacConfig, DigipotElements
from tests.support.files import Files

INPUTS, OUTPUTS = 4, 3


@pytest.fixture
def topology() -> Topology:
    return Topology.crossbar(INPUTS, OUTPUTS)


@pytest.fixture
def model() -> BoardModel:
    return BoardModel(
        elements=DigipotElements(part="MCP4351-104"),
        adc=AdcConfig(bits=16, span=5.0),
        dac=DacConfig(bits=16, span=5.0),
        drive=10.0,
        seed=5,
    )


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)
