"""The fewest measurements on a crossbar of wipers: a line search, then single taps, then averaging."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import BoolArray, BranchArray, CodeArray, FloatArray, Volts
from labrig.devices.laws import TapLaw
from labrig.learning.bounds import Bounds
from labrig.learning.estimates import Estimates
from labrig.learning.evidence import Evidence, States
from labrig.learning.line_search import LineSearch, readings
from labrig.learning.steps import PolicyState, remembered, remind
from labrig.learning.taps import Brought, bring, single_moves
from labrig.learning.tasks import Sample

_REPEATS = 3
"""Of the first reading, at most: as many as give `_PAIRS` over all outputs."""
_PAIRS = 8
_DOUBT = 0.15
"""Relative error of a tap's predicted effect before any was seen: ±20 % is 0.115, and wipers add to it."""
_DOUBT_WEIGHT = 3.0
_NEAR = 2.0
"""A search by taps begins this many largest taps from the target: as far as two taps reach."""
_WORTH = 0.02
"""Share of V that a move must be expected to gain, else it only wears the wipers."""
_HUMBLED = 1.5
_REMEMBERED = (
    "_repeated",
    "_wrong",
    "_failed",
    "_last",
    "_square",
    "_base",
    "_before",
    "_placed",
    "_near",
    "_unreachable",
)
_SURE = 3.0
"""Standard deviations."""
_LEAST_DOUBT = 0.02
_TELLING = 100.0
"""Squares of moves above noise from which the error of their predictions is taken."""
RESOLVED = 0.2
"""An output is placed on the grid of its converter once it is known to this share of a step."""


class TapSearch:
    """`LineSearch`, rounded to codes, until an output is near; then one or two taps at a time.

    At first the start is read again until the spread of the repeats tells the noise σ. Then each output
    moves along its line; what rounding to codes adds is predicted by the law and taken back by the taps
    that do so best. Once the target is within two of the largest taps, or the line would go no further,
    what is known of the output is a mean x̂ and a variance V, and of the moves to stay, to change one tap
    or two, the one with the least expected square (x̂ + ΣΔ − y)² + ρ²ΣΔ² is taken, up to three times:
    Δ = δg (p − x̂)/s by the law, ρ the relative error of such predictions as seen so far. A move adds ρ²ΣΔ²
    to V, and a reading is taken in by `Estimates`. So "stay" wins near the floor, and averaging starts by
    itself.

    Where the steps of the converter are coarser than noise, repeating says nothing: an output whose V is
    too large goes to the edge between two codes of the converter that is nearest to its target, where a
    reading halves what is unknown, until it is known to a fifth of a step; from there it goes to the target
    by the predicted effects of taps.

    *Proved*: while an output moves along its line, what `LineSearch` says, but for rounding; and that a
    target is out of reach where every branch is at the code that pulls the output toward it, as measured,
    and the output is not there. *Not proved*: how soon taps come to the floor, and how low it is.

    Parameters
    ----------
    sample
        The only one.
    inputs, outputs
        Nodes of the rows and of the columns.
    mask
        True for branches that stay as they are, shape (B,).
    law
        Its legal codes are those that may be written.
    lsb
        Step of the converter that reads the outputs, V; 0 where readings are exact.
    """

    def __init__(
        self,
        sample: Sample,
        inputs: Sequence[int],
        outputs: Sequence[int],
        mask: BoolArray,
        *,
        law: TapLaw,
        lsb: Volts,
    ) -> None:
        self._line = LineSearch(sample, tuple(inputs), tuple(outputs), mask)
        self._shape = (len(inputs), len(outputs))
        self._outputs = list(outputs)
        self._free = ~mask.reshape(self._shape)
        self._law = law
        self._lsb = lsb
        self._p = np.array([sample.inputs[node] for node in inputs])[:, None]
        self._y = np.array([sample.targets.get(node, np.nan) for node in outputs])
        columns = len(outputs)
        self._estimates = Estimates(columns, lsb)
        self._last: FloatArray = np.full(columns, np.nan)
        """Reading before, NaN where the output has moved since."""
        self._readings = 0
        self._repeated: FloatArray = np.zeros(2)
        """Sum of squared differences / 2, and how many."""
        self._wrong: FloatArray = np.array([_DOUBT_WEIGHT * _DOUBT**2, _DOUBT_WEIGHT])
        """Sum of squared relative errors of predictions, and how many."""
        self._failed: FloatArray = np.ones(columns)
        """Factor on ρ of an output, for moves that made it worse."""
        self._square: FloatArray = np.zeros(columns)
        """ΣΔ² of the move before this reading."""
        self._base: FloatArray = np.full(columns, np.inf)
        """V before that move, and where the output was then."""
        self._before: FloatArray = np.full(columns, np.nan)
        self._placed: BoolArray = np.zeros(columns, dtype=np.bool_)
        self._near: BoolArray = np.zeros(columns, dtype=np.bool_)
        self._unreachable: BoolArray = np.zeros(columns, dtype=np.bool_)

    @property
    def unreachable(self) -> BoolArray:
        """Columns of which the board has shown that it cannot bring them to their target, shape (O,)."""
        return np.asarray(self._unreachable | self._line.unreachable)

    @property
    def _starting(self) -> bool:
        """Whether the start is still read again, for its noise."""
        return self._readings <= _REPEATS and self._repeated[1] < _PAIRS

    @property
    def noise(self) -> Volts:
        """σ of a reading, from repeats."""
        total, count = self._repeated
        return float(np.sqrt(max(0.0, total / count - self._lsb**2 / 12))) if count else 0.0

    @property
    def doubt(self) -> float:
        """ρ, but for what failed at single outputs."""
        return float(np.sqrt(self._wrong[0] / self._wrong[1]))

    def wants(self) -> States:
        """Free states alone."""
        return States.FREE

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Conductances of the codes that bring every output nearest to its target as far as is known."""
        del contrast
        x = readings(evidence, self._outputs)
        self._learn(x)
        codes = self._law.codes(latent).reshape(self._shape)
        if self._starting:
            self._last = x
            return latent
        return self._law.conductances(self._approach(x, codes, bounds).ravel())

    def state(self) -> PolicyState:
        """What `restore` goes on with."""
        return {
            "line": self._line.state(),
            "estimates": self._estimates.state(),
            "readings": self._readings,
        } | dict(remembered(self, _REMEMBERED))

    def restore(self, state: PolicyState) -> None:
        """Go on where `state` was taken."""
        if not state:
            return
        self._line.restore(state["line"])
        self._estimates.restore(state["estimates"])
        self._readings = state["readings"]
        remind(self, _REMEMBERED, state)

    def _learn(self, x: FloatArray) -> None:
        """Take in readings: of the noise, of how well moves were predicted, and of the outputs."""
        lsb = self._lsb
        again = np.isfinite(self._last) & np.isfinite(x)
        if self._starting:
            self._repeated += [((x - self._last)[again] ** 2).sum() / 2, np.count_nonzero(again)]
            self._readings += 1
            self._estimates.forget(np.ones(len(x), dtype=np.bool_))
        rounding = self.noise**2 + lsb**2 / 12
        telling = np.isfinite(x) & (self._square > _TELLING * (self._base + rounding))
        miss = (x - self._estimates.mean)[telling] ** 2
        self._wrong[0] += float((miss / self._square[telling]).sum())
        self._wrong[1] += float(np.count_nonzero(telling))
        self._wrong[0] = max(self._wrong[0], _LEAST_DOUBT**2 * self._wrong[1])
        estimates, before = self._estimates, np.abs(self._before - self._y)
        idle = again & (x == self._last) & (self.noise < lsb / 4) & np.isfinite(estimates.variance)
        estimates.read(np.where(idle, np.nan, x), self.noise**2)
        worse = np.abs(estimates.mean - self._y) - before > _SURE * np.sqrt(estimates.variance)
        self._failed = np.where(worse & (self._square > 0), _HUMBLED * self._failed, self._failed)

    def _approach(self, x: FloatArray, codes: CodeArray, bounds: Bounds) -> CodeArray:
        """Codes that come next, (rows, columns)."""
        estimates, y = self._estimates, self._y
        g = self._law.conductances(codes.ravel()).reshape(self._shape)
        moves = single_moves(self._law, codes, self._p, estimates.mean, self._free)
        away = estimates.mean - y
        largest = [
            (-np.sign(off) * some.effects).max(initial=0.0) for off, some in zip(away, moves, strict=True)
        ]
        reach = _NEAR * np.array(largest) + _SURE * self.noise + self._lsb
        taught, away = np.isfinite(x) & np.isfinite(y), np.abs(away)
        near = taught & ~self._line.unreachable & (away < np.where(self._near, 4 * reach, reach))
        line = self._line.move(np.where(near, np.nan, x), g.ravel(), bounds).reshape(self._shape)
        by_line = np.abs(((line - g) * (self._p - y)).sum(axis=0)) / g.sum(axis=0)
        self._near = np.asarray(near | (taught & ~self._line.unreachable & (by_line < reach)))
        far = taught & ~self._near
        self._base, self._before = np.where(self._near, estimates.variance, np.inf), estimates.mean
        worth = _WORTH * estimates.variance
        brought = self._brought(codes, estimates.mean, self._aim(), self._near, worth=worth)
        self._square = brought.square
        after = np.where(far, self._rounded(line, far), brought.codes)
        self._flag(g)
        estimates.move(brought.effect, self.doubt**2 * brought.square)
        estimates.forget(far)
        self._last = np.where((after != codes).any(axis=0), np.nan, x)
        return after

    def _rounded(self, line: FloatArray, far: BoolArray) -> CodeArray:
        """Codes nearest to a line's conductances; what rounding does to its outputs is taken back by taps."""
        codes = self._law.codes(line.ravel()).reshape(self._shape)
        g = self._law.conductances(codes.ravel()).reshape(self._shape)
        off = ((g - line) * (self._p - self._y)).sum(axis=0) / g.sum(axis=0)
        return self._brought(codes, self._y + off, self._y, far, worth=np.zeros(len(off))).codes

    def _brought(
        self, codes: CodeArray, x: FloatArray, aim: FloatArray, which: BoolArray, *, worth: FloatArray
    ) -> Brought:
        return bring(
            self._law,
            codes,
            self._p,
            x,
            aim,
            doubt=self.doubt * self._failed,
            worth=worth,
            which=which,
            may_move=self._free,
        )

    def _aim(self) -> FloatArray:
        """Where each near output shall go: to its target, or to an edge of the converter to be placed."""
        lsb, estimates = self._lsb, self._estimates
        if lsb == 0 or self.noise > lsb / 4:
            return self._y
        self._placed = np.asarray(self._near & (self._placed | (estimates.variance <= (RESOLVED * lsb) ** 2)))
        edge = (np.floor(self._y / lsb) + 0.5) * lsb
        return np.where(self._placed, self._y, edge)

    def _flag(self, g: FloatArray) -> None:
        """Near outputs all of whose branches pull toward the target, and which are not there."""
        mean = self._estimates.mean
        short = np.abs(mean - self._y) > _SURE * np.sqrt(self._estimates.variance)
        law, shape = self._law, self._shape
        most, least = (
            law.conductances(law.lowest).reshape(shape),
            law.conductances(law.highest).reshape(shape),
        )
        best = np.where((self._p > mean) == (self._y > mean), most, least)
        ends = ((g == best) | ~self._free).all(axis=0)
        self._unreachable = np.asarray(self._near & ends & short)
