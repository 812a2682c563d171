"""The parts that a simulated board is made of."""

from dataclasses import dataclass

from labrig.boards.base import BoardInfo
from labrig.sim.branches import TrueBranches
from labrig.sim.climate import Climate
from labrig.sim.converters import Driver, Reader
from labrig.sim.world import CircuitWorld


@dataclass(frozen=True, slots=True)
class Hardware:
    """The chips of a simulated board around their circuit, whoever speaks for them.

    Parameters
    ----------
    info
        What it says of itself.
    world
        The circuit it acts on.
    branches
        How its programs become true conductances.
    reader, sensor, driver
        Its converters: on the lines, on the DAC side of the drivers, and the drivers themselves.
    boot_count
        Differs whenever a board is built anew, since it then holds its power-up program.
    climate
        What its thermometer shows; None: it has none, and it is always 25 °C.
    """

    info: BoardInfo
    world: CircuitWorld
    branches: TrueBranches
    reader: Reader
    sensor: Reader
    driver: Driver
    boot_count: int
    climate: Climate | None = None
