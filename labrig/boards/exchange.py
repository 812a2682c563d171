"""One exchange as frames: what a request becomes, and what the replies mean."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import CodeArray, FloatArray
from labrig.boards.base import Codes, program_digest
from labrig.boards.measuring import Measure, Scan, readings
from labrig.boards.pipeline import Command
from labrig.errors import BoardFault, ReadbackMismatch
from labrig.wire.definition import (
    MAX_PAYLOAD,
    ApplyReply,
    ApplyRequest,
    DigestReply,
    Message,
    ReadRequest,
    Status,
)
from labrig.wire.framing import Frame
from labrig.wire.messages import decode, encode
from labrig.wire.packing import unpack

_MOST_READ = 255

_EXPLANATIONS = {
    Status.NOT_ARMED: "it heard nothing for longer than its heartbeat and released its drivers",
    Status.RANGE: "a value is outside what the board told at hello",
    Status.OVER_CURRENT: "it measured an over-current and released its drivers",
}


def plan_reads(branches: int, bits: int) -> list[Command]:
    """READ frames over all branches."""
    most = min(_MOST_READ, MAX_PAYLOAD * 8 // bits)
    return [
        Command(Message.READ, encode(ReadRequest(start, min(most, branches - start))), has_data=True)
        for start in range(0, branches, most)
    ]


def confirm(program: CodeArray | None) -> Command:
    """APPLY with the digest of all codes, or DIGEST where nothing was written."""
    if program is None:
        return Command(Message.DIGEST, has_data=True)
    return Command(Message.APPLY, encode(ApplyRequest(program_digest(Codes(program)))), has_data=True)


@dataclass(frozen=True, slots=True)
class Exchange:
    """The frames of one exchange, in the order in which they are sent."""

    program: CodeArray | None
    """Codes of all branches afterwards, shape (B,); None: as they are."""
    writes: Sequence[Command]
    written: int
    """Branch codes that the writes carry."""
    confirmation: Command
    reads: Sequence[Command]
    measures: Sequence[Measure]
    scan: Scan
    states: int
    """Boundaries."""
    drives: bool
    """Some line is driven: the board must be armed."""

    @property
    def commands(self) -> list[Command]:
        """All of them."""
        return [*self.writes, self.confirmation, *self.reads, *(m.command for m in self.measures)]

    def digest(self, replies: Sequence[Frame]) -> int:
        """Digest of the codes on the board.

        Raises
        ------
        ReadbackMismatch
            It is not that of the program.
        """
        answer = replies[len(self.writes)]
        if self.confirmation.message == Message.DIGEST:
            return decode(DigestReply, answer.payload).digest
        found = decode(ApplyReply, answer.payload).digest
        wanted = int.from_bytes(self.confirmation.payload, "little")
        if found != wanted:
            msg = f"the board holds codes of digest {found:08X} after a program of digest {wanted:08X}"
            raise ReadbackMismatch(msg)
        return found

    def codes(self, replies: Sequence[Frame], bits: int) -> CodeArray:
        """What was read back, shape (branches,)."""
        first = len(self.writes) + 1
        answers = zip(self.reads, replies[first : first + len(self.reads)], strict=True)
        return np.concatenate([unpack(reply.payload, command.payload[2], bits) for command, reply in answers])

    def readings(self, replies: Sequence[Frame]) -> FloatArray:
        """Mean ADC codes, shape (states, channels)."""
        answers = replies[len(replies) - len(self.measures) :]
        data = [reply.payload for reply in answers]
        return readings(list(zip(self.measures, data, strict=True)), self.states, self.scan)


def check_statuses(commands: Sequence[Command], replies: Sequence[Frame], board: str) -> None:
    """Raise the first refusal.

    Raises
    ------
    ReadbackMismatch
        A chip holds another code than was written to it, or the digest of all codes differs.
    BoardFault
        Any other refusal.
    """
    for command, reply in zip(commands, replies, strict=True):
        if reply.flags == Status.OK:
            continue
        if reply.flags == Status.READ_BACK:
            msg = f"{board}: {command.message.name}: a chip holds another code than was written to it"
            raise ReadbackMismatch(msg)
        known = reply.flags in set(Status)
        done = _done_by_then(command, reply)
        status = Status(reply.flags).name if known else f"status {reply.flags}"
        why = _EXPLANATIONS.get(Status(reply.flags), "") if known else ""
        msg = f"{board} refused {command.message.name}: {status}{', ' + why if why else ''}{done}"
        raise BoardFault(msg)


def _done_by_then(command: Command, reply: Frame) -> str:
    """What a request that was cut off has done, where that cannot be undone."""
    if not reply.payload or command.message not in {Message.PULSE, Message.VERIFY}:
        return ""
    what = "pulses were given" if command.message == Message.PULSE else "branches were worked on"
    return f" after {reply.payload[0]} {what}; measure what the devices are now"
