"""How near the emulated board comes to its wire: writes and steps of a 40 × 30 crossbar, in emulated time.

The firmware runs on an emulated ATmega2560 whose line, SPI bus and parts have the timing of the real ones;
the host answers without delay. Share: all bytes down × 10 bits / baud, over the time from the first bit down
to the last bit of the last reply. A step: the inputs, a full write confirmed by its digest, and a scan of the
outputs, free and clamped. What labrig sends in training is recorded on the firmware compiled for this
computer, and played in the same way; it scans every line.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from subprocess import PIPE
from typing import IO, Any, cast

import numpy as np
from rich.console import Console
from rich.table import Table

from labrig.arrays import CodeArray
from labrig.boards.base import BoardRequest, Codes, program_digest
from labrig.boards.pipeline import paired_payload
from labrig.boards.wired import open_wired
from labrig.boards.writing import plan_writes
from labrig.circuit.boundary import Boundary
from labrig.config.links import SerialLink
from labrig.links.opening import open_link
from labrig.links.transcript import RecordingLink
from labrig.sim.launch import find_firmware
from labrig.wire.boundaries import Shape, WireBoundary, encode_boundary
from labrig.wire.definition import (
    FINGERPRINT,
    VERSION,
    ApplyRequest,
    ArmRequest,
    HelloReply,
    HelloRequest,
    MeasureRequest,
    Message,
    Status,
    WriteRequest,
)
from labrig.wire.framing import Frame, FrameDecoder, encode_frame
from labrig.wire.messages import decode, encode
from labrig.wire.packing import pack

INPUTS, OUTPUTS = 40, 30
BRANCHES = INPUTS * OUTPUTS
HERTZ = 16e6
BITS_A_BYTE = 10
BAUDRATES = (115_200, 500_000, 1_000_000)
SHAPE = Shape(INPUTS, OUTPUTS, 16)
STEPS = 6
ASCII = "W {branch} {code}\n"
"""A command a branch, as a plain terminal protocol has it; each is answered by ``OK`` and a line end."""


@dataclass(frozen=True)
class Wipers:
    """The parts of the branches."""

    name: str
    bits: int
    top: int
    steps: int

    def circuit(self) -> str:
        rng = np.random.default_rng(3)
        head = (
            f"labrig-circuit 1\npart {self.name}\nlines {INPUTS} {OUTPUTS} 0\n"
            f"codes {self.bits} 0 {self.top} {self.top // 2}\nlaw rheostat {self.steps}\n"
            "adc 16 5\ndac 16 5\ndrive 100\nnudge toward\n"
        ) + "learn\n" * (self.bits == 8)
        ends = [(i, INPUTS + j) for i in range(INPUTS) for j in range(OUTPUTS)]
        resistances = rng.uniform(80e3, 120e3, BRANCHES)
        return head + "".join(f"branch {a} {b} {r} 75\n" for (a, b), r in zip(ends, resistances, strict=True))


WIPERS = (
    Wipers("MCP4351-104", 8, 255, 256),
    Wipers("MCP4351-104", 9, 256, 256),
    Wipers("AD5270-100", 10, 1023, 1024),
)


@dataclass
class Script:
    """What a host without delay plays: frames, pauses until one is answered, and marks of time."""

    window: int
    lines: list[str] = field(default_factory=list[str])
    frames: int = 0
    bytes_down: int = 0

    def send(self, message: Message, payload: bytes = b"") -> None:
        encoded = encode_frame(Frame(message, self.frames & 0xFF, payload=payload))
        self.lines.append(f"frame {encoded.hex()}")
        self.frames += 1

    def wait(self, frame: int | None = None) -> None:
        """Until this frame, or the last one, is answered."""
        self.lines.append(f"wait {self.frames - 1 if frame is None else frame}")

    def mark(self) -> None:
        self.lines.append("mark")

    def text(self) -> str:
        return "\n".join([f"window {self.window}", *self.lines, ""])


@dataclass(frozen=True)
class Timing:
    """Between two marks."""

    seconds: float
    bytes_down: int

    def share(self, baudrate: int) -> float:
        return self.bytes_down * BITS_A_BYTE / baudrate / self.seconds


class Bench:
    """Plays scripts on a new board each."""

    def __init__(self, folder: Path, wipers: Wipers) -> None:
        self.folder = folder
        self.wipers = wipers
        self.program = find_firmware("atmega2560")
        self.window = decode(HelloReply, self._play(self.begin(255), 1_000_000)[1][0].payload).window

    def begin(self, window: int | None = None) -> Script:
        """A session, armed."""
        script = Script(window or self.window)
        script.send(Message.HELLO, encode(HelloRequest(VERSION, FINGERPRINT)))
        script.send(Message.ARM, encode(ArmRequest(60_000)))
        script.wait()
        script.mark()
        return script

    def time(self, script: Script, baudrate: int) -> Timing:
        """From the first mark to the last; raises what `laps` does."""
        laps = self.laps(script, baudrate)
        return Timing(sum(lap.seconds for lap in laps), sum(lap.bytes_down for lap in laps))

    def laps(self, script: Script, baudrate: int) -> list[Timing]:
        """From each mark to the next.

        Raises
        ------
        RuntimeError
            A request was refused, or a model counted something that a datasheet does not allow.
        """
        report, replies = self._play(script, baudrate)
        refused = [reply for reply in replies if reply.flags != Status.OK]
        if len(replies) != script.frames or refused:
            msg = f"{script.frames} requests, {len(replies)} replies, refused: {refused}"
            raise RuntimeError(msg)
        abuses = {
            key: report[key] for key in ("receive_overruns", "spi_collisions", "select_faults", "select_cuts")
        }
        counted = {key: count for key, count in {**abuses, **report["parts"]}.items() if count}
        if counted:
            msg = f"the models counted {counted}"
            raise RuntimeError(msg)
        return [
            Timing((last["cycle"] - first["cycle"]) / HERTZ, last["bytes_down"] - first["bytes_down"])
            for first, last in pairwise(report["marks"])
        ]

    def _play(self, script: Script, baudrate: int) -> tuple[dict[str, Any], list[Frame]]:
        circuit, played, told = (self.folder / name for name in ("circuit", "script", "report"))
        circuit.write_text(self.wipers.circuit())
        played.write_text(script.text())
        paths = {"--circuit": circuit, "--play": played, "--statistics": told}
        options = [word for option, path in paths.items() for word in (option, str(path))]
        subprocess.run([self.program, *options, "--baud", str(baudrate)], check=True)
        report: dict[str, Any] = json.loads(told.read_text())
        decoder = FrameDecoder()
        replies = [
            frame for reply in report["replies"] for frame in decoder.feed(bytes.fromhex(reply) + b"\0")
        ]
        return report, replies


def codes(wipers: Wipers, seed: int) -> CodeArray:
    """Of all branches; neighbours differ."""
    return np.random.default_rng(seed).integers(0, wipers.top + 1, BRANCHES)


def changed(rng: np.random.Generator, wipers: Wipers, old: CodeArray, share: float) -> CodeArray:
    """This share of the codes is another."""
    new = old.copy()
    chosen = rng.permutation(BRANCHES)[: round(share * BRANCHES)]
    new[chosen] = (new[chosen] + rng.integers(1, wipers.top, len(chosen))) % (wipers.top + 1)
    return new


def send_writes(script: Script, old: CodeArray | None, new: CodeArray, bits: int) -> None:
    for command in plan_writes(old, new, bits, paired_payload(script.window))[0]:
        script.send(command.message, command.payload)


def isolated_write(bench: Bench) -> Script:
    script = bench.begin()
    send_writes(script, None, codes(bench.wipers, 1), bench.wipers.bits)
    script.wait()
    script.mark()
    return script


def streamed_writes(bench: Bench) -> Script:
    script = bench.begin()
    for seed in range(STEPS):
        send_writes(script, None, codes(bench.wipers, seed), bench.wipers.bits)
    script.wait()
    script.mark()
    return script


def sparse_write(bench: Bench) -> Script:
    """A tenth of the codes changes."""
    script = bench.begin()
    old = codes(bench.wipers, 1)
    send_writes(script, None, old, bench.wipers.bits)
    script.wait()
    script.lines.remove("mark")
    script.mark()
    new = old.copy()
    changed = np.random.default_rng(2).permutation(BRANCHES)[: BRANCHES // 10]
    new[changed] = (new[changed] + 1) % (bench.wipers.top + 1)
    send_writes(script, old, new, bench.wipers.bits)
    script.wait()
    script.mark()
    return script


def frame_a_branch(bench: Bench) -> Script:
    """Every code in a frame of its own."""
    script = bench.begin()
    bits = bench.wipers.bits
    for branch, code in enumerate(codes(bench.wipers, 1)):
        script.send(Message.WRITE, encode(WriteRequest(branch, 1, pack(np.array([code]), bits))))
    script.wait()
    script.mark()
    return script


def measure(script: Script, boundary: WireBoundary, *, scan: int = OUTPUTS) -> None:
    body = encode_boundary(boundary, SHAPE)
    script.send(Message.MEASURE, encode(MeasureRequest(0, 1, INPUTS, scan, 1, body)))


def dac_codes(rng: np.random.Generator, lines: int) -> dict[int, int]:
    chosen: list[int] = rng.integers(1, 65536, lines).tolist()
    return dict(enumerate(chosen))


def inputs(rng: np.random.Generator) -> dict[int, int]:
    return dac_codes(rng, INPUTS)


def clamps(rng: np.random.Generator) -> dict[int, int]:
    return dac_codes(rng, OUTPUTS)


def steps(bench: Bench, *, ahead: bool, share: float = 1.0) -> Script:
    """Whole steps one after another, each with this share of the codes changed.

    The next inputs go behind the last scan, or with the next free one.
    """
    script = bench.begin()
    rng = np.random.default_rng(4)
    if ahead:
        measure(script, WireBoundary(inputs(rng)), scan=0)
        script.wait()
        script.lines.remove("mark")
        script.mark()
    old = None
    new = codes(bench.wipers, 0)
    for _ in range(STEPS):
        send_writes(script, old, new, bench.wipers.bits)
        script.send(Message.APPLY, encode(ApplyRequest(program_digest(Codes(new)))))
        measure(script, WireBoundary(None if ahead else inputs(rng)))
        measure(script, WireBoundary(None, clamps(rng)))
        needed = script.frames - 1
        if ahead:
            measure(script, WireBoundary(inputs(rng)), scan=0)
        script.wait(needed)
        old, new = (None if share == 1 else new), changed(rng, bench.wipers, new, share)
    script.mark()
    script.wait()
    return script


def trainer_steps(bench: Bench, *, share: float) -> Script:
    """Updates as labrig sends them: exchanges that change this share of the codes."""
    rng = np.random.default_rng(5)
    new = codes(bench.wipers, 0)
    requests = [BoardRequest(states(rng), Codes(new))]
    for _ in range(STEPS):
        new = changed(rng, bench.wipers, new, share)
        requests.append(BoardRequest(states(rng), Codes(new)))
    script = bench.begin()
    script.lines.remove("mark")
    for number, frames in enumerate(recorded(bench, requests)):
        if number == 1:
            script.mark()
        for frame in frames:
            if frame.type not in {Message.HELLO, Message.ARM, Message.HEARTBEAT}:
                script.send(Message(frame.type), frame.payload)
        script.wait()
    script.mark()
    return script


def states(rng: np.random.Generator) -> list[Boundary]:
    """A free and a clamped one."""
    driven = dict(enumerate(rng.uniform(0.5, 4.5, INPUTS)))
    clamped = {INPUTS + output: volts for output, volts in enumerate(rng.uniform(0.5, 4.5, OUTPUTS))}
    return [Boundary(driven), Boundary(driven | clamped)]


def recorded(bench: Bench, requests: Sequence[BoardRequest]) -> list[list[Frame]]:
    """Frames of each exchange, as labrig sends them to such a board."""
    circuit, port, transcript = (bench.folder / name for name in ("circuit", "port", "transcript"))
    circuit.write_text(bench.wipers.circuit())
    options = ["--pty", str(port), "--circuit", str(circuit), "--until-eof"]
    ends: list[int] = []
    with subprocess.Popen([bench.program, *options], stdin=PIPE, stdout=PIPE) as process:
        cast("IO[bytes]", process.stdout).readline()
        link = open_link(SerialLink(port=str(port)))
        with closing(open_wired(RecordingLink(link, transcript))) as board:
            for request in requests:
                board.exchange(request)
                ends.append(board.counters.frames)
        process.terminate()
    lines = [json.loads(line) for line in transcript.read_text().splitlines()]
    decoder = FrameDecoder()
    frames = [frame for line in lines for frame in decoder.feed(bytes.fromhex(line.get("write", "")))]
    return [frames[start:end] for start, end in pairwise([0, *ends])]


def ascii_bytes(wipers: Wipers) -> int:
    """Down, of a full write."""
    return sum(len(ASCII.format(branch=k, code=code)) for k, code in enumerate(codes(wipers, 1)))


def schemes(bench: Bench) -> Iterator[tuple[str, Script]]:
    yield "full write, alone", isolated_write(bench)
    yield "full writes, streamed", streamed_writes(bench)
    yield "whole steps", steps(bench, ahead=False)
    yield "whole steps, next inputs sent ahead", steps(bench, ahead=True)
    yield "labrig's steps, all codes change", trainer_steps(bench, share=1.0)
    yield "labrig's steps, a tenth changes", trainer_steps(bench, share=0.1)
    yield "a tenth of the codes", sparse_write(bench)
    yield "one frame a branch", frame_a_branch(bench)


def rows(bench: Bench, baudrates: Sequence[int]) -> Iterator[list[str]]:
    for name, script in schemes(bench):
        repeats = STEPS if "writes" in name or "steps" in name else 1
        timings = [bench.time(script, baudrate) for baudrate in baudrates]
        cells = [
            f"{timing.share(baud):6.1%}  {repeats / timing.seconds:6.1f}/s"
            for baud, timing in zip(baudrates, timings, strict=True)
        ]
        yield [name, str(timings[0].bytes_down // repeats), *cells]
    size = ascii_bytes(bench.wipers)
    limits = [f"limit   {baud / BITS_A_BYTE / size:6.1f}/s" for baud in baudrates]
    yield ["one line of ASCII a branch (computed)", str(size), *limits]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baud", type=int, nargs="+", default=BAUDRATES, help="rates of the line")
    chosen = parser.parse_args()
    console = Console(width=None if Console().is_terminal else 140)
    for wipers in WIPERS:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), wipers)
            table = Table(title=f"{BRANCHES} branches of {wipers.name}, codes of {wipers.bits} bits")
            for head in ("scheme", "bytes down", *(f"{baud} baud" for baud in chosen.baud)):
                table.add_column(head, justify="left" if head == "scheme" else "right")
            for row in rows(bench, chosen.baud):
                table.add_row(*row)
        console.print(table)


if __name__ == "__main__":
    main()
