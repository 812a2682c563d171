"""Code to conductance of all branches of a crossbar at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, CodeArray, FloatArray, IntArray, Ohms, Siemens, Volts
from labrig.bench.bench import Bench, Scans
from labrig.boards.base import CodeRange
from labrig.calibration.stars import StarFit, StarReadings, fit_star, pooled_variance
from labrig.calibration.ties import Node
from labrig.calibration.wipers import Readings
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology
from labrig.devices.parts import digipot
from labrig.errors import ConfigError
from labrig.procedures.board_check.levels import Drive
from labrig.procedures.calibrating.giving_back import codes_given_back
from labrig.procedures.calibrating.levels import MARGIN, check_crossbar, shares, signs
from labrig.procedures.calibrating.wires import Inside

Progress = Callable[[str, int, int], None]
Check = Callable[[Scans], None]
_HELD = 4
"""Pairs of states in which the outputs are held: they give the scale, which free outputs leave open."""
_WANDER = 0.02
"""Of the range, times how `shares` differ: by which the level of held outputs does."""
_STAGGER = 4
"""Codes over which branches at one output are spread: more tie codes that are farther apart, but those that
conduct most lower the voltages for all."""
_ROUNDS = 6
"""Of taking off what wires drop."""
_STRANGE = 1.5
"""Times the most that a branch may conduct by its part: one that conducts more is broken."""


@dataclass(frozen=True, slots=True)
class Setting:
    """All branches at some code each, read once."""

    codes: CodeArray
    """That the branches were asked for, shape (B,)."""
    repeat: int
    upward: bool
    """The codes were reached from below."""
    scans: Scans


@dataclass(frozen=True, slots=True)
class Measured:
    """What the settings tell.

    Parameters
    ----------
    noise
        Standard deviation of one reading by what the fits leave over, V.
    """

    readings: Readings
    noise: Volts


def default_codes(legal: CodeRange) -> list[int]:
    """Codes that show the whole curve: both ends, and between them steps of a half, at most of an eighth."""
    found, most = [legal.minimum, legal.minimum + 1], (legal.maximum - legal.minimum + 7) // 8
    while found[-1] < legal.maximum:
        found.append(min(legal.maximum, found[-1] + max(1, min(found[-1] // 2, most))))
    return found


def read_wipers(
    bench: Bench, codes: Sequence[int], repeats: int, progress: Progress, check: Check
) -> Iterator[Setting]:
    """Write the branches to one code after the other, up and down, and read enough states for all of them.

    Branches at one output are up to `_STAGGER` codes apart, in one order on the way up and in the other on
    the way down, so that each setting ties some codes to others; see `labrig.calibration.ties.tie`.

    One exchange a setting. In the first states the inputs take two levels by the rows of a Hadamard matrix
    and the outputs are released; in the next these are held half-way, the inputs above them and below, so
    that offsets of their converters cancel; in the last, at which the board is left, everything has one
    potential, so that the next codes are written with no voltage over any branch. The levels are as far
    apart as the limits allow at that code, and with what was found to conduct more than it should: a first
    exchange looks for that so gently that even a shorted branch stays within its limits. Branches that the
    rig masks keep their codes, so that they show as stuck. The board gets its own codes back.

    Parameters
    ----------
    check
        Sees what was read in each exchange, the gentle one as well, and raises what it has to say of it.

    Raises
    ------
    ConfigError
        The network is no crossbar, the board measures no currents, or a code is none of its.
    LimitExceeded, LinkError, ProtocolError, DeviceError
    """
    check_crossbar(bench, "wiper")
    if bench.info.codes is not None:
        _check_codes(codes, bench.info.codes)
    way = np.array(sorted(set(codes)), dtype=np.int64)
    settings = [
        (asked, repeat, upward)
        for repeat in range(repeats)
        for upward in (True, False)
        for asked in _leg(way, _turns(bench.topology), upward=upward)
    ]
    conducting = _Conducting(bench)
    with codes_given_back(bench, conducting.level()) as before:
        first = np.where(bench.writable, way[-1], before)
        gentle = bench.scan(conducting.gentle_states(), codes=first)
        check(gentle)
        conducting.learn(first, gentle)
        for k, (asked, repeat, upward) in enumerate(settings):
            progress("wipers", k, len(settings))
            codes_now = np.where(bench.writable, asked, before)
            scans = bench.scan(conducting.states(codes_now, k), codes=codes_now)
            check(scans)
            conducting.learn(codes_now, scans)
            yield Setting(asked, repeat, upward, scans)


def _turns(topology: Topology) -> IntArray:
    """By how many codes each branch is behind the first at its output, on the way up; shape (B,)."""
    turns = np.zeros(len(topology.branches), dtype=np.int64)
    for output in topology.outputs:
        branches = _branches_at(topology, output)
        turns[branches] = np.arange(len(branches)) % _STAGGER
    return turns


def _leg(way: CodeArray, turns: IntArray, *, upward: bool) -> CodeArray:
    """Codes of the settings on the way up, or down, shape (S, B)."""
    most = int(turns.max())
    behind = turns if upward else most - turns
    places = np.clip(np.arange(len(way) + most)[:, None] - behind, 0, len(way) - 1)
    return np.asarray(way[places if upward else places[::-1]], dtype=np.int64)


def measured(
    settings: Sequence[Setting],
    topology: Topology,
    drives: FloatArray,
    rounding: Volts,
    inside: Inside | None = None,
) -> Measured:
    """Conductances of all branches from the readings of all settings.

    Parameters
    ----------
    drives
        Resistor behind the driver of each node, shape (N,), ohm.
    rounding
        One step of the ADC, V.
    inside
        What the wires of the board drop; None: nothing.
    """
    fits = [_stars(setting.scans, topology, drives, inside) for setting in settings]
    each = [star for stars in fits for star in stars]
    variance = pooled_variance(sum(star.excess for star in each), sum(star.left for star in each), rounding)
    nodes = [
        Node(
            topology.nodes[output],
            np.array(_branches_at(topology, output)),
            np.array([stars[k].conductances for stars in fits]),
            variance * np.array([stars[k].covariance for stars in fits]),
        )
        for k, output in enumerate(topology.outputs)
    ]
    codes = np.array([setting.codes for setting in settings])
    legs = np.array([2 * setting.repeat + (not setting.upward) for setting in settings])
    return Measured(Readings(codes, legs, nodes), float(np.sqrt(variance)))


def _stars(scans: Scans, topology: Topology, drives: FloatArray, inside: Inside | None) -> list[StarFit]:
    """Output by output; what wires drop depends on the conductances found, which depend on it a little."""
    found = _with_drops(scans, topology.branch_voltages(scans.volts), topology, drives)
    if inside is None:
        return found
    conductances = np.full(len(topology.branches), np.nan)
    for _ in range(_ROUNDS):
        for output, fit in zip(topology.outputs, found, strict=True):
            conductances[_branches_at(topology, output)] = fit.conductances
        found = _with_drops(scans, inside.drops(conductances, scans.volts), topology, drives)
    return found


def _with_drops(scans: Scans, drops: FloatArray, topology: Topology, drives: FloatArray) -> list[StarFit]:
    return [fit_star(star(scans, drops, topology, output, drives[output])[1]) for output in topology.outputs]


def _branches_at(topology: Topology, output: int) -> list[int]:
    return [k for k, ends in enumerate(topology.branches) if output in ends]


def star(
    scans: Scans, drops: FloatArray, topology: Topology, output: int, drive: Ohms
) -> tuple[list[int], StarReadings]:
    """Branches at an output, and what was read around it.

    Parameters
    ----------
    drops
        Over each branch in each state, shape (M, B), V.
    """
    branches = _branches_at(topology, output)
    away = np.array([1 if topology.branches[k][0] == output else -1 for k in branches])
    over = drops[:, branches] * away
    held = np.array([output in boundary.voltages for boundary in scans.imposed])
    into = np.where(held, (scans.sources[:, output] - scans.volts[:, output]) / drive, 0.0)
    through = np.where(held, 1 / drive, 0.0)
    alike = np.abs(over).max(axis=1) < 1e-3 * np.abs(over).max()  # states of one potential tell nothing
    return branches, StarReadings(over[~alike], into[~alike], through[~alike])


class _Conducting:
    """States that stay within the limits for what branches may conduct, and for what they were found to."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._inputs, self._outputs = bench.topology.inputs, bench.topology.outputs
        self._found = np.zeros(len(bench.topology.branches))
        self._drive = Drive.of(bench)
        self._patterns = np.vstack([rows := signs(len(self._inputs)), -rows])

    def learn(self, codes: CodeArray, scans: Scans) -> None:
        """Remember what conducts more than it should."""
        bench = self._bench
        drops = bench.topology.branch_voltages(scans.volts)
        for output in self._outputs:
            branches, readings = star(scans, drops, bench.topology, output, bench.drives[output])
            found = fit_star(readings).conductances
            strange = found > _STRANGE * bench.most_conductive(codes)[branches]
            self._found[branches] = np.maximum(self._found[branches], np.where(strange, found, 0.0))

    def level(self) -> Boundary:
        """Everything at one potential."""
        return Boundary(dict.fromkeys([*self._inputs, *self._outputs], self._drive.middle))

    def gentle_states(self) -> list[Boundary]:
        """Within the limits even where branches are shorted."""
        short = 2 / digipot(self._bench.info.part).wiper
        return self._within(np.full(len(self._found), short), short, 0)

    def states(self, codes: CodeArray, turn: int) -> list[Boundary]:
        """For branches at these codes; each turn has slightly different voltages."""
        by_codes = self._bench.most_conductive(codes)
        return self._within(np.maximum(by_codes, self._found), float(by_codes.max()), turn)

    def _within(self, conductances: FloatArray, most: Siemens, turn: int) -> list[Boundary]:
        """Of branches that may conduct as much, and by their codes no more than `most`."""
        limits = self._bench.limits
        by_output = np.array(
            [conductances[_branches_at(self._bench.topology, output)] for output in self._outputs]
        )
        # Where an output is free, a branch carries no more than all others there together.
        free = np.minimum(by_output, by_output.sum(axis=1, keepdims=True) - by_output).max()
        span = min(MARGIN * limits.largest_span(max(float(free), most)), self._drive.span)
        apart = np.array([MARGIN * limits.largest_span(float(each)) for each in by_output.max(axis=1)])
        middle, count = self._drive.middle, len(self._patterns)
        states = [
            Boundary(dict(zip(self._inputs, (middle + share * span / 2 * row).tolist(), strict=True)))
            for row, share in zip(self._patterns, shares(count, turn), strict=True)
        ]
        # Outputs at which a branch conducts more than it should are held by themselves, with inputs nearer.
        whole = apart >= span / 2
        groups = [(self._outputs_of(whole), span / 2), (self._outputs_of(~whole), float(apart.min()))]
        for outputs, over in groups:
            lifted = over * shares(2 * _HELD, turn) * np.tile([1, -1], _HELD)
            moved = _WANDER * self._drive.span * (shares(2 * _HELD, turn + 1) - 1)
            for above, away in zip(lifted.tolist(), moved.tolist(), strict=True) if outputs else ():
                states.append(self._held(outputs, middle + away, above))
        return [*states, self.level()]

    def _held(self, outputs: Sequence[int], level: Volts, lifted: Volts) -> Boundary:
        """Some outputs at a level, the others released, all inputs above or below it."""
        inputs: dict[int, Volts] = dict.fromkeys(self._inputs, level + lifted)
        return Boundary({**inputs, **dict.fromkeys(outputs, level)})

    def _outputs_of(self, which: BoolArray) -> list[int]:
        return [output for output, taken in zip(self._outputs, which, strict=True) if taken]


def _check_codes(codes: Sequence[int], legal: CodeRange) -> None:
    wrong = [code for code in codes if not legal.minimum <= code <= legal.maximum]
    if wrong or len(set(codes)) < 3:
        found = wrong[0] if wrong else f"{len(set(codes))} codes"
        msg = f"--codes: found {found}; name at least 3 of {legal.minimum} … {legal.maximum}"
        raise ConfigError(msg)
