"""Read states whose result is known beforehand: what the readings show all the same is bias, and noise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from labrig.arrays import BoolArray, FloatArray, Volts
from labrig.bench.bench import Bench
from labrig.boards.base import Converter
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import Origin
from labrig.errors import DeviceError
from labrig.learning.evidence import trusted
from labrig.procedures.board_check.levels import Drive

LEAST_REPEATS = 3
"""Fewer say nothing about scatter."""
_CHANCE = 0.01
"""That a board without bias is said to have one, over all its nodes."""
_ARITHMETIC: Volts = 1e-9
"""Below what any converter shows, above what a simulated circuit is solved to."""


@dataclass(frozen=True, slots=True)
class Bias:
    """A difference that should be zero, at each of N nodes."""

    volts: FloatArray
    """Mean over the repeats, shape (N,), V; NaN where a node was never read."""
    uncertainty: FloatArray
    """Its standard uncertainty, shape (N,), V."""
    found: BoolArray
    """Whether it is not by chance, shape (N,)."""


@dataclass(frozen=True, slots=True)
class Null:
    """What a board shows where nothing should be seen. N nodes."""

    nodes: tuple[str, ...]
    repeats: int
    level: Volts
    """To which all inputs were driven at once."""
    offset: Bias
    """Reading minus level, where all inputs have the same."""
    apart: Bias
    """Second minus first reading of the same free state."""
    noise: Volts
    """Standard deviation of one reading as the rig averages it, over all nodes, V."""


def null(bench: Bench, repeats: int, progress: Callable[[str, int, int], None]) -> Null:
    """Free against free, and all inputs at one potential; no branch is written.

    Each repeat is one exchange of three states. Two are one free state, inputs spread over the range of the
    board, in the places of the free and the clamped state of a sample: a learning rule compares the readings
    of the two, and takes what differs here for a target that is not met. In the third all inputs have the
    same potential c, so that every node must read c whatever the conductances are: what differs is the offset
    of its converter (and of the drivers, where they are all off alike). An offset b of an output ends up as
    an error of -b, a difference d between first and second readings as one of about d.

    Parameters
    ----------
    repeats
        How often, at least 3.
    progress
        Told what is done, how much of it, and how much there is.

    Raises
    ------
    LimitExceeded
        The codes on the board do not allow the voltages; before a byte leaves.
    LinkError, ProtocolError, DeviceError
        Of the board, or no node was read often enough.
    """
    drive, inputs = Drive.of(bench), list(bench.topology.inputs)
    spread = np.linspace(drive.low, drive.high, len(inputs)).tolist()
    level = drive.middle
    equal = Boundary(dict.fromkeys(inputs, level))
    free = Boundary(dict(zip(inputs, spread, strict=True)))
    readings: FloatArray = np.full((repeats, 3, len(bench.topology.nodes)), np.nan)
    for k in range(repeats):
        progress("bias", k, repeats)
        states = bench.settle([free, free, equal])
        readings[k] = states.node_voltages
        read = trusted(states) & (states.voltage_origin == Origin.MEASURED)
        readings[k, ~read] = np.nan
    adc = bench.info.adc
    apart = readings[:, 1] - readings[:, 0]
    enough = np.isfinite(apart).sum(axis=0) >= LEAST_REPEATS
    if not enough.any():
        msg = (
            f"board {bench.info.serial_number} gave fewer than {LEAST_REPEATS} readings to use of every node:"
            " see labrig board check"
        )
        raise DeviceError(msg)
    return Null(
        nodes=bench.topology.nodes,
        repeats=repeats,
        level=level,
        offset=_bias(readings[:, 2] - level, _half_step(adc) + _half_step(bench.info.dac)),
        apart=_bias(apart, 2 * _half_step(adc)),
        noise=float(np.sqrt(np.mean(np.nanvar(apart[:, enough], axis=0, ddof=1), dtype=np.float64) / 2)),
    )


def null_result(found: Null) -> dict[str, Any]:
    """The same in plain numbers, in SI units; null is what was not measured."""
    return {
        "repeats": found.repeats,
        "level": found.level,
        "noise": found.noise,
        "nodes": [
            {"node": node, "offset": _told(found.offset, k), "apart": _told(found.apart, k)}
            for k, node in enumerate(found.nodes)
        ],
    }


def _told(bias: Bias, k: int) -> dict[str, Any]:
    if np.isnan(bias.volts[k]):
        return {"volts": None, "uncertainty": None, "found": False}
    return {
        "volts": float(bias.volts[k]),
        "uncertainty": float(bias.uncertainty[k]),
        "found": bool(bias.found[k]),
    }


def _half_step(converter: Converter | None) -> Volts:
    return 0.0 if converter is None else converter.lsb / 2


def _bias(differences: FloatArray, rounding: Volts) -> Bias:
    """Mean and Student's t over the repeats, (R, N).

    Parameters
    ----------
    rounding
        By which the steps of converters may put a difference off, V. It averages out where noise reaches over
        the steps; where it does not, each repeat may be rounded alike.
    """
    from scipy.stats import t

    count = np.isfinite(differences).sum(axis=0)
    enough = count >= LEAST_REPEATS
    mean, deviation = np.full((2, differences.shape[1]), np.nan)
    mean[enough] = np.nanmean(differences[:, enough], axis=0)
    deviation[enough] = np.nanstd(differences[:, enough], axis=0, ddof=1)
    left = np.where(deviation < rounding, rounding, 0.0) + _ARITHMETIC
    scatter = deviation / np.sqrt(np.maximum(count, 1))
    chance = _CHANCE / 4 / max(int(enough.sum()), 1)
    far = np.asarray(t.ppf(1 - chance, np.maximum(count - 1, 1)), dtype=np.float64)
    found = np.abs(mean) > far * scatter + left
    return Bias(mean, np.hypot(scatter, left / np.sqrt(3)), found)
