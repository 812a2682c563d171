"""Learning by the board itself: the integers of a LEARN out of siemens and volts, and its frames."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import BranchArray, CodeArray, Seconds, Siemens
from labrig.boards.base import BoardInfo, Learnt
from labrig.boards.checking import nudged_from
from labrig.boards.measuring import sum_bits, without_repeated_inputs
from labrig.boards.pipeline import Command
from labrig.boards.scaling import BoundaryScale
from labrig.circuit.boundary import Boundary
from labrig.devices.laws import RheostatLaw
from labrig.errors import ConfigError, ReadbackMismatch
from labrig.wire.boundaries import Shape, WireBoundary
from labrig.wire.definition import (
    MAX_PAYLOAD,
    LatentReadRequest,
    LatentWriteRequest,
    LearnReply,
    LearnRequest,
    Message,
)
from labrig.wire.framing import Frame
from labrig.wire.learning import (
    MOST_RATE,
    SHIFTS,
    LearnTerms,
    pack_latents,
    unpack_latents,
)
from labrig.wire.messages import encode

_CEILING = 15 * 2**20
"""Latent of the greatest conductance; above it there is room for a batch that has not been projected yet."""
_LEAST_RATE = 8
"""Levels are readings times the rate over 2**8: below it they would be coarse."""
_COARSEST = 2**5
"""How much more than the least a latent may stand for: of 24 bits 19 are left."""
_SHARP = 2
"""The least law, for each tap of the highest code: rounding it moves no code by more than a quarter tap."""
_READING_BITS = 16
_MOST_STEPS = 2**16 - 1
_LATENTS_A_REPLY = MAX_PAYLOAD // 3


@dataclass(frozen=True, slots=True)
class LatentScale:
    """Terms of a LEARN, and what a latent of 1 stands for."""

    terms: LearnTerms
    unit: Siemens

    def latents(self, conductances: BranchArray) -> CodeArray:
        """Nearest latents, within the bounds, (B,) S to (B,)."""
        nearest = np.rint(conductances / self.unit)
        return np.asarray(nearest.clip(self.terms.floor, self.terms.ceiling), dtype=np.int64)

    def conductances(self, latents: CodeArray) -> BranchArray:
        """What they stand for, (B,) to (B,) S."""
        return np.asarray(latents * self.unit, dtype=np.float64)


def latent_scale(law: RheostatLaw, rate: float, samples: int, averages: int, info: BoardInfo) -> LatentScale:
    """Scale latents so that they fill their bits as far as the rate, which is exact, in S/V², allows.

    Parameters
    ----------
    law
        Its legal codes are those that may be written.
    samples
        Of one update: their contrasts are averaged.
    averages
        Conversions a reading.

    Raises
    ------
    ConfigError
        The branches differ, or the rate is too large or too small for the integers of the wire.
    """
    constants = (law.end_to_end, law.wiper, law.lowest, law.highest)
    if info.adc is None or any(np.ptp(values) for values in constants):
        msg = (
            f"learning.where: board {info.serial_number} learns with one tap law and one pair of bounds for"
            " all branches; use host"
        )
        raise ConfigError(msg)
    lowest, highest = int(law.lowest[0]), int(law.highest[0])
    greatest, least = (float(law.conductances(code)[0]) for code in (law.lowest, law.highest))
    per_tap = law.steps / float(law.end_to_end[0])
    # Readings of n conversions are summed and brought to 16 bits: one unit of them in volt.
    volts = info.adc.lsb * 2.0 ** sum_bits(info.adc, averages) / 2**_READING_BITS / averages
    change = rate * volts**2 / samples  # of a branch, for a difference of squared readings of 1
    finest = greatest / _CEILING
    fitting = [(change / finest * 2.0 ** (9 + shift), shift) for shift in SHIFTS]
    wanted, shift = next(((m, s) for m, s in fitting if m >= _LEAST_RATE), (0.0, 0))
    mantissa = min(int(wanted), MOST_RATE)
    unit = change * 2.0 ** (9 + shift) / mantissa if mantissa else math.inf
    scaled, offset = per_tap / (2**9 * unit), 128 * float(law.wiper[0]) * per_tap
    if not 0 < wanted < MOST_RATE * _COARSEST or scaled < _SHARP * (highest + offset / 128):
        msg = (
            f"learning.step.rate: {rate:g} S/V^2 is too {'large' if wanted else 'small'} for the integers"
            f" that board {info.serial_number} learns in; take another rate, or learning.where: host"
        )
        raise ConfigError(msg)
    ceiling = int(greatest / unit)
    return LatentScale(
        LearnTerms(
            rate=mantissa,
            shift=shift,
            law=round(scaled),
            offset=round(offset),
            lowest=lowest,
            highest=highest,
            floor=min(math.ceil(least / unit), ceiling),
            ceiling=ceiling,
        ),
        unit,
    )


def plan_learn(
    terms: LearnTerms, steps: int, boundaries: Sequence[Boundary], averages: int, settle: int, info: BoardInfo
) -> Command:
    """One LEARN frame: at most so many steps on these pairs of boundaries, on lines.

    Parameters
    ----------
    settle
        In units of the wire.

    Raises
    ------
    ConfigError
        The boundaries do not fit into a frame, or the board does not learn.
    """
    if not info.learns or info.dac is None or info.heartbeat is None:
        msg = f"board {info.serial_number} cannot learn by itself; set learning.where: host"
        raise ConfigError(msg)
    stored = {*nudged_from(boundaries).values()}
    if stored and info.adc is not None and sum_bits(info.adc, averages) != _READING_BITS:
        fit = 2 ** (_READING_BITS - info.adc.bits)
        msg = (
            f"learning.rule: coupled on board {info.serial_number} needs board.averages: {fit}, so that"
            f" readings of its {info.adc.bits} bits add up to {_READING_BITS}; found {averages}; or set"
            " learning.where: host"
        )
        raise ConfigError(msg)
    scale = BoundaryScale(info.inputs, info.dac)
    shape = Shape(info.inputs, info.outputs, info.dac.bits)
    before: WireBoundary | None = None
    body = b""
    for number, imposed in enumerate(boundaries):
        boundary = replace(scale.to_wire(imposed), store=number in stored)
        body += without_repeated_inputs(boundary, before, shape)
        before = boundary
    request = LearnRequest(
        settle=settle,
        averages=averages,
        steps=min(steps, _MOST_STEPS),
        rate=terms.rate,
        shift=terms.shift,
        law=terms.law,
        offset=terms.offset,
        lowest=terms.lowest,
        highest=terms.highest,
        floor=terms.floor,
        ceiling=terms.ceiling,
        boundaries=len(boundaries),
        body=body,
    )
    payload = encode(request)
    if len(payload) > MAX_PAYLOAD or len(boundaries) > 254:
        msg = (
            f"task: free and clamped states of {len(boundaries) // 2} samples take {len(payload)} bytes, but"
            f" a board that learns is told {MAX_PAYLOAD}; train on fewer samples or set learning.where: host"
        )
        raise ConfigError(msg)
    return Command(Message.LEARN, payload, has_data=True, busy=_longest(info.heartbeat))


def _longest(heartbeat: Seconds) -> Seconds:
    """A LEARN ends with the step in which half the heartbeat has passed."""
    return heartbeat / 2


def plan_latent_writes(latents: CodeArray, payload: int) -> list[Command]:
    """LATENT_WRITE frames of all branches; no payload is longer than told."""
    most = (payload - LatentWriteRequest.layout.size) // 3
    return [
        Command(Message.LATENT_WRITE, encode(LatentWriteRequest(start, len(part), pack_latents(part))))
        for start in range(0, len(latents), most)
        for part in (latents[start : start + most],)
    ]


def plan_latent_reads(branches: int) -> list[Command]:
    """LATENT_READ frames of all branches."""
    return [
        Command(
            Message.LATENT_READ,
            encode(LatentReadRequest(start, min(_LATENTS_A_REPLY, branches - start))),
            has_data=True,
        )
        for start in range(0, branches, _LATENTS_A_REPLY)
    ]


def learnt(terms: LearnTerms, told: Sequence[LearnReply], reads: Sequence[Frame]) -> Learnt:
    """What came of some LEARNs.

    Raises
    ------
    ReadbackMismatch
        The board's codes are not those of its latents.
    """
    latents = np.concatenate([unpack_latents(read.payload) for read in reads])
    last = told[-1]
    found = Learnt(
        latents=latents,
        codes=terms.codes(latents),
        at_floor=last.at_floor,
        at_ceiling=last.at_ceiling,
        unused=sum(reply.unused for reply in told),
    )
    if found.digest != last.digest:
        msg = f"the board holds codes of digest {last.digest:08X}, its latents stand for {found.digest:08X}"
        raise ReadbackMismatch(msg)
    return found
