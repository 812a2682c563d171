"""The conductance of a branch over its wiper codes, up and down, repeated."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import Amperes, Seconds, Siemens, Volts
from labrig.bench.bench import Bench
from labrig.boards.base import Codes
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import Origin
from labrig.errors import ConfigError
from labrig.instruments.base import Limited
from labrig.instruments.safe import SafeSourceMeter
from labrig.procedures.sweeps.selecting import Selected, isolating


@dataclass(frozen=True, slots=True)
class CodePoint:
    """One code, measured once.

    Parameters
    ----------
    upward
        It was reached from below.
    volts
        Over the branch, as measured.
    amperes
        Through it, as measured.
    nominal
        Conductance by the law of the part.
    lost
        Why there is no value; empty where there is one.
    """

    code: int
    repeat: int
    upward: bool
    volts: Volts
    amperes: Amperes
    nominal: Siemens
    time: Seconds
    lost: str = ""

    @property
    def conductance(self) -> Siemens:
        """By Ohm's law; NaN where it was not measured."""
        return self.amperes / self.volts if self.volts and not self.lost else math.nan


_MARGIN = 0.05
"""Of a converter's span; readings within 1 % of a rail count as none."""
Measure = Callable[[], tuple[Volts, Amperes, str]]
"""Voltage over the branch, current through it, and why they mean nothing."""


def sweep_codes(
    bench: Bench, selected: Selected, codes: Sequence[int], repeats: int, measure: Measure
) -> Iterator[CodePoint]:
    """Write code after code, up and down again, and measure each; the branch gets its own code back.

    Raises
    ------
    ConfigError
        The board has no codes, or a code is none of its.
    LimitExceeded
        A code could take the branch over a limit; it was not sent.
    """
    _check(bench, selected, codes)
    before = bench.branch_values().astype(np.int64)
    up = sorted(set(codes))
    try:
        for repeat in range(repeats):
            for upward, way in ((True, up), (False, up[::-1])):
                for code in way:
                    values = before.copy()
                    values[bench.wipers == bench.wipers[selected.branch]] = code
                    bench.write_codes(values)
                    volts, amperes, lost = measure()
                    nominal = float(bench.realised()[selected.branch])
                    yield CodePoint(code, repeat, upward, volts, amperes, nominal, time.monotonic(), lost)
    finally:
        bench.write_codes(before)


def by_the_board(bench: Bench, selected: Selected, level: Volts) -> Measure:
    """The board drives one end, and the drop over the drive resistor of the other is the current."""
    low = _off_the_rail(bench)
    others = isolating(bench.topology, selected, low, low)
    driven = Boundary({**others.voltages, selected.driven: low + level})

    def measure() -> tuple[Volts, Amperes, str]:
        states = bench.settle([driven], currents=True)
        volts = states.node_voltages[0]
        amperes = -float(states.clamp_currents[0, selected.grounded])
        measured = states.current_origin[0, selected.grounded] == Origin.MEASURED
        flagged = states.flags[0, [selected.driven, selected.grounded]].any()
        lost = "a reading cannot be used" if flagged else "" if measured else "the board reads no currents"
        return float(volts[selected.driven] - volts[selected.grounded]), amperes, lost

    return measure


def by_a_unit(bench: Bench, selected: Selected, level: Volts, meter: SafeSourceMeter) -> Measure:
    """A source-measure unit drives one end; the other lines keep its current to this branch."""
    low = _off_the_rail(bench)
    boundary = isolating(bench.topology, selected, low, low + level)

    def measure() -> tuple[Volts, Amperes, str]:
        meter.source(low + level)
        states = bench.settle([boundary])
        reading = meter.source_measure(low + level)
        lost = reading.lost or ("a limit held" if reading.limited is not Limited.NO else "")
        return reading.volts - float(states.node_voltages[0, selected.grounded]), reading.amperes, lost

    return measure


def _off_the_rail(bench: Bench) -> Volts:
    """The lowest level that a board reads with confidence: its converter may begin at 0 V."""
    return 0.0 if bench.info.adc is None else _MARGIN * bench.info.adc.span


def _check(bench: Bench, selected: Selected, codes: Sequence[int]) -> None:
    legal = bench.info.codes
    if legal is None or not isinstance(bench.held(), Codes):
        msg = f"board {bench.info.serial_number} is continuous: it has no codes to sweep"
        raise ConfigError(msg)
    wrong = [code for code in codes if not legal.minimum <= code <= legal.maximum]
    if wrong or not codes:
        found = wrong[0] if wrong else "none"
        msg = f"--codes: found {found}; this board has {legal.minimum} … {legal.maximum}"
        raise ConfigError(msg)
    if not bench.writable[selected.branch]:
        msg = f"--branch: found {bench.topology.branch_name(selected.branch)}, which the rig's mask protects"
        raise ConfigError(msg)
