"""The error at which a crossbar of digital potentiometers comes to rest, told before it is trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray, Volts
from labrig.circuit.topology import Topology
from labrig.devices.laws import TapLaw
from labrig.learning.bounds import Bounds
from labrig.learning.contrastive import Contrastive
from labrig.learning.rule import LearningRule
from labrig.learning.steps import FixedStep, StepPolicy
from labrig.learning.tap_search import RESOLVED, TapSearch
from labrig.learning.tasks import Sample

_WIDEST = 1e4
"""Times the latents over the voltages: where a line has long come to its end."""
_HALVINGS = 80


@dataclass(frozen=True, slots=True)
class Floor:
    """Predicted error at the end of a training."""

    outputs: FloatArray
    """RMS error of each output that has a target, in the order of the topology, shape (T,), V."""

    @property
    def error(self) -> Volts:
        """‖x − y‖ over the outputs."""
        return float(np.sqrt(self.outputs @ self.outputs))

    @property
    def rms(self) -> Volts:
        """RMS over the outputs."""
        return float(np.sqrt(np.mean(self.outputs**2)))


@dataclass(frozen=True, slots=True)
class NoFloor:
    """No floor is predicted."""

    reason: str


FloorPrediction: TypeAlias = Floor | NoFloor


def predicted_floor(
    topology: Topology,
    samples: Sequence[Sample],
    rule: LearningRule,
    policy: StepPolicy,
    law: TapLaw,
    *,
    bounds: Bounds,
    initial: BranchArray,
    steps: int,
    lsb: Volts,
) -> FloorPrediction:
    """RMS error that contrastive learning with latent conductances ends at on a crossbar of potentiometers.

    The latents at the end come from the noise-free crossbar (rows forced, nothing rounded), run from the
    same start with the same rate. There one tap of branch i moves its output by Δ_i = δg_i |p_i − x| / s.
    An error drives the latents until a branch changes its tap and turns the sign of the error, and then
    back: the two errors, e₊ + e₋ = Δ_i, are held for times in inverse proportion to their size, so that
    the mean square is e₊e₋, on average Δ_i²/6. Branch i is that branch with a likelihood in proportion to
    its share of the loop's gain, (p_i − x)²; over evenly spread inputs and equal taps this gives an RMS
    of √(2/5) times the mean of the Δ_i. The gain a = 2 rate Σ(p_i − x)²/s, over branches off their
    bounds, adds overshoot:

        error = hypot( 2/(2 − a) √(2/5) mean_i Δ_i, LSB/√12, error of the noise-free crossbar ).

    The root of the sum of independent rounding errors, √(Σ Δ_i²/12), would be far too large (five times
    on 40 rows): training feeds the sum back. Where taps are unequal, the mean of Δ_i is a model: small
    taps let the error decay between the rare changes of large ones. Compared with 40 simulated trainings
    (40×30, 257 taps of 100 kΩ ± 20 %, 16 bit, 20 µS, 3e−6 S/V², 3000 steps, RMS over the last 500) the
    ratio of reached to predicted was 0.66 to 1.6 in nine of ten, 0.59 and 2.8 at worst. It is above 2 where
    outputs near the ends of what can be reached have had too few updates to settle: 3 at 1e−6 S/V².

    Parameters
    ----------
    law
        Nominal or calibrated; what it does not know is fed back away.
    bounds, initial, steps
        Of the training.
    lsb
        Step of the converter that reads the outputs, V; 0 where readings are exact.

    Returns
    -------
    FloorPrediction
        `NoFloor` with its reason where the network is no crossbar, the task not one sample, the rule or the
        step another one (for ``auto`` see `_search_floor`); where the noise-free crossbar does not settle
        within the steps; and where, at the floor, one update moves a branch by more than one tap.
    """
    shape = topology.crossbar_shape
    if shape is None or len(samples) != 1:
        return NoFloor("a floor is predicted for one sample on a crossbar only")
    if not isinstance(policy, TapSearch) and not (
        isinstance(rule, Contrastive) and isinstance(policy, FixedStep)
    ):
        return NoFloor("a floor is predicted for auto, or contrastive learning with a fixed step only")
    taught = np.array([node in samples[0].targets for node in topology.outputs])
    y = np.array([samples[0].targets[node] for node in topology.outputs if node in samples[0].targets])
    p = np.array([samples[0].inputs[node] for node in topology.inputs])[:, None]
    box = Bounds(bounds.floor.reshape(shape)[:, taught], bounds.ceiling.reshape(shape)[:, taught])
    end = bounds.project(initial).reshape(shape)
    if isinstance(policy, TapSearch):
        end[:, taught] = _on_the_line(end[:, taught], p - y, box)
        tap = _taps(law, end.ravel()).reshape(shape)[:, taught]
        return _search_floor(end[:, taught], tap, p - y, lsb)
    end[:, taught] = _noise_free(end[:, taught], p, y, box, rate=policy.rate, steps=steps)
    tap = _taps(law, end.ravel()).reshape(shape)[:, taught]
    g = end[:, taught]
    return _floor(g, tap, (g > box.floor) & (g < box.ceiling), p - y, rate=policy.rate, lsb=lsb)


def _search_floor(g: FloatArray, tap: FloatArray, d: FloatArray, lsb: Volts) -> FloorPrediction:
    """Of a search by taps, from latents near the target; (rows, columns), d is inputs minus targets.

    N branches have 2N single taps and about 2N² pairs of them, whose effects lie within two of the largest
    one on either side: on average 2Δ/N² apart. And an output is placed on the grid of its converter to a
    fifth of a step.
    """
    s = g.sum(axis=0)
    residual = (g * d).sum(axis=0) / s
    rows = len(g)
    if np.any(np.abs(residual) > (tap * np.abs(d)).max(axis=0) / s):
        return NoFloor("the law of the part has some output out of reach")
    apart = 2 * (tap * np.abs(d)).max(axis=0) / s / rows**2
    return Floor(np.hypot(apart, RESOLVED * lsb))


def _on_the_line(g: FloatArray, d: FloatArray, box: Bounds) -> FloatArray:
    """Latents, (rows, columns), where the lines g − λd come to the targets, or at their ends."""
    width = 4 * float(g.max() + box.floor.max()) / np.abs(d).max(axis=0)
    width = np.where(np.isfinite(width), width, 0.0)
    low, high = -width * _WIDEST, width * _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        over = (box.project(g - middle * d) * d).sum(axis=0) > 0
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return box.project(g - high * d)


def _floor(
    g: FloatArray, tap: FloatArray, moves: BoolArray, d: FloatArray, *, rate: float, lsb: Volts
) -> FloorPrediction:
    """Predict from the final latents g; arrays are (rows, columns), d is inputs minus targets."""
    s = g.sum(axis=0)
    gain = 2 * rate * np.where(moves, d**2, 0.0).sum(axis=0) / s
    if np.any(gain >= 2):
        return NoFloor(
            "the rate is too large: near the target an update would more than turn the error round"
        )
    cycle = 2 / (2 - gain) * np.sqrt(0.4) * np.mean(tap * np.abs(d) / s, axis=0)
    rounding = np.hypot(cycle, lsb / np.sqrt(12))
    residual = (g * d).sum(axis=0) / s
    if residual @ residual > rounding @ rounding:
        return NoFloor(
            f"even without rounding an output would be {np.max(np.abs(residual)):.3g} V off at the end; "
            "take more steps or a larger rate, or see whether the target can be reached"
        )
    moved = float(np.max(np.where(moves, 2 * rate * np.abs(d) * rounding / tap, 0.0)))
    if moved > 1:
        return NoFloor(f"near the target one update would move a branch by {moved:.2g} taps; lower the rate")
    return Floor(np.hypot(rounding, residual))


def _noise_free(
    g: FloatArray, p: FloatArray, y: FloatArray, box: Bounds, *, rate: float, steps: int
) -> FloatArray:
    """Latents, (rows, columns), after contrastive learning on an ideal crossbar without rounding."""
    negligible = 1e-9 * np.ptp(p)
    for _ in range(steps):
        e = (p * g).sum(axis=0) / g.sum(axis=0) - y
        if np.abs(e).max() < negligible:
            break
        g = box.project(g - rate * e * (2 * (p - y) - e))
    return g


def _taps(law: TapLaw, conductances: BranchArray) -> BranchArray:
    """Change of conductance by one tap, shape (B,), S: mean of up and down where both are legal."""
    codes = law.codes(conductances)
    ends = np.sort([law.codes(np.full(codes.shape, extreme)) for extreme in (1e-30, np.inf)], axis=0)
    below, above = np.maximum(codes - 1, ends[0]), np.minimum(codes + 1, ends[1])
    span = np.abs(law.conductances(above) - law.conductances(below))
    return np.asarray(span / np.maximum(above - below, 1))
