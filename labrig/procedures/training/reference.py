"""A look at what should not change: one masked branch of a crossbar, and the readings of one potential."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, FloatArray, Volts
from labrig.bench.bench import Bench
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import NetworkStates, Origin
from labrig.learning.evidence import trusted
from labrig.procedures.calibrating.levels import DITHER, fractions

_STEPS = 7
"""Of the ADC, by which the common level of repeats differs, for the same reason."""
_GENTLE = 1 / 8
"""Of the voltage over the reference, with which the others at its output are asked what they conduct."""
_DOUBT = 0.115
"""Standard uncertainty of a conductance by law, relative: uniform within ±20 %."""
_ARITHMETIC: Volts = 1e-9
"""Below what any converter shows, above what a simulated circuit is solved to."""
_COARSE = 0.25
"""Of the scatter that rounding alone has: less, and the repeats may have been rounded alike."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One look. R repeats, N nodes.

    Parameters
    ----------
    readings
        What each node reads beyond the level of the driver that holds them all, V, and then the conductance
        of the reference, S; shape (R, N + 1), NaN where that was not read.
    shared
        Standard uncertainty that the repeats share, shape (N + 1,).
    """

    readings: FloatArray
    shared: FloatArray


@dataclass(frozen=True, slots=True)
class Reference:
    """How a look is taken; see `look`.

    Parameters
    ----------
    branch
        That is not written; None: nodes are looked at alone.
    low, high
        Between which all nodes stay, V.
    repeats
        R.
    ends
        Resistance between where each node is read and its first branch, shape (N,), ohm; None: none.
    """

    branch: int | None
    low: Volts
    high: Volts
    repeats: int
    ends: FloatArray | None = None

    def states(self, bench: Bench) -> list[Boundary]:
        """Of one look, in this order: all repeats of the first state, then of the second, and so on."""
        topology, span = bench.topology, self.high - self.low
        shares = fractions(self.repeats)
        adc = bench.info.adc
        wander = 0.0 if adc is None else min(_STEPS * adc.lsb, DITHER * span)
        levels = [bench.level(self.low + wander * share) for share in shares.tolist()]
        alone = [Boundary({topology.inputs[0]: level}) for level in levels]
        if self.branch is None:
            return alone
        source, _ = _ends(bench, self.branch)
        driven = [*topology.inputs, *topology.outputs]
        equal: list[Boundary] = []
        lifted: list[Boundary] = []
        others: list[Boundary] = []
        lifts = (span - wander) * (1 - DITHER * shares)
        for level, lift in zip(levels, lifts.tolist(), strict=True):
            rest = {node: level + _GENTLE * lift for node in topology.inputs if node != source}
            same = dict.fromkeys(driven, level)
            equal.append(Boundary(same))
            lifted.append(Boundary({**same, source: level + lift}))
            others.append(Boundary({**same, **rest}))
        return [*alone, *equal, *lifted, *others]

    def look(self, bench: Bench) -> Sight:
        """Take one look; no branch is written.

        In the first state one driver holds the whole board. Nothing draws a current then, so that every node
        has its potential whatever the conductances are, and reads that and the offset of its converter.

        In the others all inputs and outputs are driven: to one level; with the input of the reference lifted
        by ΔV, when the current into its output says what it conducts; and with the other inputs lifted. The
        output gives way by its drive resistor, and the other branches there answer to it; what these conduct
        together, G, is told by the last state. With differences to the level, which offsets do not enter,
        Kirchhoff's law at the output has two unknowns in two equations, ΔI = g (Δv - Δv_i) + G (Δv - mean
        Δv_j). The mean over the others is weighted by what their laws say, and uncertain by what these leave
        open.

        Raises
        ------
        LimitExceeded
            Before a byte leaves.
        LinkError, ProtocolError, DeviceError
        """
        topology, count = bench.topology, self.repeats
        boundaries = self.states(bench)
        states = bench.settle(boundaries, currents=self.branch is not None)
        sound = trusted(states) & (states.voltage_origin == Origin.MEASURED)
        volts = np.where(sound, states.node_voltages, np.nan)
        levels = np.array([boundary.voltages[topology.inputs[0]] for boundary in boundaries[:count]])
        readings = np.full((count, len(topology.nodes) + 1), np.nan)
        readings[:, :-1] = volts[:count] - levels[:, None]
        shared = np.full(len(topology.nodes) + 1, _ARITHMETIC)
        if self.branch is not None:
            readings[:, -1], shared[-1] = self._conductance(bench, self.branch, states, volts)
        adc = bench.info.adc
        if adc is not None:
            rounding = np.full(shared.shape, adc.lsb / np.sqrt(12))
            if self.branch is not None:
                rounding[-1] *= 2 / (bench.info.drive * (self.high - self.low))
            alike = np.nan_to_num(readings.std(axis=0)) < _COARSE * rounding
            shared = np.where(alike, np.hypot(shared, rounding), shared)
        return Sight(readings, shared)

    def _conductance(
        self, bench: Bench, branch: int, states: NetworkStates, volts: FloatArray
    ) -> tuple[FloatArray, float]:
        """Of the reference in each repeat, (R,) S, and what the laws of the others leave open, S."""
        topology, count = bench.topology, self.repeats
        conductances: BranchArray = bench.realised()
        source, output = _ends(bench, branch)
        there = [k for k, ends in enumerate(topology.branches) if output in ends and k != branch]
        far = [a if b == output else b for a, b in (topology.branches[k] for k in there)]
        measured = states.current_origin[:, output] == Origin.MEASURED
        into = np.where(measured, states.clamp_currents[:, output], np.nan).reshape(4, count)
        if self.ends is not None:
            volts = volts - np.where(self.ends > 0, self.ends * states.clamp_currents, 0.0)
        at = volts.reshape(4, count, -1)
        current, moved = into[2:] - into[1], at[2:] - at[1]
        over = moved[..., output] - moved[..., source]
        arithmetic = _ARITHMETIC / bench.info.drive
        if not there:
            return np.asarray(current[0] / over[0]), arithmetic
        weights = conductances[there] / conductances[there].sum()
        across = moved[..., [output]] - moved[..., far]
        mean = across @ weights
        g = (current[0] * mean[1] - current[1] * mean[0]) / (over[0] * mean[1] - over[1] * mean[0])
        scattered = (conductances[there] * (across[0] - mean[0][:, None])) ** 2
        left = _DOUBT * np.sqrt(scattered.sum(axis=1).mean()) / np.abs(over[0]).mean()
        return np.asarray(g), float(np.hypot(left, arithmetic))


def _ends(bench: Bench, branch: int) -> tuple[int, int]:
    """Input and output that a branch of a crossbar joins."""
    a, b = bench.topology.branches[branch]
    return (a, b) if a in bench.topology.inputs else (b, a)
