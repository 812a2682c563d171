"""A board behind a link: `Board` spoken in frames."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np

from labrig.arrays import CodeArray, FloatArray, Seconds
from labrig.boards.base import (
    BoardInfo,
    BoardReply,
    BoardRequest,
    Codes,
    Counters,
    Health,
    LearnSteps,
    Pulses,
    VerifyTargets,
    saturation,
)
from labrig.boards.checking import check_request
from labrig.boards.exchange import Exchange, check_statuses, confirm, plan_reads
from labrig.boards.hello import adc, dac, describe
from labrig.boards.learning import learnt, plan_latent_reads, plan_latent_writes, plan_learn
from labrig.boards.looking import in_si
from labrig.boards.measuring import Measure, Scan, plan_measures, sending_order
from labrig.boards.owner import PERIOD, Owner
from labrig.boards.pipeline import Command
from labrig.boards.pulsing import Programming, check_given, plan_pulses
from labrig.boards.scaling import BoundaryScale
from labrig.boards.session import Session
from labrig.boards.writing import plan_writes
from labrig.circuit.boundary import Boundary
from labrig.circuit.remembered import Remembered
from labrig.errors import BoardFault, BoardReset, ConfigError, LabrigError, LinkClosed, LinkError
from labrig.links.base import Link
from labrig.wire.boundaries import Shape
from labrig.wire.definition import (
    PER_10US,
    PER_MS,
    ArmRequest,
    DigestReply,
    Feature,
    HelloReply,
    LearnReply,
    Message,
    Status,
    StatusReply,
)
from labrig.wire.framing import OVERHEAD, Frame
from labrig.wire.messages import decode, encode

T = TypeVar("T")

HEARTBEAT: Seconds = 1.0
"""Silence after which an armed board releases its drivers."""
_AT_ONCE: Seconds = 0.2
"""A board that runs answers hello sooner; one that was reset has its boot loader to wait for."""
_LONGEST_SETTLE: Seconds = (2**16 - 1) / PER_10US


def open_wired(link: Link) -> "WiredBoard":
    """Say hello to the board behind an open link; the board owns the link from now on.

    Raises
    ------
    LinkOpenError
        No board answers.
    ProtocolMismatch
        Its firmware was built from another definition of the protocol.
    """
    session = Session(link)
    try:
        hello = session.hello()
        return WiredBoard(link, session, hello, resets_at_open=_was_reset(session))
    except BaseException:
        link.close()
        raise


def _was_reset(session: Session) -> bool:
    """Whether the board was started after its port was opened, and did not answer until then."""
    silence = session.hello_silence
    if silence < _AT_ONCE:
        return False
    uptime = session.query(Message.STATUS, StatusReply).uptime / PER_MS
    return uptime < silence / 2


class WiredBoard:
    """A `Board` over a session; one thread of its own talks, sends heartbeats and keeps the lease.

    Parameters
    ----------
    link
        Owned from now on; `close` closes it.
    session
        Over that link, open.
    hello
        The board's answer that opened it.
    resets_at_open
        Opening the link has reset the board.
    """

    def __init__(
        self, link: Link, session: Session, hello: HelloReply, *, resets_at_open: bool = False
    ) -> None:
        self._info = describe(hello)
        self._adc = adc(hello)
        self._code_bits = hello.code_bits
        self._scale = BoundaryScale(hello.inputs, dac(hello))
        self._shape = Shape(hello.inputs, hello.outputs, hello.dac_bits)
        self._link = link
        self._session = session
        self._senses_sources = Feature.SOURCE_SENSE in Feature(hello.features)
        self._planned: dict[tuple[Scan, int], Remembered[Boundary, list[Measure]]] = {}
        """By scan and payload of a frame: the frames of boundaries that were asked for lately."""
        self._image: CodeArray | None = None
        """Codes that the board is known to hold."""
        self._latents: CodeArray | None = None
        """Latents that the board is known to hold beside them."""
        self._boot_count: int | None = hello.boot_count
        """As the caller knows it; None: any, after the caller was told of a reset."""
        self._armed_until = 0.0
        self._exchanges = self._turn_arounds = self._measurements = self._writes = 0
        self._closed = False
        self._resets_at_open = resets_at_open
        self._owner = Owner(link.name, self._beat)

    @property
    def info(self) -> BoardInfo:
        """Identity, ranges and capabilities."""
        return self._info

    @property
    def resets_at_open(self) -> bool:
        """Opening its port has reset it."""
        return self._resets_at_open

    @property
    def counters(self) -> Counters:
        """What crossed the link so far."""
        tally = self._session.tally
        return Counters(
            exchanges=self._exchanges,
            turn_arounds=self._turn_arounds,
            frames=tally.frames,
            bytes_down=tally.bytes_down,
            bytes_up=tally.bytes_up,
            retries=tally.retries,
            damaged=tally.damaged,
            measurements=self._measurements,
            writes=self._writes,
        )

    def exchange(self, request: BoardRequest) -> BoardReply:
        """Carry out one exchange: one turn-around, however many frames it takes.

        Raises
        ------
        ConfigError, LimitExceeded
            The board cannot do that; nothing was sent.
        BoardReset
            The board started anew; the next exchange greets it and writes its program in full.
        ReadbackMismatch
            The board's codes are not the program's.
        LinkError, ProtocolError, BoardFault
        """
        self._owner.renew()
        exchange = self._plan(request)
        return self._call(lambda: self._carry_out(request, exchange))

    def digest(self) -> int:
        """Digest of the codes that are on the board now."""
        return self._call(self._ask_digest)

    def status(self) -> StatusReply:
        """What the board counts and measures of itself; changes nothing."""
        return self._owner.call(lambda: self._session.query(Message.STATUS, StatusReply))

    def health(self) -> Health:
        """What the board counts and measures of itself, in SI units."""
        return in_si(self.status())

    def line_bytes(self, request: BoardRequest) -> int:
        """Of frames down, or of readings up, whichever are more; replies without data are not counted."""
        exchange = self._plan(request)
        commands = exchange.commands
        if request.pulses is not None:
            commands += plan_pulses(request.pulses, self._session.payload, HEARTBEAT)
        down = sum(len(command.payload) + OVERHEAD for command in commands)
        up = sum(
            len(measure.states) * measure.count * exchange.scan.bits // 8 + OVERHEAD
            for measure in exchange.measures
        )
        return max(down, up)

    def echo(self, data: bytes) -> bytes:
        """Send bytes there and back: one turn-around."""
        self._owner.renew()
        return self._call(lambda: self._ask_echo(data))

    def renew(self, seconds: Seconds) -> None:
        """Renew the lease of the main loop for this long: heartbeats go on meanwhile."""
        self._owner.renew(seconds)

    def make_safe(self) -> None:
        """Release every driver, from whatever state, and read back that it is so; `close` has done it too.

        Raises
        ------
        BoardFault
            The board still drives some lines.
        LinkError
            The board is out of reach; it releases its drivers by itself when its heartbeat runs out.
        """
        if not self._closed:
            self._release_by_owner()

    def close(self) -> None:
        """Make safe and let go of the link; everything is attempted, every failure named; twice is fine."""
        if self._closed:
            return
        self._closed = True
        failures: list[LabrigError] = []
        for step in (self._release_by_owner, self._owner.stop, self._link.close):
            try:
                step()
            except LabrigError as error:
                failures.append(error)
        if failures:
            raise type(failures[0])("; and ".join(map(str, failures)))

    def _release_by_owner(self) -> None:
        self._owner.call(self._release)

    def _call(self, job: Callable[[], T]) -> T:
        try:
            return self._owner.call(job)
        except BoardReset:
            self._boot_count = None
            raise

    def _plan(self, request: BoardRequest) -> Exchange:
        if request.program is not None and self._info.codes is None:
            msg = (
                f"board {self._info.serial_number} takes no program, because its branches are memristors:"
                " program them by pulses"
            )
            raise ConfigError(msg)
        check_request(replace(request, boundaries=()), self._info)
        if request.settle > _LONGEST_SETTLE:
            wire = f"the wire's range 0 … {_LONGEST_SETTLE:g} s"
            msg = f"a settling time of {request.settle:g} s is outside {wire}"
            raise ConfigError(msg)
        program = None if request.program is None else np.array(request.program.values, dtype=np.int64)
        payload = self._session.payload
        scan = self._scan(request)
        if (scan, payload) not in self._planned:
            self._planned[scan, payload] = Remembered(partial(self._plan_states, scan, payload))
        measures = self._planned[scan, payload](request.boundaries)
        writes: Sequence[Command] = ()
        written = 0
        if program is not None:
            writes, written = plan_writes(self._image, program, self._code_bits, payload)
        return Exchange(
            program=program,
            writes=writes,
            written=written,
            confirmation=confirm(program),
            reads=plan_reads(self._info.branches, self._code_bits)
            if request.read_back and self._code_bits
            else (),
            measures=measures,
            scan=scan,
            states=len(request.boundaries),
            drives=any(b.voltages or b.currents or b.nudges for b in request.boundaries),
        )

    def _plan_states(self, scan: Scan, payload: int, boundaries: Sequence[Boundary]) -> list[Measure]:
        check_request(BoardRequest(boundaries), self._info)
        return plan_measures(
            [self._scale.to_wire(boundary) for boundary in boundaries],
            sending_order(boundaries),
            scan,
            self._shape,
            payload=payload,
            longest=HEARTBEAT / 2,
        )

    def _scan(self, request: BoardRequest) -> Scan:
        sources = request.sources and self._senses_sources
        channels = self._info.lines + (self._info.inputs + self._info.outputs if sources else 0)
        return Scan(channels, request.averages, request.settle, self._adc)

    def _sources(self, codes: FloatArray, boundaries: Sequence[Boundary]) -> FloatArray:
        """Driver side of each line, NaN where it was not read or the line not driven."""
        volts = np.full((len(boundaries), self._info.lines), np.nan)
        if not codes.size:
            return volts
        for state, (boundary, row) in enumerate(zip(boundaries, codes, strict=True)):
            driven = [*boundary.voltages, *boundary.nudges]
            volts[state, driven] = self._adc.volts(row[driven])
        return volts

    # What follows runs in the owner's thread.

    def _carry_out(self, request: BoardRequest, exchange: Exchange) -> BoardReply:
        boot_count = self._greet()
        if request.learn is not None:
            return self._learn(request, request.learn, exchange, boot_count)
        if request.pulses is not None:
            return self._pulse(request, request.pulses, exchange, boot_count)
        if request.verify is not None:
            return self._verify(request, request.verify, exchange, boot_count)
        replies = self._run(exchange.commands, arm=exchange.drives)
        self._turn_arounds += 1
        return self._reply(request, exchange, replies, boot_count)

    def _reply(
        self, request: BoardRequest, exchange: Exchange, replies: Sequence[Frame], boot_count: int
    ) -> BoardReply:
        digest = exchange.digest(replies)
        if exchange.program is not None:
            self._image = exchange.program
        if exchange.writes:
            self._latents = None
        self._exchanges += 1
        self._measurements += exchange.states
        self._writes += exchange.written
        codes = exchange.readings(replies)
        lines = self._info.lines
        return BoardReply(
            voltages=self._adc.volts(codes[:, :lines]),
            sources=self._sources(codes[:, lines:], request.boundaries),
            saturated=saturation(codes[:, :lines], self._adc),
            program=Codes(exchange.codes(replies, self._code_bits)) if exchange.reads else None,
            digest=digest,
            boot_count=boot_count,
        )

    def _learn(
        self, request: BoardRequest, learn: LearnSteps, exchange: Exchange, boot_count: int
    ) -> BoardReply:
        """Bring codes and latents to the board, let it learn, and then ask for what came of it.

        A board that is silent for long would release its drivers, so it takes a few steps and asks for more.
        """
        known = (
            self._latents is not None and not exchange.writes and np.array_equal(self._latents, learn.latents)
        )
        loads = [] if known else plan_latent_writes(learn.latents, self._session.payload)
        before = replace(exchange, reads=(), measures=())
        told: list[LearnReply] = []
        left = learn.steps
        commands = [*before.commands, *loads]
        while left > 0:
            frame = self._learn_frame(request, learn, left)
            replies = self._run([*commands, frame], arm=exchange.drives)
            self._turn_arounds += 1
            if not told:
                before.digest(replies)
            told.append(decode(LearnReply, replies[-1].payload))
            left -= told[-1].steps
            commands = []
        reads = plan_latent_reads(self._info.branches)
        after = replace(exchange, program=None, writes=(), confirmation=confirm(None), states=exchange.states)
        replies = self._run([*reads, *after.commands], arm=exchange.drives)
        self._turn_arounds += 1
        found = learnt(learn.terms, told, replies[: len(reads)])
        self._image, self._latents = found.codes, found.latents
        self._measurements += learn.steps * exchange.states
        reply = self._reply(request, after, replies[len(reads) :], boot_count)
        return replace(reply, learnt=found)

    def _learn_frame(self, request: BoardRequest, learn: LearnSteps, steps: int) -> Command:
        settle = self._scan(request).settle_units
        return plan_learn(learn.terms, steps, request.boundaries, request.averages, settle, self._info)

    def _pulse(
        self, request: BoardRequest, pulses: Pulses, exchange: Exchange, boot_count: int
    ) -> BoardReply:
        """Give the pulses, then impose and scan; a pulse is never sent in two frames of different numbers."""
        commands = plan_pulses(pulses, self._session.payload, HEARTBEAT)
        replies = self._run_once([*commands, *exchange.commands])
        check_given(commands, replies[: len(commands)])
        self._writes += pulses.wipers.size
        return self._reply(request, exchange, replies[len(commands) :], boot_count)

    def _verify(
        self, request: BoardRequest, verify: VerifyTargets, exchange: Exchange, boot_count: int
    ) -> BoardReply:
        """Let the board work until no branch is left, or the caller is told to end, then impose and scan."""
        settle = self._scan(request).settle_units
        programming = Programming(verify, self._info, request.averages, settle, HEARTBEAT)
        while not self._owner.is_unwanted and (commands := programming.commands(self._session.payload)):
            programming.take(self._run_once(commands))
        found = programming.verified()
        self._writes += int(found.pulses.sum())
        replies = self._run(exchange.commands, arm=exchange.drives)
        self._turn_arounds += 1
        return replace(self._reply(request, exchange, replies, boot_count), verified=found)

    def _run_once(self, commands: Sequence[Command]) -> list[Frame]:
        """One turn-around of what must not be done again under other numbers: it is armed for in any case."""
        self._armed_until = 0.0
        self._turn_arounds += 1
        return self._run(commands, arm=True)

    def _ask_digest(self) -> int:
        self._greet()
        (reply,) = self._run([Command(Message.DIGEST, has_data=True)])
        return decode(DigestReply, reply.payload).digest

    def _ask_echo(self, data: bytes) -> bytes:
        self._greet()
        (reply,) = self._run([Command(Message.PING, data, has_data=True)])
        return reply.payload

    def _greet(self) -> int:
        """Make sure of a session; the board's boot count, of which the caller knows."""
        found = self._session.boot_count
        if found is None:
            self._forget()
            self._turn_arounds += 1
            found = self._session.hello().boot_count
        if self._boot_count not in {None, found}:
            self._forget()
            msg = f"{self._link.name}: the board was reset (boot count {self._boot_count} → {found})"
            raise BoardReset(msg)
        self._boot_count = found
        return found

    def _run(self, commands: Sequence[Command], *, arm: bool = False) -> list[Frame]:
        """One turn-around; arms first where asked to and not armed for certain."""
        started = time.monotonic()
        arming: list[Command] = []
        if arm and started > self._armed_until:
            arming = [Command(Message.ARM, encode(ArmRequest(round(HEARTBEAT * PER_MS))))]
        try:
            replies = self._session.run([*arming, *commands])
            if arm and not arming and any(reply.flags == Status.NOT_ARMED for reply in replies):
                # This process stood still, or no frame got through, for longer than the heartbeat.
                self._disarmed()
                self._turn_arounds += 1
                return self._run(commands, arm=True)
            check_statuses([*arming, *commands], replies, self._link.name)
        except LabrigError:
            self._forget()
            raise
        if arming or started <= self._armed_until:
            self._armed_until = max(started + 0.8 * HEARTBEAT, time.monotonic() + PERIOD)
            self._owner.start_beating()
        return replies[len(arming) :]

    def _forget(self) -> None:
        """Nothing is known of the board's codes, nor that it is armed."""
        self._image = self._latents = None
        self._disarmed()

    def _disarmed(self) -> None:
        self._armed_until = 0.0
        self._owner.stop_beating()

    def _beat(self) -> None:
        self._run([Command(Message.HEARTBEAT)])

    def _release(self) -> None:
        try:
            self._let_go()
            status = self._session.query(Message.STATUS, StatusReply)
        except LinkError as error:
            what = f"{self._link.name} is gone" if isinstance(error, LinkClosed) else str(error)
            msg = f"{what}; an armed board releases its drivers by itself after {HEARTBEAT:g} s of silence"
            raise type(error)(msg) from error
        if status.driven:
            found = f"the board still drives {status.driven} lines after SAFE"
            msg = f"{self._link.name}: {found}: switch its supply off"
            raise BoardFault(msg)

    def _let_go(self) -> None:
        self._disarmed()
        if self._session.boot_count is not None:
            try:
                self._run([Command(Message.SAFE)])
            except LinkClosed:
                raise
            except LabrigError:  # no session any more, or no answer: a new session releases as well
                pass
            else:
                return
        self._forget()
        self._session.hello(HEARTBEAT)  # a board that is silent for longer releases by itself
