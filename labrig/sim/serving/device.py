"""What a board's firmware keeps in memory, and the chips that it drives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from labrig.arrays import CodeArray, IntArray, Seconds, Volts
from labrig.boards.base import BoardInfo, Codes, Program, Pulses
from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance
from labrig.sim.channels import check_alike
from labrig.sim.climate import NOMINAL, SUPPLY
from labrig.sim.converters import driver_levels
from labrig.sim.hardware import Hardware
from labrig.sim.pulsed import Pulsed
from labrig.sim.quantising import step, to_codes
from labrig.sim.serving.fitting import abilities, fit, pulse_range
from labrig.wire.boundaries import Shape
from labrig.wire.definition import PER_10NS, PER_MS, PER_MV, PER_NS, PER_PA
from labrig.wire.pulsing import WireRange

Clock = Callable[[], Seconds]


@dataclass(frozen=True, slots=True)
class Drives:
    """What the drivers hold, line by line; the others are released."""

    levels: Mapping[int, int]
    """DAC codes through the drive resistor."""
    through: Mapping[int, tuple[int, int]]
    """DAC codes, and the nS in the place of the drive resistor."""
    currents: Mapping[int, int]
    """pA into the line."""

    @property
    def count(self) -> int:
        """Drivers that are not released."""
        return len(self.levels) + len(self.through) + len(self.currents)


RELEASED = Drives({}, {}, {})


@dataclass(frozen=True, slots=True)
class Reference:
    """A stored state, from which later ones are nudged."""

    sums: IntArray
    """Sums of conversions of all channels."""
    averages: int


class Device:
    """A simulated board with converters and wipers, driven the way firmware drives its chips.

    Parameters
    ----------
    chips
        What is driven.
    clock
        Seconds since an arbitrary moment.

    Raises
    ------
    ConfigError
        The board is no board for the wire, or one of its faults none for a converter behind it.
    """

    def __init__(self, chips: Hardware, clock: Clock) -> None:
        check_alike(chips.reader.bad)
        self.adc, self.dac, self.legal = fit(chips.info)
        self.info: BoardInfo = chips.info
        self.shape = Shape(chips.info.inputs, chips.info.outputs, self.dac.bits)
        self.abilities = abilities(chips.info)
        self.boot_count = chips.boot_count
        self.codes: CodeArray = np.zeros(chips.info.branches, dtype=np.int64)
        if isinstance(chips.branches.power_up, Codes):
            self.codes[:] = chips.branches.power_up.values
        self._pulsed = chips.branches if isinstance(chips.branches, Pulsed) else None
        self.pulse_range: WireRange | None = pulse_range(chips.info) if self._pulsed else None
        self._pulses = 0
        self.latents: CodeArray = np.zeros(chips.info.branches, dtype=np.int64)
        self.loaded = 0
        self._drives = RELEASED
        self.armed = False
        self.heartbeat_ms = 0
        self.inputs_known = False
        self.reference: Reference | None = None
        self.fault = 0
        self.heartbeat_expired = 0
        self.states = 0
        self.codes_written = 0
        self._chips = chips
        self._scans = 0
        self._clock = clock
        self._started = self._fed = clock()

    @property
    def drives(self) -> Drives:
        """What the drivers hold now."""
        return self._drives

    @drives.setter
    def drives(self, drives: Drives) -> None:
        self._drives = drives
        self._chips.world.standing = self._chips.driver.at(self._scans).impose(self._boundary())

    @property
    def celsius(self) -> float:
        """Its temperature in the scan before."""
        climate = self._chips.climate
        return NOMINAL if climate is None else climate.celsius(self._scans)

    @property
    def supply(self) -> Volts:
        """Its supply in the scan before."""
        climate = self._chips.climate
        return SUPPLY if climate is None else SUPPLY * climate.supply(self._scans)

    @property
    def verifies(self) -> bool:
        """It programs by pulses itself: its branches are a crossbar of memristors behind drive resistors."""
        info = self.info
        crossbar = info.branches == info.inputs * info.outputs
        return info.verifies and self.pulse_range is not None and crossbar and info.drive > 0

    @property
    def channels(self) -> int:
        """Channels of the ADC: the lines, then the driver's side of each driver."""
        return self.info.lines + self.info.inputs + self.info.outputs

    @property
    def now(self) -> Seconds:
        """Since an arbitrary moment."""
        return self._clock()

    @property
    def uptime_ms(self) -> int:
        """Since it was switched on."""
        return int((self._clock() - self._started) * PER_MS)

    @property
    def patience(self) -> Seconds | None:
        """How long nothing needs to be done without a byte from the host; None: for ever."""
        if not self.armed:
            return None
        return max(0.0, self._fed + self.heartbeat_ms / PER_MS - self._clock())

    def write(self, branches: IntArray, codes: IntArray) -> None:
        """Send codes to the chips of some branches; latents are forgotten."""
        self.loaded = 0
        self._send(branches, codes)

    def learnt(self, codes: CodeArray) -> None:
        """Send those codes of all branches that have changed by learning."""
        changed = np.flatnonzero(codes != self.codes)
        self._send(changed, codes[changed])

    def _send(self, branches: IntArray, codes: IntArray) -> None:
        self.codes[branches] = codes
        self.codes_written += len(branches)
        self._look_at_branches()

    def _program(self) -> Program:
        """What the chips were told to be: codes; memristors are told nothing."""
        return Codes(self.codes) if self.legal.bits else self._chips.branches.power_up

    def _look_at_branches(self) -> None:
        self._chips.world.conductances = self._chips.branches.conductances(self._program(), self._scans)

    def pulse(self, branch: int, millivolts: int, width: int) -> None:
        """Give a pulse of so many times 10 ns; nothing where the branches are no memristors."""
        if self._pulsed is None:
            return
        self._pulses += 1
        amplitudes, widths = np.array([millivolts / PER_MV]), np.array([width / PER_10NS])
        one = Pulses(np.array([branch]), amplitudes, widths)
        self._pulsed.pulse(one, self._scans, self._pulses)
        self._look_at_branches()

    def told(self) -> CodeArray:
        """What the chips say that they hold, shape (B,)."""
        return np.asarray(self._chips.branches.told(Codes(self.codes)).values, dtype=np.int64)

    def scan(self, averages: int) -> IntArray:
        """Sums of so many conversions of each channel in the settled state, (C,); each scan has new noise."""
        self._scans += 1
        if self._chips.branches.changing:
            self._look_at_branches()
        imposed = self._chips.driver.at(self._scans).impose(self._boundary())
        volts = self._chips.world.settle([imposed])
        drivers = self.channels - self.info.lines
        levels = np.nan_to_num(driver_levels([imposed], volts.shape)[:, :drivers], nan=0.0)
        met = [
            self._chips.reader.scans(volts[0], averages=averages, index=self._scans, stage=0),
            self._chips.sensor.scans(levels[0], averages=averages, index=self._scans, stage=1),
        ]
        sums: IntArray = to_codes(np.hstack(met), self.adc).sum(axis=0)
        return sums

    def _boundary(self) -> Boundary:
        lsb = step(self.dac)
        through: dict[int, Nudge] = {
            line: ThroughConductance(code * lsb, nanosiemens / PER_NS)
            for line, (code, nanosiemens) in self.drives.through.items()
        }
        return Boundary(
            {line: code * lsb for line, code in self.drives.levels.items()},
            {line: picoamperes / PER_PA for line, picoamperes in self.drives.currents.items()},
            through,
        )

    def make_safe(self) -> None:
        """Release every driver and disarm; wipers are kept."""
        self.drives = RELEASED
        self.armed = False
        self.inputs_known = False
        self.reference = None

    def feed(self) -> None:
        """The host is alive."""
        self._fed = self._clock()

    def check_heartbeat(self) -> None:
        """Make safe where the host has been silent for too long."""
        if self.patience == 0:
            self.make_safe()
            self.heartbeat_expired += 1
