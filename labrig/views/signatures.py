"""What a training's own record says has gone wrong with it, and what helps."""

from collections.abc import Iterator

import numpy as np

from labrig.arrays import FloatArray, Volts
from labrig.units import format_quantity
from labrig.views.record import TrainingRecord

_LATEST = 40
"""Steps by which the end of a training is judged."""
_COLLAPSED = 0.9
"""Share of the branches at the floor."""
_TO_AND_FRO = 0.8
"""Share of the latest steps after which the error turns round."""
_WIDE = 0.05
"""Of the error's mean, by which it must swing."""
_GROWN = 10.0
_STANDS = 0.99
"""Of what the error was: it counts as falling only below this."""
_MIRRORED = 0.02
"""Of an output's error, by which it may miss the mirror image."""
_PUSHED = 0.1
"""Of Σ g², by which it must grow: branches off by ±20 % make 3 % of it on the worst of 100 boards."""
_TOLD = 3
"""Departures by drift that are told."""
_NEAR_FLOOR = 3.0
"""Times the predicted floor within which a training is where it was expected."""


def signatures(record: TrainingRecord, wanted: Volts | None) -> list[str]:
    """Failures that are seen in a record, a sentence each.

    Parameters
    ----------
    wanted
        The error at which the training was to end; None: there is none.
    """
    return [
        *_collapse(record),
        *_of_the_error(record, wanted),
        *_dead(record),
        *_pushed(record),
        *_stuck(record),
        *_drifted(record),
        *_warmth(record),
    ]


def _drifted(record: TrainingRecord) -> Iterator[str]:
    yield from (f"drift: before step {step} {text}" for step, text in record.drifts[:_TOLD])
    if (left := len(record.drifts) - _TOLD) > 0:
        yield f"drift: {left} more departures, in the run's column drift"


def _warmth(record: TrainingRecord) -> Iterator[str]:
    """A calibration that did not hold, where no look for drift has said so."""
    made_at, within = (record.attributes.get(f"calibration_{unit}") for unit in ("celsius", "kelvin"))
    accepted: list[str] = record.attributes.get("accepted") or []
    if made_at is None or within is None or "temperature" in accepted or record.looks.size:
        return
    away = np.abs(np.nan_to_num(record.celsius - made_at))
    if away.size and away.max() > within:
        step = int(np.argmax(away))
        yield (
            f"warmth: the board was at {record.celsius[step]:.1f} °C at step {step}, but its calibration"
            f" holds at {made_at:.1f} ± {within:g} °C; calibrate again, or let the experiment watch drift"
        )


def _collapse(record: TrainingRecord) -> Iterator[str]:
    g, floor = record.conductances, record.floor
    if g is None or floor is None or not g.size:
        return
    share = float(np.mean(g <= floor * (1 + 1e-9)))
    if share >= _COLLAPSED:
        yield (
            f"collapse: {share:.0%} of the branches are at their floor; a target may be out of reach (labrig"
            " preflight), the rate too large, or an offset of the readings push them down"
        )


def _of_the_error(record: TrainingRecord, wanted: Volts | None) -> Iterator[str]:
    error = record.error[np.isfinite(record.error)]
    if len(error) < _LATEST:
        return
    latest = error[-_LATEST:]
    first, least, last = float(error[0]), float(error.min()), float(np.median(latest))
    if wanted is not None and error[-1] <= wanted:
        return
    if last > _GROWN * least and last > first:
        now, then = format_quantity(last, "V"), format_quantity(first, "V")
        yield f"divergence: the error is {now}, and was {then} at first; lower the rate, or use step auto"
    elif _expected(record, last):
        return
    elif _turns(latest) >= _TO_AND_FRO and np.ptp(latest) > _WIDE * last:
        low, high = (format_quantity(float(edge), "V") for edge in (latest.min(), latest.max()))
        yield f"oscillation: the error goes from {low} to {high} and back; lower the rate, or use auto"
    elif _stands(error):
        at = format_quantity(last, "V")
        yield (
            f"stall: the error stands at {at}{_mirrored(record)}; labrig preflight says whether the targets"
            " can be reached; for the nearest to those that cannot, lower the nudge (coupled) or use auto"
        )


def _mirrored(record: TrainingRecord) -> str:
    """Outputs where contrastive learning rests if a target is out of reach: x + y = 2 p of some input.

    There the branch from that input, the one between its bounds, meets as much voltage free as clamped.
    """
    if record.outputs is None or record.targets is None or record.inputs is None or len(record.targets) != 1:
        return ""
    x, y, p = record.outputs[0], record.targets[0], record.inputs[0]
    off = np.abs(x[:, None] + y[:, None] - 2 * p)
    near = np.nan_to_num(off, nan=np.inf) <= _MIRRORED * np.abs(x - y)[:, None]
    found = np.argwhere(near)
    if not len(found):
        return ""
    column, row = found[0].tolist()
    output, source = record.labels["output"][column], record.labels["input"][row]
    more = len(np.unique(found[:, 0])) - 1
    others = f" and {more} more" if more else ""
    return f", {output}{others} at the mirror image of its target about {source}, as one out of reach is"


def _turns(error: FloatArray) -> float:
    """Share of the steps after which a curve turns round."""
    steps = np.sign(np.diff(error))
    return float(np.mean(steps[1:] * steps[:-1] < 0))


def _stands(error: FloatArray) -> bool:
    half = error[len(error) // 2 :]
    count = max(1, len(half) // 4)
    return bool(np.median(half[-count:]) > _STANDS * np.median(half[:count]))


def _expected(record: TrainingRecord, error: Volts) -> bool:
    floor = record.predicted_floor
    return floor is not None and error <= _NEAR_FLOOR * floor


def _dead(record: TrainingRecord) -> Iterator[str]:
    """Outputs outside the voltages of all inputs, which no resistors between them can give."""
    if record.outputs is None or record.inputs is None:
        return
    low, high = np.nanmin(record.inputs, axis=1), np.nanmax(record.inputs, axis=1)
    slack = 0.01 * float(np.max(high - low))
    with np.errstate(invalid="ignore"):
        outside = (record.outputs < low[:, None] - slack) | (record.outputs > high[:, None] + slack)
    for column in np.flatnonzero(outside.any(axis=0)).tolist():
        name = record.labels["output"][column]
        volts = format_quantity(float(record.outputs[outside[:, column], column][0]), "V")
        yield (
            f"dead output: {name} reads {volts}, outside what the inputs drive; its line may be open or its"
            " converter at a rail: labrig board check"
        )


def _pushed(record: TrainingRecord) -> Iterator[str]:
    """Conductances that grow although no rule lets them.

    An update along a rule's contrast changes Σ g² by Σ Δg² and by 2 Σ g Δg = −2 rate (P_clamped − P_free), a
    difference of two powers. The free state has the least power of all with the same inputs: for equilibrium
    propagation and coupled learning as the nudge goes to 0 the second term vanishes (McGinnis, Kline, Mori,
    arXiv:2606.15444), else it is negative. A bias between the readings of both states knows nothing of that.
    That is so of what branches conduct, and nearly so of what they are asked for. Told only where each update
    was a rate times the contrast, of all branches, and none was held at a bound.
    """
    squares = record.squares
    if not record.attributes.get("plain_steps") or len(squares) < _LATEST:
        return
    if record.held.any() or squares[0] <= 0:
        return
    grown = squares[-1] - squares[0] - record.moved[:-1].sum()
    if grown > _PUSHED * squares[0]:
        yield (
            f"pushed: the squares of the conductances have grown by {grown / squares[0]:.0%}, which no rule"
            " makes them: clamped states may be read otherwise than free ones; labrig null tells"
        )


def _stuck(record: TrainingRecord) -> Iterator[str]:
    if not record.silent:
        return
    shown = ", ".join(record.silent[:8])
    more = f" and {len(record.silent) - 8} more" if len(record.silent) > 8 else ""
    yield (
        f"stuck branch: {shown}{more} did not answer when moved: labrig board check says what is wrong with"
        " them; a rig's mask leaves them out"
    )
