"""What is written by hand for the microcontroller does what the portable C does, in its own registers."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from labrig.arrays import IntArray
from labrig.boards.base import Codes, program_digest
from labrig.boards.writing import plan_writes
from labrig.wire.boundaries import Shape, Toward, WireBoundary, encode_boundary
from labrig.wire.definition import (
    FINGERPRINT,
    VERSION,
    ApplyRequest,
    ArmRequest,
    HelloRequest,
    LatentReadRequest,
    LatentWriteRequest,
    LearnReply,
    LearnRequest,
    MeasureRequest,
    Message,
    ReadRequest,
    Status,
    StatusReply,
    WriteRequest,
)
from labrig.wire.framing import Frame, FrameDecoder, encode_frame
from labrig.wire.learning import LATENT_TOP
from labrig.wire.messages import decode, encode
from labrig.wire.packing import pack
from tests.support.emulator import BUILT, PROGRAM
from tests.support.firmware import FIRMWARE, Circuit, crossbar

HAND_WRITTEN = BUILT / "labrig-atmega2560.elf"
VECTORS = FIRMWARE / "vectors"
PORTABLE = BUILT / "labrig-atmega2560-portable.elf"


@pytest.fixture(scope="session")
def variants(emulator_built: None) -> tuple[Path, Path]:
    """The firmware, and the same without what is written by hand."""
    subprocess.run(["make", "--silent", "-C", FIRMWARE, "portable"], check=True)
    return HAND_WRITTEN, PORTABLE


@dataclass(frozen=True)
class GoldenCircuit:
    """That of the golden LEARN, of the parts that the emulated board has."""

    file: Path

    def text(self) -> str:
        lines = self.file.read_text().splitlines()
        stood_for = {"part": "part MCP4351-104", "nudge through": "nudge through 1e-9 1e-3"}
        for begin, line in stood_for.items():
            (at,) = (k for k, given in enumerate(lines) if given.startswith(f"{begin} "))
            lines[at] = line
        return "\n".join([*lines, ""])


class Script:
    """Frames for a host that plays them, and noise between them."""

    def __init__(self) -> None:
        self.lines = ["window 700"]
        self.sent = 0
        self.seq = 0
        self.expected: list[int] = []

    def put(self, data: bytes) -> None:
        self.lines.append(f"frame {data.hex()}")
        self.sent += 1

    def ask(self, message: Message, payload: bytes = b"") -> None:
        """Send a request and wait for its reply."""
        self.put(encode_frame(Frame(message, self.seq, payload=payload)))
        self.lines.append(f"wait {self.sent - 1}")
        self.seq = (self.seq + 1) % 256

    def repeat(self) -> None:
        """Send the last request again, as a host does that missed the reply."""
        self.lines += [self.lines[-2], f"wait {self.sent}"]
        self.sent += 1

    def play(self, folder: Path, firmware: Path, circuit: Circuit | GoldenCircuit) -> list[Frame]:
        """The replies; the models must have nothing to complain of."""
        file, script, report = (folder / name for name in ("circuit", "script", "report"))
        file.write_text(circuit.text())
        script.write_text("\n".join([*self.lines, ""]))
        paths = {"--circuit": file, "--play": script, "--statistics": report, "--firmware": firmware}
        options = [word for option, path in paths.items() for word in (option, str(path))]
        subprocess.run([PROGRAM, *options, "--baud", "115200"], check=True)
        told = json.loads(report.read_text())
        assert (told["receive_overruns"], told["spi_collisions"], set(told["parts"].values())) == (0, 0, {0})
        decoder = FrameDecoder()
        return [f for reply in told["replies"] for f in decoder.feed(bytes.fromhex(reply) + b"\0")]


def hello() -> Script:
    script = Script()
    script.ask(Message.HELLO, encode(HelloRequest(VERSION, FINGERPRINT)))
    return script


def noise(rng: np.random.Generator) -> Iterator[bytes]:
    """What is no frame, in every way that one can be spoilt."""
    frame = encode_frame(Frame(Message.PING, 7, payload=rng.integers(0, 3, 40, dtype=np.uint8).tobytes()))
    place = int(rng.integers(len(frame) - 1))
    yield rng.integers(0, 256, int(rng.integers(1, 60)), dtype=np.uint8).tobytes() + b"\0"
    yield rng.integers(1, 256, int(rng.integers(230, 300)), dtype=np.uint8).tobytes()[:250] + b"\0"
    yield frame[:place] + bytes([frame[place] ^ 1 << int(rng.integers(8))]) + frame[place + 1 :] + b"\0"
    yield frame[:place] + b"\0"
    yield frame[:place] + frame[place + 1 :]
    yield b"\0\0"
    yield b"\1" * 200 + b"\0"
    yield b"\1" * 239 + b"\0"
    yield b"\xff" * 250 + b"\0"


def test_both_take_frames_and_refuse_noise_alike(variants: tuple[Path, Path], tmp_path: Path) -> None:
    rng = np.random.default_rng(23)
    circuit = crossbar(4, 4, 100.0)
    script = hello()
    sent: list[bytes] = []
    for _ in range(25):
        for spoilt in noise(rng):
            script.put(spoilt)
            sent.append(
                rng.integers(0, int(rng.choice([2, 256])), int(rng.integers(233)), dtype=np.uint8).tobytes()
            )
            script.ask(Message.PING, sent[-1])
            script.repeat()
    script.ask(Message.STATUS)
    by_hand, portable = (script.play(tmp_path, variant, circuit) for variant in variants)
    assert [frame.payload for frame in by_hand[1:-1:2]] == sent
    assert by_hand[1:-1:2] == by_hand[2:-1:2]
    assert by_hand[:-1] == portable[:-1]
    counters = slice(12, 24)  # frames good, frames bad, overruns
    assert by_hand[-1].payload[counters] == portable[-1].payload[counters]


@pytest.mark.parametrize(
    "circuit",
    [
        crossbar(6, 5, 100.0),
        Circuit(6, 5, 0, crossbar(6, 5, 0.0).branches, 100.0, codes=(8, 0, 255, 128)),
        Circuit(
            6,
            5,
            0,
            crossbar(6, 5, 0.0).branches,
            100.0,
            part="AD5270-100",
            codes=(10, 0, 1023, 512),
            steps=1024,
        ),
    ],
    ids=["9 bits", "8 bits", "10 bits"],
)
def test_both_write_what_was_sent_and_tell_its_digest(
    variants: tuple[Path, Path], tmp_path: Path, circuit: Circuit
) -> None:
    rng = np.random.default_rng(5)
    bits, top, count = circuit.codes[0], circuit.codes[2], len(circuit.branches)
    script = hello()
    old = None
    for changing in (1.0, 1.0, 0.1, 0.3, 0.03, 1.0):
        new = rng.integers(0, top + 1, count)
        if old is not None:
            new = np.where(rng.random(count) < changing, new, old)
        for command in plan_writes(old, new, bits, int(rng.integers(20, 232)))[0]:
            script.ask(command.message, command.payload)
        script.ask(Message.APPLY, encode(ApplyRequest(program_digest(Codes(new)))))
        old = new
    by_hand, portable = (script.play(tmp_path, variant, circuit) for variant in variants)
    assert {frame.flags for frame in by_hand} == {Status.OK}
    assert by_hand == portable


@pytest.mark.parametrize(
    "legal", [(9, 0, 256), (8, 7, 250), (10, 300, 1000)], ids=["9 bits", "8 bits", "10 bits"]
)
def test_both_refuse_a_code_out_of_range_wherever_it_stands(
    variants: tuple[Path, Path], tmp_path: Path, legal: tuple[int, int, int]
) -> None:
    rng = np.random.default_rng(8)
    bits, least, most = legal
    part, steps = ("AD5270-100", 1024) if bits == 10 else ("MCP4351-104", 256)
    circuit = replace(crossbar(6, 5, 100.0), codes=(*legal, least), part=part, steps=steps)
    count = len(circuit.branches)
    script = hello()
    sent: list[IntArray] = []
    for turn in range(60):
        codes = rng.integers(least, most + 1, count)
        if turn % 3:
            codes[rng.integers(count)] = rng.choice([least - 1, most + 1]) % 2**bits
        sent.append(codes)
        script.ask(Message.WRITE, encode(WriteRequest(0, count, pack(codes, bits))))
    script.ask(Message.READ, encode(ReadRequest(0, count)))
    by_hand, portable = (script.play(tmp_path, variant, circuit) for variant in variants)
    refused = [bool(((codes < least) | (codes > most)).any()) for codes in sent]
    assert [frame.flags == Status.RANGE for frame in by_hand[1:-1]] == refused
    assert by_hand == portable


def any_codes(rng: np.random.Generator, lines: int, top: int) -> dict[int, int]:
    chosen: list[int] = rng.integers(0, top, lines).tolist()
    return dict(enumerate(chosen))


@pytest.mark.parametrize("adc", [(16, 5.0), (12, 4.0)], ids=["16 bits", "12 bits"])
def test_both_nudge_alike(variants: tuple[Path, Path], tmp_path: Path, adc: tuple[int, float]) -> None:
    rng = np.random.default_rng(3)
    circuit = replace(crossbar(3, 4, 100.0), adc=adc, dac=(adc[0], 5.0))
    shape, top = circuit.shape, 2 ** adc[0]
    script = hello()
    script.ask(Message.ARM, encode(ArmRequest(60_000)))
    for fraction in [-32768, -16384, -1, 0, 1, 16384, 32767, *rng.integers(-32768, 32768, 20).tolist()]:
        inputs, targets = any_codes(rng, 3, top), any_codes(rng, 4, top)
        body = encode_boundary(WireBoundary(inputs, store=True), shape)
        body += encode_boundary(WireBoundary(None, toward=Toward(fraction, targets)), shape)
        averages = int(rng.choice([1, 3, 16]))
        request = MeasureRequest(0, averages, 0, circuit.lines, 2, body)
        script.ask(Message.MEASURE, encode(request))
    by_hand, portable = (script.play(tmp_path, variant, circuit) for variant in variants)
    assert {frame.flags for frame in by_hand} == {Status.OK}
    assert by_hand == portable


def boundaries(rng: np.random.Generator, samples: int, shape: Shape, near: int | None) -> bytes:
    """A free and a clamped one for each sample; near: only inputs move, by so many codes at most."""
    body = b""
    for _ in range(samples):
        inputs = any_codes(rng, shape.inputs, 65536)
        body += encode_boundary(WireBoundary(inputs), shape)
        if near is None:
            body += encode_boundary(WireBoundary(inputs, any_codes(rng, shape.outputs, 65536)), shape)
        else:
            moved = {k: min(max(v + int(rng.integers(-near, near + 1)), 0), 65535) for k, v in inputs.items()}
            body += encode_boundary(WireBoundary(moved), shape)
    return body


def thresholds(law: int, offset: int, codes: IntArray) -> IntArray:
    """Least latent of each code, within the bits of one."""
    least: IntArray = np.minimum(-(-(2**16) * law // (128 * codes + offset + 64)), LATENT_TOP)
    return least


def learn_request(rng: np.random.Generator, samples: int, shape: Shape, near: int | None) -> LearnRequest:
    """Anything that a host may ask for: latents that jump to their ends, and such that hardly move.

    The floor is a latent of the highest code, and the ceiling one of the lowest, if any is.
    """
    offset = int(rng.choice([0, 1, 100, 2000, 32767]))
    lowest, highest = sorted(rng.integers(0, 256, 2).tolist())
    law = int(2 ** rng.uniform(8, 23) * (rng.uniform(0, 255) + offset / 128 + 0.5) / 2**9) + 1
    least, most = thresholds(law, offset, np.array([lowest, highest - 1])).tolist()
    if lowest == highest:
        least = most = LATENT_TOP // 2
    floor, ceiling = int(rng.integers(0, most)), int(rng.integers(least, LATENT_TOP + 1))
    if rng.random() < 0.3:
        floor, ceiling = 0, LATENT_TOP
    return LearnRequest(
        settle=0,
        averages=int(rng.choice([1, 1, 2, 3, 16])),
        steps=int(rng.integers(1, 5)),
        rate=int(rng.integers(1, 128)),
        shift=int(rng.choice([8, 8, 16])),
        law=law,
        offset=offset,
        lowest=lowest,
        highest=highest,
        floor=floor,
        ceiling=ceiling,
        boundaries=2 * samples,
        body=boundaries(rng, samples, shape, near),
    )


def latents_for(rng: np.random.Generator, request: LearnRequest, count: int) -> IntArray:
    """Anywhere, or within a few units of where a code begins or a bound lies."""
    if rng.random() < 0.3:
        return rng.integers(0, 2 ** int(rng.integers(12, 25)), count)
    codes = rng.integers(request.lowest, request.highest + 1, count)
    ends = [request.floor, request.ceiling, 0, LATENT_TOP]
    edges = np.concatenate([thresholds(request.law, request.offset, codes), ends])
    return np.clip(rng.choice(edges, count) + rng.integers(-4, 5, count), 0, LATENT_TOP)


@pytest.mark.parametrize("near", [None, 3], ids=["by leaps", "by units"])
def test_both_learn_alike(variants: tuple[Path, Path], tmp_path: Path, near: int | None) -> None:
    """From the second step on only what has moved is converted, which is written by hand for speed."""
    rng = np.random.default_rng(11)
    circuit = replace(crossbar(6, 5, 100.0), codes=(8, 0, 255, 128), learns=True)
    shape, count = circuit.shape, len(circuit.branches)
    script = hello()
    script.ask(Message.ARM, encode(ArmRequest(60_000)))
    request = learn_request(rng, 1, shape, near)
    for turn in range(120):
        if turn % 4 != 2:
            request = learn_request(rng, int(rng.choice([1, 1, 1, 2, 3])), shape, near)
        if turn % 4 == 2:  # what is asked for stays the same, and some latents are others
            latents = latents_for(rng, request, count // 2)
            script.ask(Message.LATENT_WRITE, encode(LatentWriteRequest(0, count // 2, pack(latents, 24))))
        elif turn % 4 != 3:
            codes = rng.integers(0, 256, count)
            script.ask(Message.WRITE, encode(WriteRequest(0, count, pack(codes, 8))))
            latents = latents_for(rng, request, count)
            script.ask(Message.LATENT_WRITE, encode(LatentWriteRequest(0, count, pack(latents, 24))))
        script.ask(Message.LEARN, encode(request))
        script.ask(Message.LATENT_READ, encode(LatentReadRequest(0, count)))
        script.ask(Message.READ, encode(ReadRequest(0, count)))
    script.ask(Message.STATUS)
    by_hand, portable = (script.play(tmp_path, variant, circuit) for variant in variants)
    assert {frame.flags for frame in by_hand} == {Status.OK}
    written = [decode(StatusReply, frames.pop().payload).codes_written for frames in (by_hand, portable)]
    assert written[0] == written[1] > 0
    told = [decode(LearnReply, frame.payload) for frame in by_hand if frame.type == Message.LEARN | 0x80]
    assert any(reply.at_floor for reply in told)
    assert any(reply.at_ceiling for reply in told)
    assert by_hand == portable


@pytest.mark.parametrize(
    ("code", "latent"), [(255, LATENT_TOP), (0, 0)], ids=["to the lowest", "to the highest"]
)
def test_both_bring_every_code_of_a_large_board_from_end_to_end(
    variants: tuple[Path, Path], tmp_path: Path, code: int, latent: int
) -> None:
    """The longest update there is; its watchdog must not bite, and all 1200 are counted."""
    circuit = replace(crossbar(40, 30, 100.0), codes=(8, 0, 255, 128), learns=True)
    count = len(circuit.branches)
    script = hello()
    script.ask(Message.ARM, encode(ArmRequest(60_000)))
    for start in range(0, count, 60):
        script.ask(Message.WRITE, encode(WriteRequest(start, 60, pack(np.full(60, code), 8))))
    for start in range(0, count, 60):
        latents = pack(np.full(60, latent), 24)
        script.ask(Message.LATENT_WRITE, encode(LatentWriteRequest(start, 60, latents)))
    inputs = dict.fromkeys(range(40), 30_000)
    body = encode_boundary(WireBoundary(inputs), circuit.shape)
    body += encode_boundary(WireBoundary(inputs, {0: 30_000}), circuit.shape)
    request = LearnRequest(
        settle=0,
        averages=1,
        steps=1,
        rate=1,
        shift=16,
        law=5000,
        offset=25,
        lowest=0,
        highest=255,
        floor=5000,
        ceiling=2**23,
        boundaries=2,
        body=body,
    )
    script.ask(Message.LEARN, encode(request))
    by_hand, portable = (script.play(tmp_path, variant, circuit) for variant in variants)
    assert by_hand == portable
    told = decode(LearnReply, by_hand[-1].payload)
    assert (told.at_floor, told.at_ceiling) == ((count, 0) if latent == 0 else (0, count))


def test_the_golden_learn_is_answered_byte_by_byte(variants: tuple[Path, Path], tmp_path: Path) -> None:
    (dialogue,) = json.loads((VECTORS / "learning.json").read_text())["dialogues"]
    script = Script()
    for turn in dialogue["turns"]:
        script.put(bytes.fromhex(turn["request"]))
        script.lines.append(f"wait {script.sent - 1}")
    decoder = FrameDecoder()
    expected = [frame for turn in dialogue["turns"] for frame in decoder.feed(bytes.fromhex(turn["reply"]))]
    for variant in variants:
        replies = script.play(tmp_path, variant, GoldenCircuit(VECTORS / dialogue["circuit"]))
        # The first reply says which part and which range of nudges the board has.
        for turn, frame, told in zip(dialogue["turns"][1:], replies[1:], expected[1:], strict=True):
            assert frame == told, turn["what"]


def functions(elf: Path) -> Iterator[tuple[str, str]]:
    """Every function and its instructions."""
    listing = subprocess.run(
        ["avr-objdump", "-d", "--no-show-raw-insn", elf], capture_output=True, text=True, check=True
    ).stdout
    for block in re.split(r"\n(?=[0-9a-f]{8} <)", listing)[1:]:
        name = block[block.index("<") + 1 : block.index(">")]
        if not name.endswith("_pages") and name not in ("__vectors", "__trampolines_end"):
            yield name, block


RESERVED = re.compile(r"\br[2-7]\b")
OWNERS = {"__vector_25", "receive_delimiter", "receive_begin", "expect_frame"}
SHARED_PROLOGUES = {"__prologue_saves__", "__epilogue_restores__"}
FIRST_OF_R8 = 12  # bytes: r2 ... r7 take an instruction of two bytes each


def test_the_registers_of_the_receive_interrupt_are_used_by_nothing_else(variants: tuple[Path, Path]) -> None:
    users = {name for name, code in functions(variants[0]) if RESERVED.search(code)}
    assert {"__vector_25", "receive_delimiter"} <= users <= OWNERS | SHARED_PROLOGUES
    for name, code in functions(variants[0]):
        for entry in re.findall(r"<__(?:prologue_saves|epilogue_restores)__(?:\+0x([0-9a-f]+))?>", code):
            assert name in SHARED_PROLOGUES or int(entry or "0", 16) >= FIRST_OF_R8, name


def test_all_of_it_fits_into_the_memory_with_room_for_the_stack(variants: tuple[Path, Path]) -> None:
    told = subprocess.run(["avr-size", variants[0]], capture_output=True, text=True, check=True).stdout
    _, data, bss = map(int, told.splitlines()[1].split()[:3])
    assert data + bss <= 7200
