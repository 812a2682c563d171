"""How long a training still takes, from how it went so far."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from labrig.arrays import Seconds, Volts

_REMEMBERED = 60
"""Looks back that the slope of the error is taken from."""


@dataclass(slots=True)
class TimeLeft:
    """The nearest of the ends that are known: steps, wall time, or the error reaching its goal."""

    steps: int | None = None
    """Updates at most."""
    wall: Seconds | None = None
    error: Volts | None = None
    _looks: deque[tuple[Seconds, int, Volts]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def look(self, elapsed: Seconds, step: int, error: Volts) -> None:
        """Remember where the training is `elapsed` seconds after its start."""
        self._looks.append((elapsed, step, error))

    def seconds(self) -> Seconds | None:
        """Seconds to the nearest end, or None while nothing can be said."""
        if not self._looks:
            return None
        now = self._looks[-1][0]
        ends = [self._by_steps(), self._by_error(), None if self.wall is None else self.wall - now]
        known = [end for end in ends if end is not None]
        return max(0.0, min(known)) if known else None

    def _by_steps(self) -> Seconds | None:
        (t0, s0, _), (t1, s1, _) = self._looks[0], self._looks[-1]
        if self.steps is None or s1 <= s0:
            return None
        return (self.steps - s1) * (t1 - t0) / (s1 - s0)

    def _by_error(self) -> Seconds | None:
        usable = [(t, math.log(e)) for t, _, e in self._looks if math.isfinite(e) and e > 0]
        if self.error is None or self.error <= 0 or len(usable) < 3:
            return None
        slope = _slope(usable)
        at, error = usable[-1]
        gap = error - math.log(self.error)
        if gap <= 0:
            return 0.0
        return at + gap / -slope - self._looks[-1][0] if slope < 0 else None


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Least squares."""
    t, y = np.asarray(points).T
    centred = t - t.mean()
    spread = float(centred @ centred)
    return float(centred @ y) / spread if spread > 0 else 0.0
