"""The measurements on branches: shares of every star at rest, then each branch at three codes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, FloatArray, IntArray
from labrig.bench.bench import Bench
from labrig.circuit.boundary import Boundary
from labrig.procedures.board_check.kirchhoff import Precision, Star, best_states, observe, odds
from labrig.procedures.board_check.levels import CODES, Drive, Ladder
from labrig.procedures.board_check.observers import Wanted, batches, releases

Progress = Callable[[str, int, int], None]
"""Told what is being checked, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Response:
    """How a branch answered to three codes. Conductances are over those of the rest of its star."""

    rest: tuple[float, float]
    """At the base code: value and bound."""
    tried: FloatArray
    """At each code: value and bound, shape (3, 2)."""
    levels: IntArray
    """Rungs of the ladder that were set, shape (3,)."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a response compares with what a law allows; both where the readings are too coarse to tell."""

    follows: bool
    constant: bool


def moved(rest: tuple[float, float], tried: FloatArray) -> bool:
    """Whether a branch answered at all to what was tried, shape (3, 2)."""
    value, bound = tried.T
    return bool((np.abs(value - rest[0]) > bound + rest[1]).any())


def follows(
    rest: tuple[float, float],
    tried: FloatArray,
    ladder: Ladder,
    branches: Sequence[int],
    levels: IntArray,
) -> BoolArray:
    """Whether what was found at three codes, (3, 2), may come from each of n wipers at its levels, (n, 3)."""
    places = np.asarray(branches)[:, None]
    least = max(rest[0] - rest[1], 0.0) * ladder.low[levels, places]
    most = (rest[0] + rest[1]) * ladder.high[levels, places]
    value, bound = tried.T
    return np.asarray(((value + bound >= least) & (value - bound <= most)).all(axis=1))


def fit(response: Response, ladder: Ladder, branch: int) -> Fit:
    """Compare a response with the law of the branch's own wiper."""
    rest, tried = response.rest, response.tried
    if not np.isfinite([rest[0], *tried[:, 0]]).all():
        return Fit(follows=True, constant=True)
    own = follows(rest, tried, ladder, [branch], response.levels[None])
    return Fit(bool(own[0]), constant=not moved(rest, tried))


@dataclass(frozen=True, slots=True)
class Batch:
    """Branches that were tried together, and how."""

    branches: tuple[int, ...]
    levels: IntArray
    """Rungs that each was set to in turn, shape (n, 3)."""
    stars: tuple[Star, ...]
    boundary: Boundary
    """In which all of them were read."""
    zero: FloatArray
    """Voltages without currents, shape (N,), V."""


class Prober:
    """Measures on a bench whose branches rest at the base of a ladder.

    Parameters
    ----------
    zero
        Voltage of each node in a state without currents at the drive's low level, shape (N,), V.
    """

    def __init__(
        self, bench: Bench, drive: Drive, ladder: Ladder, zero: FloatArray, precision: Precision
    ) -> None:
        self._bench = bench
        self._drive = drive
        self._ladder = ladder
        self._zero = zero
        self._precision = precision
        self.stars: dict[int, Star] = {}
        """What was seen of each node that was read, newest first choice kept."""
        self.responses: dict[int, Response] = {}
        self.observed: dict[int, int] = {}
        """Branch to the node that it was read at last."""
        self.batches: list[Batch] = []
        self._rests: dict[Wanted, tuple[float, float]] = {}

    def probe(self, wanted: Iterable[Wanted], progress: Progress) -> None:
        """Find out how branches respond, at the ends that are wanted; branches that a rig masks rest."""
        plan: list[Batch] = []
        for released, read in releases(self._bench.topology, wanted):
            plan += self._at_rest(released, read)
        self.batches += plan
        for done, batch in enumerate(plan):
            progress("wipers", done, len(plan))
            answers = self.try_batch(batch, [batch])
            for branch, star, levels, tried in zip(
                batch.branches, batch.stars, batch.levels, answers[0], strict=True
            ):
                self.responses[branch] = Response(self._rests[branch, star.node], tried, levels)

    def fitting(self, batch: Batch, rest: tuple[float, float], tried: FloatArray) -> set[int]:
        """Branches of a batch whose wipers a position may answer to, which answered so to their codes."""
        if not moved(rest, tried):
            return set()
        fit = follows(rest, tried, self._ladder, batch.branches, batch.levels)
        return {branch for branch, fits in zip(batch.branches, fit, strict=True) if fits}

    def try_batch(self, batch: Batch, read: Sequence[Batch]) -> list[FloatArray]:
        """Set the branches of a batch to their codes, and read the positions of other batches.

        Returns
        -------
        list of FloatArray
            For each batch that is read, shape (its branches, 3, 2): conductance over the rest, and bound.
        """
        found = [np.empty((len(other.branches), CODES, 2)) for other in read]
        for code in range(CODES):
            program = self._ladder.base.copy()
            program[list(batch.branches)] = self._ladder.rungs[batch.levels[:, code], list(batch.branches)]
            scans = self._bench.scan([other.boundary for other in read], program=program)
            for row, other in enumerate(read):
                change = scans.volts[row] - other.zero
                for place, (branch, star) in enumerate(zip(other.branches, other.stars, strict=True)):
                    found[row][place, code] = odds(star, branch, change, self._precision)
        return found

    def _at_rest(self, released: frozenset[int], read: Sequence[Wanted]) -> list[Batch]:
        """Drive one node at a time; from that the shares of each star, and what to try."""
        topology = self._bench.topology
        driven = [node for node in (*topology.inputs, *topology.outputs) if node not in released]
        boundaries = [
            Boundary({**dict.fromkeys(driven, self._drive.low), node: self._drive.high}) for node in driven
        ]
        together = Boundary(dict.fromkeys(driven, self._drive.high))
        scans = self._bench.scan([together, *boundaries], program=self._ladder.base)
        lifted = (scans.volts[0] - self._drive.low) / self._drive.span
        changes = scans.volts[1:] - self._zero
        tried: list[tuple[Wanted, int]] = []
        for node in dict.fromkeys(node for _, node in read):
            star = observe(topology, node, changes, lifted[node], self._precision)
            mine = [branch for branch, end in read if end == node]
            self.observed.update(dict.fromkeys(mine, node))
            best = dict(zip(star.branches.tolist(), best_states(star, changes).tolist(), strict=True))
            self.stars[node] = star
            if star.known:
                for branch in mine:
                    self._rests[branch, node] = odds(star, branch, changes[best[branch]], self._precision)
                    if self._bench.writable[branch]:
                        tried.append(((branch, node), best[branch]))
        tried.sort(key=lambda entry: (entry[1], entry[0]))
        plan = batches(topology, tried)
        return [self._batch(group, boundaries[state]) for state, group in plan]

    def _batch(self, group: Sequence[Wanted], boundary: Boundary) -> Batch:
        levels = np.array([self._ladder.triple(place) for place in range(len(group))])
        stars = tuple(self.stars[node] for _, node in group)
        return Batch(tuple(branch for branch, _ in group), levels, stars, boundary, self._zero)
