"""The fewest measurements on a crossbar: trust the latents for the direction, the board for the size."""

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray
from labrig.learning.bounds import Bounds
from labrig.learning.evidence import Evidence, States, trusted
from labrig.learning.steps import PolicyState, remembered, remind
from labrig.learning.tasks import Sample

_DOUBLINGS = 120
_HALVINGS = 110
_ROUNDING = 1e-12
"""Share by which the sum of a column may be off."""
_REMEMBERED = (
    "_m",
    "_r",
    "_before",
    "_slope",
    "_above",
    "_below",
    "_r_above",
    "_r_below",
    "_fell",
    "_unreachable",
)


class LineSearch:
    """Each output of a crossbar is brought to its target along a line of conductances, by free states alone.

    Of an output with the target y, the branches are moved along g(λ) = clip(g⁰ − λ d), d = p − y, from where
    they started. On it, m = Σ g d by the latents only grows as λ falls, and r = Σ g · (x − y) is what the
    board has in its place: r = m where latents are what branches conduct. The first step goes to m − r, the
    next ones to m − r/k with k = Δr/Δm of the last two readings. Readings on both sides of the target bracket
    it; where a step would leave the bracket, or |r| did not halve in two steps, the next one goes to where
    the chord of the bracket is zero and, if that happens twice in a row, to the middle of it.
    Where the line has ended and x is still on the wrong side, every branch goes to the end of its bounds that
    pulls x toward y as measured, until none changes: the best that the board can reach.

    *Proved* for one sample on a crossbar with exact readings and continuous branches, each of which conducts
    any positive nondecreasing function of its latent, unknown to the host (tolerance, wiper resistance, a
    stuck branch): the sign of x − y changes once along the line; once there are readings on both sides, r or
    the bracket halves in any four steps; the line ends on the wrong side only if no conductances in the box
    reach y, and the moves that follow never go back and come to the best in at most N_I + 1 (they are
    Dinkelbach's for the ratio Σ g p / Σ g). *Not proved*: how soon the other side is met; anything where
    readings are noisy or codes round, since signs are then wrong near the target.

    Parameters
    ----------
    sample
        The only one.
    inputs, outputs
        Nodes of the rows and of the columns.
    mask
        True for branches that stay as they are, shape (B,).
    """

    def __init__(
        self, sample: Sample, inputs: tuple[int, ...], outputs: tuple[int, ...], mask: BoolArray
    ) -> None:
        self._shape = (len(inputs), columns := len(outputs))
        self._outputs = list(outputs)
        self._mask = mask.reshape(self._shape)
        self._taught = np.array([node in sample.targets for node in outputs])
        self._p = np.array([sample.inputs[node] for node in inputs])[:, None]
        self._y = np.array([sample.targets.get(node, np.nan) for node in outputs])
        self._d = np.where(self._taught, self._p - self._y, 0.0)
        self._anchor: FloatArray | None = None
        unknown = np.full(columns, np.nan)
        self._m, self._r = unknown.copy(), unknown.copy()
        self._slope = np.ones(columns)
        self._before = unknown.copy()
        self._r_above, self._r_below = unknown.copy(), unknown.copy()
        self._fell: BoolArray = np.zeros(columns, dtype=np.bool_)
        self._above, self._below = unknown.copy(), unknown.copy()
        """m of the nearest readings with x above and below the target; then their r."""
        self._unreachable: BoolArray = np.zeros(columns, dtype=np.bool_)

    @property
    def unreachable(self) -> BoolArray:
        """Columns of which the board has shown that it cannot bring them to their target, shape (O,)."""
        return self._unreachable.copy()

    def wants(self) -> States:
        """Free states alone."""
        return States.FREE

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Latents that bring every output to its target as far as is known."""
        del contrast
        return self.move(readings(evidence, self._outputs), latent, bounds)

    def move(self, x: FloatArray, latent: BranchArray, bounds: Bounds) -> BranchArray:
        """The same from readings x, (O,) V; where one is NaN, nothing moves."""
        g = latent.reshape(self._shape)
        low = np.where(self._mask, g, bounds.floor.reshape(self._shape))
        high = np.where(self._mask, g, bounds.ceiling.reshape(self._shape))
        if self._anchor is None:
            self._anchor = g.copy()
        known: BoolArray = np.asarray(self._taught & np.isfinite(x))
        m: FloatArray = (g * self._d).sum(axis=0)
        r: FloatArray = g.sum(axis=0) * (x - self._y)
        on_line: BoolArray = known & ~self._unreachable
        self._bracket(m, r, on_line)
        aim = self._aim(m, r, known)
        top, bottom = self._end(high, low), self._end(low, high)
        slack = _ROUNDING * (g * np.abs(self._d)).sum(axis=0)
        at_end = ((r < 0) & (m >= top - slack)) | ((r > 0) & (m <= bottom + slack))
        self._unreachable = np.asarray(self._unreachable | (on_line & at_end))
        self._before = self._r.copy()
        self._m, self._r = np.where(known, m, self._m), np.where(known, r, self._r)
        moved = self._at(aim, low, high)
        extreme = np.where((self._p > x) == (self._y > x), high, low)
        proposed = np.where(self._unreachable & np.isfinite(extreme), extreme, moved)
        return np.where(known & (r != 0), proposed, g).ravel()

    def state(self) -> PolicyState:
        """What `restore` goes on with."""
        if self._anchor is None:
            return {}
        return {"anchor": self._anchor.ravel().tolist()} | dict(remembered(self, _REMEMBERED))

    def restore(self, state: PolicyState) -> None:
        """Go on where `state` was taken."""
        if not state:
            return
        self._anchor = np.array(state["anchor"]).reshape(self._shape)
        remind(self, _REMEMBERED, state)

    def _bracket(self, m: FloatArray, r: FloatArray, on_line: BoolArray) -> None:
        """Note the nearest readings on either side of the target."""
        higher = on_line & (r > 0) & ~(m >= self._above)
        lower = on_line & (r < 0) & ~(m <= self._below)
        self._above, self._r_above = np.where(higher, m, self._above), np.where(higher, r, self._r_above)
        self._below, self._r_below = np.where(lower, m, self._below), np.where(lower, r, self._r_below)

    def _aim(self, m: FloatArray, r: FloatArray, known: BoolArray) -> FloatArray:
        """The m to go to next, shape (O,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (r - self._r) / (m - self._m)
        self._slope = np.where(known & (slope > 0) & np.isfinite(slope), slope, self._slope)
        aim = m - r / self._slope
        inside = ~(aim >= self._above) & ~(aim <= self._below)
        halved = ~(np.abs(r) > 0.5 * np.abs(self._before))
        middle = (self._above + self._below) / 2
        width = self._above - self._below
        chord = self._below + width * self._r_below / (self._r_below - self._r_above)
        fallback = np.isfinite(middle) & ~(inside & halved)
        aim = np.where(fallback, np.where(self._fell, middle, chord), aim)
        self._fell = fallback & ~self._fell
        return aim

    def _end(self, above: FloatArray, below: FloatArray) -> FloatArray:
        """What m comes to with the branches from rows above the target at one bound, others at another."""
        end = np.where(self._d > 0, above, below)
        total: FloatArray = (np.where(self._d == 0, 0.0, end) * self._d).sum(axis=0)
        return total

    def _at(self, aim: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
        """Point of the line whose m is nearest to `aim`, shape (N_I, N_O), S."""
        anchor = self._anchor
        if anchor is None:
            raise AssertionError

        def point(way: FloatArray) -> FloatArray:
            return np.asarray(np.minimum(np.maximum(anchor - way * self._d, low), high))

        def total(way: FloatArray) -> FloatArray:
            return np.asarray((point(way) * self._d).sum(axis=0))

        square = (self._d**2).sum(axis=0)
        scale: FloatArray = np.abs(anchor).sum(axis=0) / np.sqrt(np.where(square > 0, square, 1.0))
        left: FloatArray = -scale
        right: FloatArray = scale
        for _ in range(_DOUBLINGS):
            short, long = total(left) < aim, total(right) > aim
            if not (short.any() or long.any()):
                break
            left, right = np.where(short, 2 * left, left), np.where(long, 2 * right, right)
        for _ in range(_HALVINGS):
            middle = (left + right) / 2
            beyond = total(middle) < aim
            left, right = np.where(beyond, left, middle), np.where(beyond, middle, right)
        return point((left + right) / 2)


def readings(evidence: Evidence, outputs: list[int]) -> FloatArray:
    """Free voltages of the outputs in the only sample, (O,) V; NaN where one cannot be trusted."""
    read = evidence.free.node_voltages[0, outputs]
    return np.where(trusted(evidence.free)[0, outputs], read, np.nan)
