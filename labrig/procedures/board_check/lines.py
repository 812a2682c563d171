"""Converters and switches: what lines read when no current flows, when driven, when released."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray, IntArray, Volts
from labrig.bench.bench import Bench, Scans
from labrig.circuit.boundary import Boundary
from labrig.procedures.board_check.kirchhoff import Precision
from labrig.procedures.board_check.levels import Drive

_REPEATS = 4
_TOLERANCE = 0.005
"""Of the span: offset and gain errors of uncalibrated 12 and 16 bit converters and of their reference."""
_EXACT = 1e-8
"""Of the span: how well a board without an ADC is read."""
_FOLLOWS = 0.1
"""Of the way from where a line floats to its driver's level: what even many shorted branches leave it."""


@dataclass(frozen=True, slots=True)
class LineReadings:
    """What every line read. N nodes; NaN where a line has no driver."""

    zero: FloatArray
    """Less what was imposed on every line, at 0 V: line side, driver side; shape (2, N), V."""
    full: FloatArray
    """The same at the highest voltage, shape (2, N), V."""
    level: Volts
    """The highest voltage."""
    allowed: Volts
    """How far off a converter may be."""
    at_low: FloatArray
    """Line side with every line at the low level: no current flows; shape (N,), V."""
    precision: Precision
    driven: FloatArray
    """Each driver alone at the high level, the others at the low one: how far its line went, 0 … 1; (N,)."""
    released: FloatArray
    """Each driver released, its neighbours at the high level: how far its line went there, 0 … 1; (N,)."""


def read_lines(bench: Bench, drive: Drive, base: BranchArray) -> LineReadings:
    """Drive all lines alike, each alone, and release outputs and inputs in turn; one exchange."""
    topology = bench.topology
    drivers = [*topology.inputs, *topology.outputs]

    def alike(volts: Volts) -> Boundary:
        return Boundary(dict.fromkeys(drivers, volts))

    states = [
        *(alike(volts) for volts in (drive.zero, drive.top, drive.middle)),
        *(alike(drive.low) for _ in range(_REPEATS)),
        Boundary(dict.fromkeys(topology.inputs, drive.high)),
        Boundary(dict.fromkeys(topology.outputs, drive.high)),
        *(Boundary({**dict.fromkeys(drivers, drive.low), node: drive.high}) for node in drivers),
    ]
    scans = bench.scan(states, program=base)
    low = scans.volts[3 : 3 + _REPEATS]
    noise = float(np.sqrt(low.var(axis=0, ddof=1).mean()))
    adc, dac = bench.info.adc, bench.info.dac
    steps = sum(converter.lsb for converter in (adc, dac) if converter is not None)
    count = len(topology.nodes)
    driven, released = np.full(count, np.nan), np.full(count, np.nan)
    after = 3 + _REPEATS
    at_low = low.mean(axis=0)
    for group, row in ((topology.inputs, after + 1), (topology.outputs, after)):
        nodes = list(group)
        released[nodes] = (scans.volts[row, nodes] - drive.zero) / (drive.high - drive.zero)
    rows = after + 2 + np.arange(len(drivers))
    driven[drivers] = (scans.volts[rows, drivers] - at_low[drivers]) / drive.span
    lsb = adc.lsb if adc else _EXACT * drive.top
    return LineReadings(
        zero=_off(scans, 0),
        full=_off(scans, 1),
        level=drive.top,
        allowed=_TOLERANCE * drive.top + steps + 5 * noise,
        at_low=at_low,
        precision=Precision.of(lsb, noise),
        driven=driven,
        released=released,
    )


def _off(scans: Scans, state: int) -> FloatArray:
    """Readings on both sides of every line less what all drivers were told, shape (2, N), V."""
    told = next(iter(scans.imposed[state].voltages.values()))
    return np.array([scans.volts[state], scans.sources[state]]) - told


def bad_converters(readings: LineReadings, apart: IntArray | None = None) -> BoolArray:
    """Nodes whose converters disagree at zero or at full scale, shape (N,).

    Parameters
    ----------
    apart
        Nodes without a driver that nothing conducts to: their readings mean nothing.
    """
    off = np.nan_to_num(np.abs(np.vstack([readings.zero, readings.full])), nan=0.0).max(axis=0)
    bad = off > readings.allowed
    if apart is not None:
        bad[apart] = False
    return np.asarray(bad)


def stuck_off(readings: LineReadings) -> BoolArray:
    """Nodes whose lines do not follow their drivers, shape (N,)."""
    return np.asarray(readings.driven < _FOLLOWS)


def stuck_on(readings: LineReadings, drive: Drive, apart: IntArray) -> BoolArray:
    """Nodes that do not float when they are released, shape (N,); those that nothing conducts to left out."""
    short = (1 - readings.released) * drive.high > readings.allowed
    short[apart] = False
    return np.asarray(short)
