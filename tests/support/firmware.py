"""The compiled firmware on this computer: circuits for it, and raw frames to it."""

import os
import select
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from labrig.arrays import CodeArray, FloatArray
from labrig.wire.boundaries import Shape, WireBoundary, encode_boundary
from labrig.wire.definition import (
    FINGERPRINT,
    VERSION,
    ArmRequest,
    HelloReply,
    HelloRequest,
    MeasureRequest,
    Message,
    Status,
    StatusReply,
    WriteRequest,
)
from labrig.wire.framing import Frame, FrameDecoder, encode_frame
from labrig.wire.messages import decode, encode
from labrig.wire.packing import pack, unpack_rows
from tests.support.memristor_file import MemristorFile

FIRMWARE = Path(__file__).parents[2] / "firmware_protocol"
HELLO = Frame(Message.HELLO, 0, payload=encode(HelloRequest(VERSION, FINGERPRINT)))
SECONDS = 5.0
"""How long anything may take; far more than it does."""


@dataclass(frozen=True)
class Circuit:
    """A circuit file, and its equations."""

    inputs: int
    outputs: int
    hidden: int
    branches: Sequence[tuple[int, int]]
    drive: float
    adc: tuple[int, float] = (16, 5.0)
    dac: tuple[int, float] = (16, 5.0)
    faults: Sequence[str] = ()
    seed: int = 0
    part: str = "MCP4351-104"
    codes: tuple[int, int, int, int] = (9, 0, 256, 128)
    """Bits, lowest, highest and the one at power-up."""
    steps: int = 256
    learns: bool = False
    memristors: MemristorFile | None = None
    """In place of wipers."""

    @property
    def lines(self) -> int:
        return self.inputs + self.outputs + self.hidden

    @property
    def shape(self) -> Shape:
        return Shape(self.inputs, self.outputs, self.dac[0])

    @property
    def resistances(self) -> FloatArray:
        """End to end, 100 kohm and 20 %."""
        return np.random.default_rng(self.seed).uniform(80e3, 120e3, len(self.branches))

    def text(self) -> str:
        ends = zip(self.branches, self.resistances.tolist(), strict=True)
        branches = [f"branch {a} {b} {r!r} 75" for (a, b), r in ends]
        parts = [f"codes {' '.join(map(str, self.codes))}", f"law rheostat {self.steps}"]
        if self.memristors is not None:
            branches = [f"branch {a} {b} {self.memristors.initial!r}" for a, b in self.branches]
            parts = self.memristors.lines()
        laws = "\n".join(parts)
        return f"""labrig-circuit 1
part {self.part}
lines {self.inputs} {self.outputs} {self.hidden}
{laws}
adc {self.adc[0]} {self.adc[1]!r}
dac {self.dac[0]} {self.dac[1]!r}
drive {self.drive!r}
nudge toward
nudge through 1e-9 1e-3
nudge inject
""" + "".join(f"{line}\n" for line in [*["learn"] * self.learns, *branches, *self.faults])

    def volts(self, codes: CodeArray, boundary: WireBoundary) -> FloatArray:
        """Of all lines; the boundary has no nudge toward a target."""
        g = 1 / (75 + self.resistances * codes / self.steps)
        matrix = np.zeros((self.lines, self.lines))
        right = np.zeros(self.lines)
        for (a, b), conductance in zip(self.branches, g, strict=True):
            matrix[[a, b, a, b], [a, b, b, a]] += np.array([1, 1, -1, -1]) * conductance
        lsb = self.dac[1] / (2 ** self.dac[0] - 1)
        clamps = {self.inputs + line: code for line, code in boundary.clamps.items()}
        for line, code in {**(boundary.inputs or {}), **clamps}.items():
            if self.drive == 0:
                matrix[line], right[line] = np.eye(self.lines)[line], code * lsb
            else:
                matrix[line, line] += 1 / self.drive
                right[line] += code * lsb / self.drive
        if boundary.through is not None:
            for line, code in boundary.through.targets.items():
                matrix[self.inputs + line, self.inputs + line] += boundary.through.conductance * 1e-9
                right[self.inputs + line] += boundary.through.conductance * 1e-9 * code * lsb
        for line, current in boundary.inject.items():
            right[self.inputs + line] += current * 1e-12
        return np.linalg.solve(matrix, right).astype(np.float64)

    def readings(self, codes: CodeArray, boundary: WireBoundary) -> CodeArray:
        """ADC codes of all lines."""
        lsb = self.adc[1] / (2 ** self.adc[0] - 1)
        ideal = np.floor(self.volts(codes, boundary) / lsb + 0.5)
        codes_read: CodeArray = np.clip(ideal, 0, 2 ** self.adc[0] - 1).astype(np.int64)
        return codes_read


def crossbar(inputs: int, outputs: int, drive: float) -> Circuit:
    """Complete bipartite, behind drive resistors."""
    pairs = [(i, inputs + j) for i in range(inputs) for j in range(outputs)]
    return Circuit(inputs, outputs, 0, pairs, drive)


# A ring of 9 lines with three chords: two inputs, three outputs and four hidden lines, in that order.
RING = [0, 5, 2, 6, 1, 7, 3, 8, 4]
GRAPH = Circuit(2, 3, 4, [*zip(RING, [*RING[1:], 0], strict=True), (0, 7), (5, 3), (6, 8)], 0.0)
SMALL = crossbar(3, 2, 100.0)


class Wire:
    """A board's wire, and the frames that cross it."""

    def __init__(self, descriptor: int, circuit: Circuit) -> None:
        self.descriptor = descriptor
        self.circuit = circuit
        self.seq = 0
        self._decoder = FrameDecoder()
        self._waiting: list[Frame] = []

    def send(self, *frames: Frame) -> None:
        os.write(self.descriptor, b"".join(encode_frame(frame) for frame in frames))

    def receive(self) -> Frame:
        while not self._waiting:
            assert select.select([self.descriptor], [], [], SECONDS)[0], "the board says nothing"
            self._waiting += self._decoder.feed(os.read(self.descriptor, 4096))
        return self._waiting.pop(0)

    def ask(self, frame: Frame) -> Frame:
        self.send(frame)
        return self.receive()

    def next(self, message: Message, payload: bytes = b"") -> Frame:
        """The next frame of the session."""
        frame = Frame(message, self.seq, payload=payload)
        self.seq = (self.seq + 1) % 256
        return frame

    def do(self, message: Message, payload: bytes = b"") -> bytes:
        reply = self.ask(self.next(message, payload))
        assert (reply.type, reply.flags) == (message | 0x80, Status.OK)
        return reply.payload

    def hello(self) -> HelloReply:
        reply = self.ask(HELLO)
        assert (reply.type, reply.seq, reply.flags) == (Message.HELLO | 0x80, 0, Status.OK)
        self.seq = 1
        return decode(HelloReply, reply.payload)

    def arm(self, milliseconds: int = 60_000) -> None:
        self.do(Message.ARM, encode(ArmRequest(milliseconds)))

    def status(self) -> StatusReply:
        return decode(StatusReply, self.ask(Frame(Message.STATUS, 200)).payload)

    def write(self, codes: CodeArray) -> None:
        for start in range(0, len(codes), 180):
            part = codes[start : start + 180]
            self.do(Message.WRITE, encode(WriteRequest(start, len(part), pack(part, self.circuit.codes[0]))))

    def request(self, *boundaries: WireBoundary, averages: int = 1, count: int | None = None) -> bytes:
        body = b"".join(encode_boundary(boundary, self.circuit.shape) for boundary in boundaries)
        scan = self.circuit.lines if count is None else count
        return encode(MeasureRequest(0, averages, 0, scan, len(boundaries), body))

    def measure(self, *boundaries: WireBoundary, averages: int = 1) -> CodeArray:
        reply = self.do(Message.MEASURE, self.request(*boundaries, averages=averages))
        bits = self.circuit.adc[0] + (averages - 1).bit_length()
        return unpack_rows(reply, max(len(boundaries), 1), self.circuit.lines, bits)


class Board(Wire):
    """The wire of a board that is a process of its own."""

    def __init__(self, process: subprocess.Popen[str], descriptor: int, circuit: Circuit) -> None:
        super().__init__(descriptor, circuit)
        self.process = process


class Boards(Protocol):
    """Starts boards of one kind in a folder, and ends them."""

    @property
    def folder(self) -> Path: ...

    def board(self, circuit: Circuit) -> Wire:
        """On a port that is called ``port`` in the folder."""
        ...

    def open(self, path: str) -> int: ...

    def hang_up(self) -> None:
        """Close all that was opened."""
        ...

    def close(self) -> None: ...


class Hosted(Boards, Protocol):
    """Boards that are programs of this computer: they notice when their client reads nothing, or has gone."""

    def tcp(self, circuit: Circuit) -> str:
        """On a TCP port of this computer, ``tcp://HOST:PORT``."""
        ...


class Terminals:
    """Opens the terminals of boards in a folder, and closes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptors: list[int] = []

    def open(self, path: str) -> int:
        return self.keep(os.open(path, os.O_RDWR | os.O_NOCTTY))

    def keep(self, descriptor: int) -> int:
        """Close it with the others."""
        self._descriptors.append(descriptor)
        return descriptor

    def hang_up(self) -> None:
        """Close all that was opened."""
        while self._descriptors:
            os.close(self._descriptors.pop())


class Starter(Terminals):
    """Starts boards in a folder, and ends them."""

    def __init__(self, program: Path, folder: Path, *options: str) -> None:
        super().__init__(folder)
        self.program = program
        self.options = options
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, circuit: Circuit, *port: str) -> tuple[subprocess.Popen[str], str]:
        """The process and the resource it named."""
        file = self.folder / "circuit.txt"
        file.write_text(circuit.text())
        others = ["--serial", "A7F3", "--eeprom", str(self.folder / "eeprom"), "--circuit", str(file)]
        process = subprocess.Popen(
            [self.program, *port, *others, *self.options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        assert process.stdout is not None
        word, resource = process.stdout.readline().split()
        assert word == "ready"
        return process, resource

    def tcp(self, circuit: Circuit) -> str:
        """Start one on a TCP port; the resource."""
        return self.start(circuit, "--tcp", "127.0.0.1:0")[1]

    def board(self, circuit: Circuit) -> Board:
        """On a pseudo-terminal."""
        link = self.folder / "port"
        process, resource = self.start(circuit, "--pty", str(link))
        assert str(link.readlink()) == resource
        return Board(process, self.open(str(link)), circuit)

    def close(self) -> None:
        """End everything."""
        self.hang_up()
        for process in self._processes:
            process.kill()
            process.communicate()
