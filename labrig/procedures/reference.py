"""A look at what should not change: one masked branch of a crossbar, and the readings of one potential."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, FloatArray, Volts
from labrig.bench.bench import Bench
from labrig.bench.currents import injected
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import NetworkStates, Origin
from labrig.learning.evidence import trusted

_GOLDEN = (5**0.5 - 1) / 2
_DITHER = 0.1
"""By which the voltages of repeats differ, relative, so that the steps of converters average out."""
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
        What each node reads beyond the level that all are driven to, V, and then the conductance of the
        reference, S; shape (R, N + 1), NaN where that was not read.
    shared
        Standard uncertainty that the repeats share, shape (N + 1,).
    apart
        By how much nodes that are driven to one level read otherwise, shape (N,), V.
    """

    readings: FloatArray
    shared: FloatArray
    apart: FloatArray


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
    """

    branch: int | None
    low: Volts
    high: Volts
    repeats: int

    def states(self, bench: Bench) -> list[Boundary]:
        """Of one look, in this order: all repeats of the first state, then of the second, and the third."""
        topology = bench.topology
        driven = [*topology.inputs, *topology.outputs]
        shares = np.modf(_GOLDEN * np.arange(self.repeats))[0]
        adc = bench.info.adc
        span = self.high - self.low
        wander = 0.0 if adc is None else min(_STEPS * adc.lsb, _DITHER * span)
        levels = [bench.level(self.low + wander * share) for share in shares.tolist()]
        equal = [Boundary(dict.fromkeys(driven, level)) for level in levels]
        if self.branch is None:
            return equal
        source, _ = _ends(bench, self.branch)
        lifts = (span - wander) * (1 - _DITHER * shares)
        alone: list[Boundary] = []
        others: list[Boundary] = []
        for level, lift in zip(levels, lifts.tolist(), strict=True):
            alone.append(Boundary({**dict.fromkeys(driven, level), source: level + lift}))
            rest = {node: level + _GENTLE * lift for node in topology.inputs if node != source}
            others.append(Boundary({**dict.fromkeys(driven, level), **rest}))
        return [*equal, *alone, *others]

    def look(self, bench: Bench, apart: FloatArray | None = None) -> Sight:
        """Take one look; no branch is written.

        In the first state all inputs and outputs have one level, so that every node reads that, and its
        offset. Drivers that are off each other make currents all the same, whose drops over the drive
        resistors change with what is learned; what they are by the laws is taken off.

        In the second the input of the reference is lifted by ΔV, and the current into its output says what
        it conducts. That output gives way by its drive resistor, and the other branches there answer to it;
        what they conduct together, G, is told by a third state, in which they are lifted and the reference
        is not. With differences to the first state, which offsets do not enter, Kirchhoff's law at the output
        has two unknowns in two equations, ΔI = g (Δv - Δv_i) + G (Δv - mean Δv_j). The mean over the others
        is weighted by what their laws say, and uncertain by what these leave open.

        Parameters
        ----------
        apart
            Of the look that this one is compared with, so that an offset which is new makes no drop; None: of
            this one.

        Raises
        ------
        LimitExceeded
            Before a byte leaves.
        LinkError, ProtocolError, DeviceError
        """
        topology, count = bench.topology, self.repeats
        boundaries = self.states(bench)
        conductances = bench.realised()
        states = bench.settle(boundaries, currents=self.branch is not None)
        sound = trusted(states) & (states.voltage_origin == Origin.MEASURED)
        volts, assumed = np.where(sound, states.node_voltages, np.nan), np.nan_to_num(states.node_voltages)
        levels = np.array([boundary.voltages[topology.inputs[0]] for boundary in boundaries[:count]])
        readings = np.full((count, len(topology.nodes) + 1), np.nan)
        shared = np.full(len(topology.nodes) + 1, _ARITHMETIC)
        driven = [*topology.inputs, *topology.outputs]
        found = np.zeros(len(topology.nodes))
        found[driven] = (assumed[:count] - levels[:, None]).mean(axis=0)[driven]
        pattern = found if apart is None else apart
        drops = bench.info.drive * injected(topology, conductances, pattern)
        readings[:, driven] = (volts[:count] - levels[:, None] + drops)[:, driven]
        shared[:-1] = np.hypot(shared[:-1], _drop_doubts(bench, pattern, conductances))
        if self.branch is not None:
            readings[:, -1], shared[-1] = self._conductance(bench, self.branch, states, volts, conductances)
        adc = bench.info.adc
        if adc is not None:
            rounding = np.full(shared.shape, adc.lsb / np.sqrt(12))
            rounding[-1] *= 2 / (bench.info.drive * (self.high - self.low)) if bench.info.drive else 0.0
            with np.errstate(invalid="ignore"):
                alike = np.nan_to_num(readings.std(axis=0)) < _COARSE * rounding
            shared = np.where(alike, np.hypot(shared, rounding), shared)
        return Sight(readings, shared, found)

    def _conductance(
        self, bench: Bench, branch: int, states: NetworkStates, volts: FloatArray, conductances: BranchArray
    ) -> tuple[FloatArray, float]:
        """Of the reference in each repeat, (R,) S, and what the laws of the others leave open, S."""
        topology, count = bench.topology, self.repeats
        source, output = _ends(bench, branch)
        there = [k for k, ends in enumerate(topology.branches) if output in ends and k != branch]
        far = [a if b == output else b for a, b in (topology.branches[k] for k in there)]
        measured = states.current_origin[:, output] == Origin.MEASURED
        into = np.where(measured, states.clamp_currents[:, output], np.nan)
        current = (into[count:] - np.tile(into[:count], 2)).reshape(2, count)
        moved = (volts[count:] - np.tile(volts[:count], (2, 1))).reshape(2, count, -1)
        over = moved[..., output] - moved[..., source]
        if not there:
            return np.asarray(current[0] / over[0]), _ARITHMETIC / bench.info.drive
        weights = conductances[there] / conductances[there].sum()
        across = moved[..., [output]] - moved[..., far]
        mean = across @ weights
        g = (current[0] * mean[1] - current[1] * mean[0]) / (over[0] * mean[1] - over[1] * mean[0])
        scattered = (conductances[there] * (across[0] - mean[0][:, None])) ** 2
        left = _DOUBT * np.sqrt(scattered.sum(axis=1).mean()) / np.abs(over[0]).mean()
        return np.asarray(g), float(np.hypot(left, _ARITHMETIC / bench.info.drive))


def _ends(bench: Bench, branch: int) -> tuple[int, int]:
    """Input and output that a branch of a crossbar joins."""
    a, b = bench.topology.branches[branch]
    return (a, b) if a in bench.topology.inputs else (b, a)


def _drop_doubts(bench: Bench, volts: FloatArray, conductances: BranchArray) -> FloatArray:
    """What the laws leave open of the drops over drive resistors where drivers are off each other, (N,) V."""
    topology = bench.topology
    flows = (conductances * topology.branch_voltages(volts)) ** 2
    count = len(topology.nodes)
    squares = sum(np.bincount(topology.ends[:, side], flows, count) for side in (0, 1))
    return np.asarray(_DOUBT * bench.info.drive * np.sqrt(squares), dtype=np.float64)
