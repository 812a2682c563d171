"""Whether a damaged line ever makes a wrong answer, or a silence that nobody is told of.

Exchanges of random requests go to the compiled firmware, over a line that damages bytes in both directions,
through the session that training uses. Every reply is compared with what its request must be answered: an
echo with what was sent, codes and their digest with what was written, readings of driven lines with the codes
that drive them. An exchange that gets no answer in spite of all tries must end in a LinkTimeout within its
deadline; it counts as lost, and all codes are written anew after it. A wrong reply is printed in hex and in
words, and the exit code is 1; so it is where an exchange was lost at a rate of 1e-4 or less.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from labrig.arrays import IntArray, Seconds
from labrig.boards.pipeline import Command
from labrig.boards.session import Session
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel, Launch
from labrig.config.faults import (
    Babble,
    Drop,
    Duplicate,
    Fault,
    Flip,
    Insert,
    Silence,
    Truncate,
)
from labrig.config.links import SerialLink
from labrig.errors import LabrigError, LinkOpenError, LinkTimeout
from labrig.links.base import Link
from labrig.links.opening import open_link
from labrig.sim.damage import damaged
from labrig.sim.launch import launched
from labrig.wire.boundaries import Shape, WireBoundary, encode_boundary
from labrig.wire.definition import (
    ArmRequest,
    MeasureRequest,
    Message,
    PingRequest,
    ReadRequest,
    WriteRequest,
)
from labrig.wire.digest import image_digest
from labrig.wire.framing import Frame
from labrig.wire.messages import Payload, encode
from labrig.wire.packing import pack

INPUTS, OUTPUTS = 12, 8
BRANCHES = INPUTS * OUTPUTS
CODE_BITS, CODE_MAX = 9, 256
BITS = 16
"""Of both converters. Spans are alike, nothing is in series: a driven line reads the code that drives it."""
HEARTBEAT_MS = 60_000
MOST_REQUESTS = 4
MUST_RECOVER = 1e-4
"""Of the bytes: up to here no exchange may be lost."""
PATIENCE: Seconds = 60.0
"""An exchange that takes longer hangs: 8 tries of at most a second for each of its requests."""
MODEL = BoardModel.model_validate(
    {
        "elements": {"kind": "digipot", "part": "MCP4351-104"},
        "adc": {"bits": BITS, "span": 5.0},
        "dac": {"bits": BITS, "span": 5.0},
        "seed": 1,
    }
)


@dataclass(frozen=True)
class Case:
    """Damage, and the share of all exchanges that are made under it."""

    name: str
    faults: Sequence[Fault]
    share: float
    may_lose: bool = True


CASES = (
    Case("flips, 1e-4", [Flip(rate=1e-4)], 0.6, may_lose=False),
    Case("flips, 1.5e-3", [Flip(rate=1.5e-3)], 0.1),
    Case("flips down, 1.5e-3", [Flip(rate=1.5e-3, direction="down")], 0.05),
    Case("flips up, 1.5e-3", [Flip(rate=1.5e-3, direction="up")], 0.05),
    Case("drops, 1e-4", [Drop(rate=1e-4)], 0.05, may_lose=False),
    Case("duplicates, 1e-4", [Duplicate(rate=1e-4)], 0.05, may_lose=False),
    Case("insertions, 1e-4", [Insert(rate=1e-4)], 0.05, may_lose=False),
    Case("cut frames, 1e-4", [Truncate(rate=1e-4)], 0.02, may_lose=False),
    Case("silence, 30 ms every 0.1 s", [Silence(at=0.02, lasts=0.03, every=0.1)], 0.01),
    Case("babble, 30 ms every 0.1 s", [Babble(at=0.02, lasts=0.03, every=0.1)], 0.01),
    Case(
        "all at once, 5e-3 of the bytes",
        [Flip(rate=2e-3), Drop(rate=1e-3), Duplicate(rate=1e-3), Insert(rate=5e-4), Truncate(rate=5e-4)],
        0.01,
    ),
)


def at_rate(rate: float) -> Sequence[Case]:
    """Every damage to bytes, each alone, at one rate."""
    kinds = (Flip, Drop, Duplicate, Insert, Truncate)
    share, may_lose = 1 / len(kinds), rate > MUST_RECOVER
    return [Case(f"{kind.__name__.lower()}, {rate:g}", [kind(rate=rate)], share, may_lose) for kind in kinds]


@dataclass(frozen=True)
class Question:
    """A request, and what it must be answered."""

    words: str
    command: Command
    answer: bytes


@dataclass
class Outcome:
    """What came of a case."""

    exchanges: int = 0
    requests: int = 0
    lost: int = 0
    longest: Seconds = 0.0
    wrong: list[str] = field(default_factory=list[str])


def ask(words: str, payload: Payload, answer: bytes, *, has_data: bool = True) -> Question:
    return Question(words, Command(payload.message, encode(payload), has_data=has_data), answer)


class Talk:
    """Random requests, and what the board holds once it has carried them out."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)  # noqa: S311 - nothing is kept secret
        self._boot_count = 0
        self._image: IntArray = np.full(BRANCHES, CODE_MAX // 2, dtype=np.int64)

    def exchange(self) -> list[Question]:
        """Requests of one exchange."""
        makers = (self._ping, self._ping, self._write, self._write, self._read, self._digest, self._measure)
        return [self._chance.choice(makers)() for _ in range(self._chance.randint(1, MOST_REQUESTS))]

    def begin(self, boot_count: int) -> list[Question]:
        """What a session begins with: arm, and all codes."""
        self._boot_count = boot_count
        return [
            ask("arm", ArmRequest(HEARTBEAT_MS), b"", has_data=False),
            self._written(0, BRANCHES),
        ]

    def _bytes(self, count: int) -> bytes:
        """Zeros are frequent, as each is a place where COBS can be led astray."""
        return bytes(0 if self._chance.random() < 0.25 else self._chance.randrange(256) for _ in range(count))

    def _span(self) -> tuple[int, int]:
        start = self._chance.randrange(BRANCHES)
        return start, self._chance.randint(1, BRANCHES - start)

    def _ping(self) -> Question:
        data = self._bytes(min(200, int(2 ** self._chance.uniform(0, 8))))
        return ask(f"echo {len(data)} bytes", PingRequest(data), data)

    def _write(self) -> Question:
        start, count = self._span()
        self._image[start : start + count] = [self._chance.randint(0, CODE_MAX) for _ in range(count)]
        return self._written(start, count)

    def _written(self, start: int, count: int) -> Question:
        codes = pack(self._image[start : start + count], CODE_BITS)
        words = f"write branches {start} to {start + count - 1}"
        return ask(words, WriteRequest(start, count, codes), b"", has_data=False)

    def _read(self) -> Question:
        start, count = self._span()
        codes = pack(self._image[start : start + count], CODE_BITS)
        return ask(f"read branches {start} to {start + count - 1}", ReadRequest(start, count), codes)

    def _digest(self) -> Question:
        digest = image_digest(self._image)
        answer = digest.to_bytes(4, "little") + self._boot_count.to_bytes(4, "little")
        return Question("tell the digest of all codes", Command(Message.DIGEST, has_data=True), answer)

    def _measure(self) -> Question:
        levels = [self._chance.randrange(2**BITS) for _ in range(INPUTS + OUTPUTS)]
        inputs, clamps = dict(enumerate(levels[:INPUTS])), dict(enumerate(levels[INPUTS:]))
        body = encode_boundary(WireBoundary(inputs, clamps=clamps), Shape(INPUTS, OUTPUTS, BITS))
        request = MeasureRequest(0, 1, 0, len(levels), 1, body)
        return ask("drive all lines and read them", request, pack(np.array(levels), BITS))


def compare(question: Question, reply: Frame) -> str | None:
    """What is wrong with a reply, in words and in hex; None: nothing."""
    if reply.flags == 0 and reply.payload == question.answer:
        return None
    expected, came = question.answer, reply.payload
    first = next((k for k, (a, b) in enumerate(zip(expected, came, strict=False)) if a != b), None)
    where = f"byte {first} differs first" if first is not None else f"{len(came)} bytes, not {len(expected)}"
    words = where if reply.flags == 0 else f"it was refused with status {reply.flags}"
    return "\n".join(
        [
            f"asked to {question.words}, the board gave a wrong answer that was accepted: {words}",
            f"  asked    {question.command.message:02x} {question.command.payload.hex(' ')}",
            f"  expected {expected.hex(' ') or 'nothing'}",
            f"  came     {came.hex(' ') or 'nothing'}",
        ]
    )


def hold(session: Session, questions: Sequence[Question], outcome: Outcome) -> None:
    """Carry one exchange out and judge it."""
    began = time.monotonic()
    replies = session.run([question.command for question in questions])
    outcome.longest = max(outcome.longest, time.monotonic() - began)
    outcome.requests += len(questions)
    if len(replies) != len(questions):
        outcome.wrong.append(f"{len(questions)} requests had {len(replies)} replies")
        return
    found = (compare(question, reply) for question, reply in zip(questions, replies, strict=True))
    outcome.wrong += [text for text in found if text is not None]


def begin(session: Session, talk: Talk, outcome: Outcome) -> None:
    """Say hello until it is heard, and write all codes."""
    while True:
        try:
            hello = session.hello()
            hold(session, talk.begin(hello.boot_count), outcome)
        except (LinkOpenError, LinkTimeout):
            outcome.lost += 1
        else:
            return


def soak(link: Link, exchanges: int, seed: int, progress: Progress, name: str) -> tuple[Outcome, Session]:
    """Exchanges over one line, until one is wrong."""
    outcome, talk, session = Outcome(), Talk(seed), Session(link)
    task = progress.add_task(name, total=exchanges)
    begin(session, talk, outcome)
    while outcome.exchanges < exchanges and not outcome.wrong:
        began = time.monotonic()
        try:
            hold(session, talk.exchange(), outcome)
        except LinkTimeout:
            outcome.lost += 1
            begin(session, talk, outcome)
        except LabrigError as error:
            outcome.wrong.append(f"an exchange ended in {type(error).__name__}: {error}")
        if time.monotonic() - began > PATIENCE:
            outcome.wrong.append(f"an exchange took {time.monotonic() - began:.0f} s, and nobody was told")
        outcome.exchanges += 1
        progress.advance(task)
    return outcome, session


def run(case: Case, exchanges: int, target: str, seed: int, progress: Progress) -> tuple[Outcome, Session]:
    launch = Launch.model_validate({"target": target})
    with (
        tempfile.TemporaryDirectory() as folder,
        launched(launch, MODEL, Topology.crossbar(INPUTS, OUTPUTS), "SOAK", Path(folder)) as port,
        closing(open_link(SerialLink(port=port))) as link,
    ):
        return soak(damaged(link, case.faults, seed), exchanges, seed, progress, case.name)


def read_options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/soak wire", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--exchanges", type=int, default=200_000, help="of all cases together")
    parser.add_argument(
        "--rate", type=float, help="share of bytes damaged, for each kind; default: a mixture of cases"
    )
    parser.add_argument("--on", choices=("host", "atmega2560"), default="host", help="what runs the firmware")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    if options.exchanges < 1:
        parser.error(f"--exchanges: found {options.exchanges}; it must be at least 1")
    if options.rate is not None and not 0 < options.rate <= 1:
        parser.error(f"--rate: found {options.rate:g}; it must be above 0 and at most 1")
    return options


HEADINGS = ("damage", "exchanges", "requests", "sent again", "lost", "wrong", "longest", "bytes")


def row(name: str, outcome: Outcome, session: Session) -> list[str]:
    tally = session.tally
    counts = (outcome.exchanges, outcome.requests, tally.retries, outcome.lost, len(outcome.wrong))
    size = tally.bytes_down + tally.bytes_up
    return [name, *(f"{n}" for n in counts), f"{outcome.longest:.2f} s", f"{size}"]


def complaints(case: Case, outcome: Outcome) -> list[str]:
    found = [f"{case.name}: {text}" for text in outcome.wrong]
    if outcome.lost and not case.may_lose:
        found.append(f"{case.name}: {outcome.lost} exchanges were lost, and none may be")
    return found


def main(words: Sequence[str] | None = None) -> int:
    options = read_options(words)
    table = Table(title=f"Firmware on {options.on}: {options.exchanges} exchanges on damaged lines")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "damage" else "right", no_wrap=True)
    failed: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for case in CASES if options.rate is None else at_rate(options.rate):
            count = max(1, round(case.share * options.exchanges))
            outcome, session = run(case, count, options.on, options.seed, progress)
            failed += complaints(case, outcome)
            table.add_row(*row(case.name, outcome, session))
    # Piped, rich would fold the table to 80 columns.
    Console(width=max(110, Console().width)).print(table)
    for text in failed:
        print(text, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
