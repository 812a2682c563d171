"""Which taps bring the outputs of a crossbar nearest to where they shall be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, CodeArray, FloatArray, Volts
from labrig.devices.laws import TapLaw

_ROUNDS = 3
_MOST = 128
"""Single taps among which pairs are looked for."""


@dataclass(frozen=True, slots=True)
class Moves:
    """The single taps of one output that are allowed, K of them."""

    rows: CodeArray
    """Which branch, (K,)."""
    steps: CodeArray
    """+1 or −1 in code, (K,)."""
    effects: FloatArray
    """What they are predicted to change at the output, (K,), V."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What taps are predicted to do to the outputs of a crossbar."""

    codes: CodeArray
    """Afterwards, (rows, columns)."""
    effect: FloatArray
    """Sum of the predicted effects, (columns,), V."""
    square: FloatArray
    """Sum of their squares, (columns,), V²."""


def bring(
    law: TapLaw,
    codes: CodeArray,
    p: FloatArray,
    x: FloatArray,
    aim: FloatArray,
    *,
    doubt: FloatArray,
    worth: FloatArray,
    which: BoolArray,
    may_move: BoolArray,
) -> Brought:
    """Take the taps that are expected to bring outputs nearest to their aims, two at a time.

    Parameters
    ----------
    law
        Of all branches.
    codes
        At which they are, (rows, columns).
    p, x, aim
        Input voltages, (rows, 1), output voltages and where they shall be, (columns,), V.
    doubt
        Relative standard deviation of a predicted effect, (columns,).
    worth
        Gain in expected square below which an output is not moved, (columns,), V².
    which
        Outputs to bring, (columns,).
    may_move
        Branches whose codes may be changed, (rows, columns).
    """
    codes = codes.copy()
    effect, square = np.zeros(len(x)), np.zeros(len(x))
    columns = np.flatnonzero(which).tolist()
    for _ in range(_ROUNDS):
        moves = single_moves(law, codes, p, x + effect, may_move)
        moved: list[int] = []
        for column in columns:
            off = x[column] + effect[column] - aim[column]
            some = moves[column]
            for k in choose(some.effects, some.rows, off, float(doubt[column]), worth=float(worth[column])):
                codes[some.rows[k], column] += some.steps[k]
                effect[column] += some.effects[k]
                square[column] += some.effects[k] ** 2
                moved.append(column)
        columns = sorted(set(moved))
    return Brought(codes, effect, square)


def single_moves(
    law: TapLaw, codes: CodeArray, p: FloatArray, x: FloatArray, may_move: BoolArray
) -> list[Moves]:
    """The taps of each output of a crossbar; arguments as of `bring`."""
    shape = codes.shape
    g = law.conductances(codes.ravel()).reshape(shape)
    total = g.sum(axis=0)
    low, high = law.lowest.reshape(shape), law.highest.reshape(shape)
    effects, allowed = list[FloatArray](), list[BoolArray]()
    for step in (-1, 1):
        moved = law.conductances(np.clip(codes + step, low, high).ravel()).reshape(shape)
        effects.append((moved - g) * (p - x) / (total + moved - g))
        allowed.append(np.asarray(may_move & (codes + step >= low) & (codes + step <= high)))
    found: list[Moves] = []
    for column in range(shape[1]):
        rows = [np.flatnonzero(mask[:, column]) for mask in allowed]
        steps = [np.full(len(which), step) for which, step in zip(rows, (-1, 1), strict=True)]
        effect = [values[which, column] for values, which in zip(effects, rows, strict=True)]
        found.append(Moves(np.concatenate(rows), np.concatenate(steps), np.concatenate(effect)))
    return found


def choose(
    effects: FloatArray, rows: CodeArray, away: Volts, doubt: float, *, worth: float = 0.0
) -> Sequence[int]:
    """None, one or two taps that leave the least expected square, (away + ΣΔ)² + doubt² ΣΔ².

    Parameters
    ----------
    effects, rows
        Of the single taps, (K,), V, and of which branches they are; a pair is of two branches.
    away
        Where the output is, minus where it shall be, V.
    doubt
        Relative standard deviation of an effect.
    worth
        Gain below which nothing is moved, V².
    """
    if len(effects) > _MOST:
        fitting = np.argsort(np.abs(np.abs(effects) - abs(away)))[: _MOST // 2]
        kept = np.union1d(fitting, np.argsort(np.abs(effects))[: _MOST // 2])
        return [int(kept[k]) for k in choose(effects[kept], rows[kept], away, doubt, worth=worth)]
    if not len(effects):
        return ()
    single = (away + effects) ** 2 + (doubt * effects) ** 2
    double = (away + effects[:, None] + effects) ** 2 + doubt**2 * (effects[:, None] ** 2 + effects**2)
    double[rows[:, None] == rows] = np.inf
    one = int(np.argmin(single))
    two = divmod(int(np.argmin(double)), len(effects))
    if min(single[one], double[two]) >= away**2 - worth:
        return ()
    return (one,) if single[one] <= double[two] else two
