"""A board of 40 by 30 potentiometers in this process, spoken to in frames."""

import pytest

from labrig.circuit.topology import Topology
from labrig.config.boards import AdcConfig, BoardModel, DacConfig, DigipotElements


@pytest.fixture
def topology() -> Topology:
    return Topology.crossbar(40, 30)


@pytest.fixture
def model() -> BoardModel:
    return BoardModel(
        elements=DigipotElements(part="MCP4351-104"),
        adc=AdcConfig(bits=16, span=5.0),
        dac=DacConfig(bits=16, span=5.0),
        drive=10.0,
        seed=5,
    )
