"""What simulated converters do to a voltage on its way out or in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import BoolArray, FloatArray, Ohms, Siemens, Volts
from labrig.boards.base import Converter, saturation
from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance, TowardTarget
from labrig.sim.channels import BadChannels
from labrig.sim.climate import Climate
from labrig.sim.quantising import to_codes, to_volts
from labrig.sim.scales import EXACT, Scale
from labrig.wire.definition import PER_NS, PER_PA

THROUGH_RANGE: tuple[Siemens, Siemens] = (1e-9, 4.0)
"""Conductances of nudges that a simulated board with converters offers: what fits the wire's nS."""
_NOISE = 1
"""Place of the read noise among the random streams of a seed."""


@dataclass(frozen=True, slots=True)
class Reader:
    """An ADC on every line.

    Parameters
    ----------
    converter
        None: readings are exact.
    noise
        Standard deviation of one reading, V, before quantisation.
    bad
        Lines that are not read as they should be.
    scale
        Offset and gain of each line.
    climate
        In which these change; None: they do not.
    """

    converter: Converter | None
    noise: Volts
    seed: int
    bad: BadChannels
    scale: Scale = EXACT
    climate: Climate | None = None

    def read(
        self, volts: FloatArray, *, averages: int, index: int, stage: int
    ) -> tuple[FloatArray, BoolArray]:
        """Readings of the true voltages and which of them lie at a rail; both have the shape of `volts`.

        The noise is a function of seed, exchange index and stage alone.
        """
        scans = self.scans(volts, averages=averages, index=index, stage=stage)
        if self.converter is None:
            exact = scans[0] if self.noise == 0 else scans.mean(axis=0)
            return exact, np.zeros(volts.shape, dtype=np.bool_)
        codes = to_codes(scans, self.converter).sum(axis=0) / averages
        return to_volts(codes, self.converter), saturation(codes, self.converter)

    def alternated(self, volts: FloatArray, states: Sequence[int]) -> FloatArray:
        """What is met of the true voltages of these states of an exchange, one a row."""
        if not self.bad.alternating:
            return volts
        met = volts.copy()
        odd = [row for row, state in enumerate(states) if state % 2]
        met[np.ix_(odd, list(self.bad.alternating))] += list(self.bad.alternating.values())
        return met

    def scans(self, volts: FloatArray, *, averages: int, index: int, stage: int) -> FloatArray:
        """What each conversion meets, noise included: shape (averages, *shape of volts), V."""
        scale = self.scale if self.climate is None else self.scale.at(self.climate.kelvin(index))
        scans = np.broadcast_to(scale.through(volts), (averages, *volts.shape))
        if self.climate is not None and self.climate.environment.pickup > 0:
            states = volts.reshape(-1, volts.shape[-1]).shape[0]
            hum = self.climate.mains((averages, states), index)
            scans = scans + hum.reshape(averages, *volts.shape[:-1], 1)
        if self.bad.offsets:
            scans = scans.copy()
            scans[..., list(self.bad.offsets)] += list(self.bad.offsets.values())
        if self.noise > 0:
            stream = np.random.SeedSequence(self.seed, spawn_key=(_NOISE, index, stage))
            scans = scans + np.random.default_rng(stream).normal(0, self.noise, scans.shape)
        if self.bad.stuck and self.converter is not None:
            scans = scans.copy()
            codes = np.array(list(self.bad.stuck.values()))
            scans[..., list(self.bad.stuck)] = to_volts(codes, self.converter)
        return scans


@dataclass(frozen=True, slots=True)
class Driver:
    """A DAC behind a drive resistor on every line that can be driven.

    Parameters
    ----------
    converter
        None: everything is imposed exactly. Else voltages are codes, a nudge's conductance is a whole
        number of nS and an injected current one of pA.
    drive
        As stated; 0: the line is forced.
    scale
        Offset and gain of each line's DAC.
    climate
        In which these change; None: they do not.
    drives
        True over stated resistance of each line's, shape (L,); None: they are alike.
    """

    converter: Converter | None
    drive: Ohms
    scale: Scale = EXACT
    climate: Climate | None = None
    drives: FloatArray | None = None

    def at(self, index: int) -> "Driver":
        """As it is in the exchange of this number."""
        if self.climate is None or self.converter is None:
            return self
        warm = self.scale.at(self.climate.kelvin(index)).times(self.climate.supply(index))
        return replace(self, scale=warm, climate=None)

    def level(self, line: int, volts: Volts) -> Volts:
        """What the DAC of a line gives for a voltage that was asked for."""
        return self.levels({line: volts})[line]

    def impose(self, boundary: Boundary) -> Boundary:
        """What the circuit sees of a boundary without pulls toward a target."""
        nudges: dict[int, Nudge] = {
            line: ThroughConductance(self.level(line, nudge.target), self._step(_conductance(nudge), PER_NS))
            for line, nudge in boundary.nudges.items()
        }
        currents = {line: self._step(amperes, PER_PA) for line, amperes in boundary.currents.items()}
        levels = self.levels(boundary.voltages)
        if self.drive == 0:
            return Boundary(levels, currents, nudges)
        behind: dict[int, Nudge] = {
            line: ThroughConductance(volts, 1 / self._resistance(line)) for line, volts in levels.items()
        }
        return Boundary({}, currents, {**behind, **nudges})

    def _resistance(self, line: int) -> Ohms:
        return self.drive if self.drives is None else self.drive * float(self.drives[line])

    def levels(self, volts: Mapping[int, Volts]) -> dict[int, Volts]:
        """`level` of each line."""
        if self.converter is None:
            return dict(volts)
        codes = to_codes(np.fromiter(volts.values(), np.float64, len(volts)), self.converter)
        given = to_volts(codes, self.converter)
        if not self.scale.exact:
            lines = list(volts)
            given = self.scale.of(lines).through(given)
        return dict(zip(volts, given.tolist(), strict=True))

    def _step(self, value: float, per_unit: int) -> float:
        return value if self.converter is None else round(value * per_unit) / per_unit


def driver_levels(imposed: Sequence[Boundary], shape: tuple[int, ...]) -> FloatArray:
    """Voltage on the driver side of each line held by a voltage, NaN of the others; (M, L)."""
    levels = np.full(shape, np.nan)
    for row, boundary in enumerate(imposed):
        for line, volts in boundary.voltages.items():
            levels[row, line] = volts
        for line, nudge in boundary.nudges.items():
            levels[row, line] = nudge.target
    return levels


def _conductance(nudge: Nudge) -> float:
    if isinstance(nudge, TowardTarget):
        msg = "a pull toward a target must be resolved to a voltage first"
        raise TypeError(msg)
    return nudge.conductance
