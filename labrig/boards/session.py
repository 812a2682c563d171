"""The host's side of the protocol over a link: hello, then exchanges of pipelined frames."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from labrig.arrays import Seconds
from labrig.boards.pipeline import Command, Pipeline, Sent, SessionLost, paired_payload
from labrig.boards.quality import TRIES, ErrorRate, RoundTrip, Spread
from labrig.errors import BoardFault, BoardReset, FrameError, LinkOpenError, LinkTimeout, ProtocolMismatch
from labrig.links.base import Link
from labrig.wire.definition import (
    FINGERPRINT,
    MAX_PAYLOAD,
    REPLY_BIT,
    VERSION,
    HelloReply,
    HelloRequest,
    Message,
)
from labrig.wire.framing import DELIMITER, Frame, decode_frame, encode_frame
from labrig.wire.messages import P, decode, encode

HELLO_DEADLINE: Seconds = 3.0
"""A board that resets when its port is opened may stay up to 2 s in its boot loader."""
_REPEAT: Seconds = 0.05


@dataclass(slots=True)
class Tally:
    """What crossed the link so far."""

    frames: int = 0
    bytes_down: int = 0
    bytes_up: int = 0
    retries: int = 0
    damaged: int = 0
    """Frames that came, and could not be read."""


class Session:
    """Sequence numbers and retries between one host and one board. Not for two threads at once."""

    def __init__(self, link: Link) -> None:
        self.tally = Tally()
        self.errors = ErrorRate()
        self.hello_silence: Seconds = 0.0
        """For how long hello was not answered, at least."""
        self._link = link
        self._round_trip = RoundTrip()
        self._spread = Spread()
        self._hello: HelloReply | None = None
        self._longest = MAX_PAYLOAD
        self._next_seq = 0
        self._query_seq = 0
        self._left_over: list[Sent] = []
        """Repeated frames of answered requests that may still be on their way."""

    @property
    def boot_count(self) -> int | None:
        """The board's, as of the hello of this session; None where there is no session."""
        return None if self._hello is None else self._hello.boot_count

    def hello(self, deadline: Seconds = HELLO_DEADLINE) -> HelloReply:
        """Start a session: the board releases every driver and disarms.

        Raises
        ------
        LinkOpenError
            Nothing answered within the deadline.
        ProtocolMismatch
            The firmware was built from another definition of the protocol.
        """
        self._hello = None
        self._link.discard_input()
        payload = encode(HelloRequest(VERSION, FINGERPRINT))
        try:
            answer = self._ask(Frame(Message.HELLO, self._next_seq, payload=payload), deadline)
        except LinkTimeout:
            msg = (
                f"{self._link.name}: no board answered within {deadline:g} s: "
                f"check its supply and baud rate, and that it runs labrig firmware"
            )
            raise LinkOpenError(msg) from None
        hello = decode(HelloReply, answer.payload)
        self._check_definition(hello)
        self._hello = hello
        self._longest = paired_payload(hello.window)
        self.hello_silence = len(self._left_over) * _REPEAT
        self._next_seq = (self._next_seq + 1) & 0xFF
        return hello

    def _check_definition(self, hello: HelloReply) -> None:
        if (hello.version, hello.fingerprint) != (VERSION, FINGERPRINT):
            msg = (
                f"{self._link.name}: the board speaks protocol version {hello.version}, "
                f"fingerprint {hello.fingerprint:08X}; this labrig speaks {VERSION}, {FINGERPRINT:08X}: "
                f"flash matching firmware"
            )
            raise ProtocolMismatch(msg)

    @property
    def payload(self) -> int:
        """Bytes of payload that a frame should not exceed."""
        return min(self.errors.payload, self._longest)

    def query(self, message: Message, kind: type[P], deadline: Seconds = 1.0, *, payload: bytes = b"") -> P:
        """Ask what a board answers at any time, session or not, and which changes nothing (STATUS, IDENTIFY).

        Raises
        ------
        LinkTimeout
            Nothing answered within the deadline.
        """
        self._query_seq = (self._query_seq + 1) & 0xFF
        return decode(kind, self._ask(Frame(message, self._query_seq, payload=payload), deadline).payload)

    def _ask(self, request: Frame, deadline: Seconds) -> Frame:
        """Send a request of no session again and again until it is answered."""
        encoded = DELIMITER + encode_frame(request)
        end = time.monotonic() + deadline
        copies = 0
        while (now := time.monotonic()) < end:
            self._send([encoded])
            copies += 1
            repeat = min(end, now + self._spread(_REPEAT))
            while (answer := self._receive(repeat)) is not None:
                if (answer.type, answer.seq) == (request.type | REPLY_BIT, request.seq):
                    self._left_over = [(-1, len(encoded))] * (copies - 1)
                    return answer
        msg = (
            f"{self._link.name}: the board did not answer {Message(request.type).name} within {deadline:g} s"
        )
        raise LinkTimeout(msg)

    def run(self, commands: Sequence[Command]) -> list[Frame]:
        """Carry out one exchange: one turn-around, however many frames; a reply a command, in order.

        Raises
        ------
        BoardReset
            The board started anew meanwhile.
        BoardFault
            The board no longer knows this session, or there is none: say hello first.
        LinkTimeout
            A request was not answered after 8 tries.
        """
        if self._hello is None:
            msg = f"{self._link.name}: no session with the board"
            raise BoardFault(msg)
        hello = self._hello
        pipeline = Pipeline(commands, self._next_seq, hello.window, hello.credit, self._left_over)
        try:
            self._exchange(pipeline)
        except SessionLost as lost:
            self._hello = None
            raise self._explain(lost, hello) from None
        except Exception:
            self._hello = None
            raise
        self._next_seq = (self._next_seq + len(commands)) & 0xFF
        self._left_over = pipeline.left_over
        return [reply for reply in pipeline.replies if reply is not None]

    def _exchange(self, pipeline: Pipeline) -> None:
        sent_at: dict[int, float | None] = {}
        """None: sent more than once."""
        tries = 0
        deadline = time.monotonic() + self._patience()
        while not pipeline.done:
            if leaving := pipeline.sendable():
                now = time.monotonic()
                again = sum(index in sent_at for index in leaving)
                self.tally.retries += again
                self.errors.bad(again)
                self._send([pipeline.encoded[index] for index in leaving])
                sent_at |= {index: None if index in sent_at else now for index in leaving}
                deadline = now + self._patience() + pipeline.busy
            frame = self._receive(deadline)
            if frame is None:
                tries += 1
                self._round_trip.expire()
                if tries == TRIES:
                    self._round_trip.give_up()
                    msg = f"{self._link.name}: no answer after {TRIES} tries: is the board still connected?"
                    raise LinkTimeout(msg)
                pipeline.go_back()
            elif (answered := pipeline.accept(frame)) is not None:
                tries = 0
                now = time.monotonic()
                self.errors.good(1)
                if (sent := sent_at[answered]) is not None:
                    self._round_trip.sample(now - sent)
                deadline = now + self._patience() + pipeline.busy

    def _patience(self) -> Seconds:
        return self._spread(self._round_trip.timeout)

    def _explain(self, lost: SessionLost, hello: HelloReply) -> BoardFault:
        if lost.boot_count != hello.boot_count:
            msg = (
                f"{self._link.name}: the board was reset (boot count {hello.boot_count} → {lost.boot_count})"
            )
            return BoardReset(msg)
        msg = f"{self._link.name}: the board no longer knows this session: did another program open it?"
        return BoardFault(msg)

    def _send(self, frames: list[bytes]) -> None:
        data = b"".join(frames)
        self._link.write(data)
        self.tally.frames += len(frames)
        self.tally.bytes_down += len(data)

    def _receive(self, deadline: float) -> Frame | None:
        """Wait for the next good frame; None at the deadline."""
        while True:
            try:
                data = self._link.read_until(DELIMITER, timeout=max(0.0, deadline - time.monotonic()))
            except LinkTimeout:
                self._link.discard_input()  # noise that no delimiter ended would spoil the next answer
                return None
            self.tally.bytes_up += len(data)
            if data == DELIMITER:
                continue
            try:
                return decode_frame(data[:-1])
            except FrameError:
                self.tally.damaged += 1
                self.errors.bad(1)
