"""True potentiometers with three terminals, and the circuit inside a crossbar of them."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, FloatArray, Ohms
from labrig.boards.base import Codes, Program
from labrig.circuit.topology import Topology
from labrig.config.boards import DigipotElements
from labrig.devices.dividers import divider_figures, potentiometers
from labrig.devices.parts import digipot
from labrig.sim.climate import Warming
from labrig.sim.strings import crookedness, end_to_end, stream, wipers
from labrig.sim.world import Inside

_RATIOS = 26
"""Place of how shares drift among the random streams of a seed."""
_LEAST: Ohms = 0.01
"""Of either part of a string, at the code that leaves none of it."""


@dataclass(frozen=True, slots=True)
class TrueDividers:
    """P potentiometers; they start at mid-scale.

    Parameters
    ----------
    end_to_end, wiper
        R_AB and R_W, shape (P,), ohm.
    shares
        Of R_AB that lies between terminal B and the wiper at each code, shape (P, codes).
    warming
        Of R_AB; the wiper's switch goes with the supply. None: nothing changes.
    drifts
        Relative change of the share per kelvin at mid-scale, shape (P,); nothing at either end.
    """

    end_to_end: FloatArray
    wiper: FloatArray
    shares: FloatArray
    warming: Warming | None
    drifts: FloatArray

    @property
    def switches(self) -> FloatArray:
        """Resistance of the switch in each branch of the circuit inside, shape (3P,), ohm."""
        return np.concatenate([np.zeros(2 * len(self.wiper)), self.wiper])

    @property
    def power_up(self) -> Codes:
        """Half the code steps: MCP43xx, DS22242A section 5.0."""
        return Codes(np.full(len(self.shares), self.shares.shape[1] // 2, dtype=np.int64))

    @property
    def changing(self) -> bool:
        """Where the temperature does."""
        if self.warming is None:
            return False
        return self.warming.changing or (bool(self.drifts.any()) and not self.warming.climate.steady)

    def conductances(self, program: Program, index: int) -> BranchArray:
        """Of all parts toward A, then toward B, then of the wipers, shape (3P,), S; see `inside_dividers`."""
        codes = np.asarray(program.values, dtype=np.int64)
        shares, string, wiper = self.shares[np.arange(len(codes)), codes], self.end_to_end, self.wiper
        if self.warming is not None:
            climate = self.warming.climate
            # Both parts of a string drift apart by twice what the share at mid-scale does.
            shares = shares + 2 * self.drifts * climate.kelvin(index) * shares * (1 - shares)
            string, wiper = string * self.warming.factors(index), wiper * climate.wiper(index)
        parts = np.maximum(np.concatenate([string * (1 - shares), string * shares]), _LEAST)
        return np.asarray(1 / np.concatenate([parts, wiper]))

    def told(self, program: Program) -> Codes:
        """What was written."""
        return Codes(np.array(program.values, dtype=np.int64))


def draw_dividers(elements: DigipotElements, count: int, seed: int, warming: Warming | None) -> TrueDividers:
    """True potentiometers, `count` of them: a function of the seed alone.

    Without vices only R_AB is off, which a divider shows by how little it is moved by its neighbours.

    Raises
    ------
    ConfigError
        The part is not known or has two terminals.
    """
    part = digipot(elements.part)
    figures, vices = divider_figures(part), elements.vices
    codes = np.arange(part.code_max + 1)
    if vices is None:
        shares = np.tile(codes / part.steps, (count, 1))
        return TrueDividers(
            end_to_end(elements, count, seed), np.full(count, part.wiper), shares, warming, np.zeros(count)
        )
    largest = figures.nonlinearity if vices.nonlinearity is None else vices.nonlinearity
    inside = 1 - 2 * figures.ends / part.steps
    taps = codes + crookedness(part, largest, count, seed)
    drift = figures.tempco if vices.ratio_tempco is None else vices.ratio_tempco
    return TrueDividers(
        end_to_end(elements, count, seed),
        wipers(elements, count, seed),
        (figures.ends + taps * inside) / part.steps,
        warming,
        drift * stream(seed, _RATIOS).uniform(-1, 1, count),
    )


def inside_dividers(lines: Topology) -> Inside:
    """A crossbar with a node inside each potentiometer: its branches lead there from A, from B, and on to W.

    Parameters
    ----------
    lines
        Two branches a potentiometer, row by row, as `potentiometers` has them.
    """
    columns = len(lines.outputs)
    count = len(lines.branches) // 2
    of = potentiometers(len(lines.branches), columns)
    at_a = np.arange(len(lines.branches)) // columns % 2 == 0
    inner = len(lines.nodes) + np.arange(count)
    ends: list[tuple[int, int]] = []
    for side in (at_a, ~at_a):
        rows = np.empty(count, dtype=np.int64)
        rows[of[side]] = lines.ends[side, 0]
        ends += [*zip(rows.tolist(), inner.tolist(), strict=True)]
    column = np.empty(count, dtype=np.int64)
    column[of[at_a]] = lines.ends[at_a, 1]
    ends += [*zip(inner.tolist(), column.tolist(), strict=True)]
    names = (f"inside {k}" for k in range(count))
    return Inside(Topology((*lines.nodes, *names), tuple(ends), lines.inputs, lines.outputs))
