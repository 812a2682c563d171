"""Pulses and programming by them: which PULSE and VERIFY frames, and what their replies mean."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import FloatArray, IntArray, Seconds, Volts
from labrig.boards.base import BoardInfo, Converter, Pulses, PulseScheme, Verified, VerifyTargets
from labrig.boards.pipeline import Command
from labrig.errors import BoardFault, ConfigError, FrameError
from labrig.wire.definition import (
    PER_10NS,
    PER_10US,
    PER_FRACTION,
    PER_MV,
    PER_NS,
    Message,
    Outcome,
    PulseReply,
    PulseRequest,
    VerifyReply,
    VerifyRequest,
)
from labrig.wire.framing import Frame
from labrig.wire.messages import decode, encode
from labrig.wire.pulsing import MOST_BRANCHES, MOST_PULSES, UNREAD, ToldBranches, WirePulses

_HEAD = VerifyRequest.layout.size
_BYTES_A_TARGET = 4
_BYTES_A_PULSE = 8
_U8, _U16, _U32 = 2**8 - 1, 2**16 - 1, 2**32 - 1


def plan_pulses(pulses: Pulses, payload: int, heartbeat: Seconds) -> list[Command]:
    """PULSE frames that give the pulses in their order; none takes half the heartbeat.

    Raises
    ------
    ConfigError
        One pulse alone takes as long.
    """
    wire = WirePulses(
        pulses.wipers, _millivolts(pulses.amplitudes), np.rint(pulses.widths * PER_10NS).astype(np.int64)
    )
    limit = round(heartbeat / 2 * PER_10NS)
    most = max(1, min(MOST_PULSES, (payload - PulseRequest.layout.size) // _BYTES_A_PULSE))
    if wire.widths.size and wire.widths.max() >= limit:
        msg = (
            f"a pulse of {wire.widths.max() / PER_10NS:g} s is too long for a board that releases its drivers"
            f" after {heartbeat:g} s of silence: stay below {heartbeat / 2:g} s"
        )
        raise ConfigError(msg)
    return [_pulse(wire, run) for run in _runs(wire.widths, most, limit)]


def _runs(widths: IntArray, most: int, limit: int) -> Iterator[slice]:
    """Pulses of each frame. Without any there is one frame still: it drives the lines to 0 V."""
    first, total = 0, 0
    for k, width in enumerate(widths.tolist()):
        if k - first == most or total + width >= limit:
            yield slice(first, k)
            first, total = k, 0
        total += width
    yield slice(first, len(widths))


def _pulse(wire: WirePulses, run: slice) -> Command:
    part = WirePulses(wire.branches[run], wire.amplitudes[run], wire.widths[run])
    request = PulseRequest(len(part.branches), part.encode())
    busy = float(part.widths.sum()) / PER_10NS
    return Command(Message.PULSE, encode(request), has_data=True, busy=busy)


def check_given(commands: Sequence[Command], replies: Sequence[Frame]) -> None:
    """Each PULSE was carried out as a whole.

    Raises
    ------
    BoardFault
        The board says that it gave fewer pulses than it was asked for.
    """
    for command, reply in zip(commands, replies, strict=True):
        wanted, given = command.payload[0], decode(PulseReply, reply.payload).given
        if given != wanted:
            msg = f"the board gave {given} of {wanted} pulses: measure what the devices are now"
            raise BoardFault(msg)


@dataclass(frozen=True, slots=True)
class _Had:
    """What a branch has had already."""

    pulses: int = 0
    reversals: int = 0
    amplitude: int = 0


@dataclass(frozen=True, slots=True)
class _Span:
    """Branches of one VERIFY; their targets in nS, 0: leave alone."""

    start: int
    targets: IntArray
    had: _Had


class Programming:
    """The VERIFYs that bring a board's branches to their targets, round by round.

    A board does as much as a fraction of its heartbeat allows and tells how far it got; what is left is asked
    for in the next round.

    Parameters
    ----------
    targets
        They passed `check_pulses`.
    averages
        Conversions a reading.
    settle
        In units of the wire.
    heartbeat
        For which the board is armed.

    Raises
    ------
    ConfigError
        A value has no room on the wire, or one read and one pulse take too long.
    """

    def __init__(
        self, targets: VerifyTargets, info: BoardInfo, averages: int, settle: int, heartbeat: Seconds
    ) -> None:
        if info.dac is None:
            msg = f"board {info.serial_number} has no DAC to read its branches with"
            raise ConfigError(msg)
        self._head = _head(targets, info.dac, averages, settle)
        self._busy = _busy(targets.scheme, settle, heartbeat)
        wanted = np.nan_to_num(targets.conductances, nan=0.0)
        nanosiemens = np.where(wanted > 0, np.maximum(np.rint(wanted * PER_NS), 1), 0).astype(np.int64)
        if nanosiemens.max(initial=0) >= UNREAD:
            most, found = UNREAD / PER_NS, nanosiemens.max() / PER_NS
            msg = f"a target of {found:g} S is more than the wire carries, {most:g} S"
            raise ConfigError(msg)
        branches = len(nanosiemens)
        self._left = [_Span(0, nanosiemens, _Had())]
        self._conductances = np.full(branches, np.nan)
        self._pulses = np.zeros(branches, dtype=np.int64)
        self._reversals = np.zeros(branches, dtype=np.int64)
        self._reached = np.zeros(branches, dtype=np.bool_)
        self._asked: list[_Span] = []

    def commands(self, payload: int) -> list[Command]:
        """VERIFY frames over all branches that are left; none: all is done."""
        most = max(1, min(MOST_BRANCHES, (payload - _HEAD) // _BYTES_A_TARGET))
        self._asked = [part for span in self._left for part in _cut(span, most)]
        return [
            Command(Message.VERIFY, self._request(span), has_data=True, busy=self._busy)
            for span in self._asked
        ]

    def _request(self, span: _Span) -> bytes:
        had = span.had
        return encode(
            replace(
                self._head,
                start=span.start,
                count=len(span.targets),
                pulses=had.pulses,
                reversals=had.reversals,
                amplitude=had.amplitude,
                targets=span.targets.astype("<u4").tobytes(),
            )
        )

    def take(self, replies: Sequence[Frame]) -> None:
        """What came of the frames of this round.

        Raises
        ------
        FrameError
            A reply tells of no branch, of more than were asked for, or of one that has got no further.
        """
        left: list[_Span] = []
        for span, reply in zip(self._asked, replies, strict=True):
            head = decode(VerifyReply, reply.payload)
            if not 1 <= head.told <= len(span.targets):
                msg = f"a VERIFY of {len(span.targets)} branches was answered for {head.told}"
                raise FrameError(msg)
            told = ToldBranches.decode(head.branches, head.told)
            self._note(span, told)
            under_way = int(told.outcomes[-1]) == Outcome.UNDER_WAY
            done = head.told - under_way
            if not done and int(told.pulses[-1]) <= span.had.pulses:
                msg = f"a VERIFY left branch {span.start} under way without a pulse"
                raise FrameError(msg)
            if done < len(span.targets):
                pulses, reversals = int(told.pulses[-1]), int(told.reversals[-1])
                had = _Had(pulses, reversals, head.amplitude) if under_way else _Had()
                left.append(_Span(span.start + done, span.targets[done:], had))
        self._left = left

    def _note(self, span: _Span, told: ToldBranches) -> None:
        read = told.outcomes != Outcome.UNTOUCHED
        where = span.start + np.flatnonzero(read)
        found = told.conductances[read]
        self._conductances[where] = np.where(found == UNREAD, np.nan, found / PER_NS)
        self._pulses[where] = told.pulses[read]
        self._reversals[where] = told.reversals[read]
        self._reached[where] = told.outcomes[read] == Outcome.REACHED

    def verified(self) -> Verified:
        """How it ended; a branch that could not be read has no conductance (NaN) and was not reached."""
        return Verified(self._conductances, self._pulses, self._reversals, self._reached)


def _cut(span: _Span, most: int) -> Iterator[_Span]:
    """Spans of at most so many branches, of which neither the first nor the last is left alone."""
    wanted = np.flatnonzero(span.targets)
    while wanted.size:
        first = int(wanted[0])
        last = int(wanted[wanted < first + most][-1])
        yield _Span(span.start + first, span.targets[first : last + 1], span.had if first == 0 else _Had())
        wanted = wanted[wanted > last]


def _head(targets: VerifyTargets, dac: Converter, averages: int, settle: int) -> VerifyRequest:
    scheme = targets.scheme
    tolerance = int(targets.tolerance * PER_FRACTION)
    if not tolerance:
        msg = f"a tolerance of {targets.tolerance:g} is finer than the wire's least, {1 / PER_FRACTION:.1g}"
        raise ConfigError(msg)
    return VerifyRequest(
        start=0,
        count=0,
        averages=averages,
        settle=settle,
        read=max(1, math.floor(scheme.read / dac.lsb + 0.5)),
        tolerance=tolerance,
        set_start=_millivolt(scheme.set_start),
        set_step=_millivolt(scheme.set_step),
        set_highest=_millivolt(scheme.set_highest),
        reset_start=_millivolt(scheme.reset_start),
        reset_step=_millivolt(scheme.reset_step),
        reset_highest=_millivolt(scheme.reset_highest),
        width=round(scheme.width * PER_10NS),
        most_pulses=min(scheme.most_pulses, _U16),
        most_reversals=min(scheme.most_reversals, _U8),
        pulses=0,
        reversals=0,
        amplitude=0,
        targets=b"",
    )


def _busy(scheme: PulseScheme, settle: int, heartbeat: Seconds) -> Seconds:
    """What a VERIFY may take: a quarter of the heartbeat, then one more pulse and read."""
    cycle = 4 * settle / PER_10US + scheme.width
    if not cycle < heartbeat / 4:
        msg = (
            f"four settling times and a pulse take {cycle:g} s, too long for a board that releases its"
            f" drivers after {heartbeat:g} s of silence: stay below {heartbeat / 4:g} s"
        )
        raise ConfigError(msg)
    return heartbeat / 4 + cycle


def _millivolt(volts: Volts) -> int:
    return round(volts * PER_MV)


def _millivolts(volts: FloatArray) -> IntArray:
    return np.rint(volts * PER_MV).astype(np.int64)
