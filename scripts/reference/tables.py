"""Vectors of single functions: framing, packing, payloads and boundaries."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from reference.board import DIVIDER, GRAPH, State, nudge_code, nudge_scale
from reference.learning import TOP, Rule, code_of, weight
from reference.pulsing import Seen, conductance
from reference.wire import (
    DEFINITION,
    SIZES,
    STATUS,
    TYPES,
    body,
    cobs,
    crc16,
    damage,
    digest,
    fields,
    frame,
    pack,
)


def framing() -> dict[str, Any]:
    run = bytes(range(1, 255))
    raws = [
        b"\0",
        b"\0\0",
        b"\1",
        b"\1\0",
        b"\0\1",
        b"\1\2\0\3",
        b"\0" * 5,
        run,
        run + b"\0",
        run + b"\1",
        b"\0" + run,
    ]
    raws += [run[:253], run[:253] + b"\0", run + b"\0" + run, run + run, b"\xff" * 300, bytes(range(256))]
    payloads = [b"", b"\0", b"\1\2\3", bytes(232), b"\xa5" * 232, bytes(k * 7 % 256 for k in range(100))]
    frames = [(TYPES["ping"], seq, 0, payload) for seq, payload in enumerate(payloads)]
    frames += [(TYPES["heartbeat"] | 0x80, 0xFF, STATUS["ok"], b""), (0xFF, 0, 4, b"\4\0\1\0\0\0")]
    return {
        "crc16": [{"data": data.hex(), "crc": crc16(data)} for data in (b"123456789", b"", b"\0", run)],
        "cobs": [{"raw": raw.hex(), "encoded": cobs(raw).hex()} for raw in raws],
        "frames": [
            {
                "type": kind,
                "seq": seq,
                "flags": flags,
                "payload": payload.hex(),
                "encoded": frame(kind, seq, flags, payload).hex(),
            }
            for kind, seq, flags, payload in frames
        ],
        "damaged": [{"why": why, "encoded": data.hex()} for why, data in damaged()],
    }


def damaged() -> Iterator[tuple[str, bytes]]:
    """Each ends with 00, and none is a frame."""
    good = body(TYPES["ping"], 5, 0, b"data")
    whole = frame(TYPES["ping"], 5, 0, b"data")
    yield "one bit turned in the payload", damage(whole)
    yield "CRC without its xorout", cobs(good[:-2] + (crc16(good[:-2]) ^ 0xFFFF).to_bytes(2, "big")) + b"\0"
    yield "CRC little-endian", cobs(good[:-2] + good[:-3:-1]) + b"\0"
    yield "cut off", whole[:-4] + b"\0"
    yield "a zero in its middle", whole[:4] + b"\0" + whole[5:]
    shorter = bytes([3]) + good[1:-2]
    yield "LEN too small, CRC right", cobs(shorter + crc16(shorter).to_bytes(2, "big")) + b"\0"
    longer = bytes([5]) + good[1:-2]
    yield "LEN too great, CRC right", cobs(longer + crc16(longer).to_bytes(2, "big")) + b"\0"
    huge = bytes([233, TYPES["ping"], 0, 0]) + b"x" * 233
    yield "more payload than a frame holds", cobs(huge + crc16(huge).to_bytes(2, "big")) + b"\0"
    yield "far too long", b"\xff" * 1000 + b"\0"
    yield "five bytes of body", cobs(good[:5]) + b"\0"
    trailing = body(TYPES["ping"], 5, 0, b"") + b"\0"
    yield "a zero behind the CRC", cobs(trailing) + b"\0"
    yield "a body of no bytes", cobs(b"") + b"\0"


def packing() -> dict[str, Any]:
    rows = [
        {"width": width, "values": values, "packed": pack(values, width).hex()}
        for width in (1, 8, 9, 10, 12, 16, 20)
        for top in (2**width - 1,)
        for values in ([top], [0, top, 0], [(k * 0x9E3779B1 >> 7) & top for k in range(23)])
    ]
    nudges = []
    finer = GRAPH._replace(adc=(12, Fraction(5)), dac=(16, Fraction(5)))
    # The greatest ratio of spans; with 8 bits the scale takes more than 32.
    coarse, widest = (finer._replace(adc=(bits, Fraction(40))) for bits in (8, 16))
    for circuit in (DIVIDER, GRAPH, finer, coarse, widest):
        top, target = 2 ** circuit.adc[0] - 1, 2 ** circuit.dac[0] - 1
        for total, averages, fraction, aim in (
            (0, 1, 16384, target),
            (top * 16, 16, 16384, 0),
            (top, 1, -32768, 0),
            (top // 3 * 5 + 2, 5, 1638, target // 2),
            (top // 2, 1, 8192, target // 2 + 1),
            (7, 3, -1, 1),
            (0, 1, -8192, target),
        ):
            code = nudge_code(total, averages, nudge_scale(circuit), fraction, aim, circuit.dac[0])
            nudges.append(
                {
                    "adc_bits": circuit.adc[0],
                    "adc_span": round(circuit.adc[1] * 10**6),
                    "dac_bits": circuit.dac[0],
                    "dac_span": round(circuit.dac[1] * 10**6),
                    "scale": nudge_scale(circuit),
                    "sum": total,
                    "averages": averages,
                    "fraction": fraction,
                    "target": aim,
                    "code": code,
                }
            )
    sums = [
        {"adc_bits": b, "averages": n, "bits": b + (n - 1).bit_length()}
        for b in (10, 12, 16)
        for n in range(1, 17)
    ]
    images: tuple[list[int], ...] = ([], [0], [256, 1, 65535], list(range(1200)))
    digests = [{"codes": list(codes), "digest": digest(codes)} for codes in images]
    return {"packing": rows, "sums": sums, "nudges": nudges, "digests": digests}


def learning() -> dict[str, list[dict[str, Any]]]:
    """Codes of latents around every threshold of a law: of 100 kΩ, of 5 kΩ, and without wiper resistance."""
    rows = []
    for law, offset, codes in (
        (78_643, 25, (2, 255)),
        (117_964, 491, (0, 255)),
        (15_625, 0, (1, 90)),
    ):
        rule = Rule(127, 16, law, offset, codes, (0, TOP))
        edges = {-(-(2**16) * law // weight(rule, c)) + more for c in range(*codes) for more in (-1, 0)}
        latents = sorted(latent for latent in {0, TOP, *edges} if 0 <= latent <= TOP)
        row = {"law": law, "offset": offset, "lowest": codes[0], "highest": codes[1], "latents": latents}
        rows.append({**row, "codes": [code_of(rule, latent) for latent in latents]})
    return {"laws": rows}


def pulsing() -> dict[str, list[dict[str, Any]]]:
    """Conductances of states: of fractions of a drive resistor, and where the states tell nothing."""
    rows = []
    for drive in (1, 100_000, 1_000_000, 4_294_967_295):
        for alone, together in (
            (Seen(20_000, 400, -800), Seen(15_000, 3_000, 30_000)),
            (Seen(20_000, 400, 0), Seen(0, 0, 1)),
            (Seen(1_048_575, 7, -500_000_000), Seen(-1_048_575, 1_048_575, 535_000_000)),
            (Seen(3, 1_000_000, 0), Seen(0, 0, 1)),
            (Seen(1, 1_000_000, 0), Seen(0, 0, 1)),
            (Seen(500, -3, 5), Seen(400, 20, 900)),
            (Seen(0, 100, 0), Seen(400, 20, 900)),
            (Seen(-5, 100, 0), Seen(0, 0, 1)),
            (Seen(700, 7, -3), Seen(700, 7, -3)),
        ):
            seen = [*alone, *together]
            rows.append({"drive": drive, "seen": seen, "conductance": conductance(alone, together, drive)})
    return {"reads": rows}


def messages() -> list[dict[str, Any]]:
    """Every payload with fixed fields: all at their least, all at their greatest, and all at some value."""
    rows = []
    for name, message in DEFINITION["messages"].items():
        for part in ("request", "reply"):
            fixed = [field for field in message.get(part, []) if field["type"] in SIZES]
            has_tail = len(fixed) < len(message.get(part, []))
            for style in ("least", "greatest", "mixed") if fixed else ():
                values = {field["name"]: example(field["type"], style, k) for k, field in enumerate(fixed)}
                rest = b"\x00tail\xff" if has_tail else b""
                payload = (fields(name, part, **values) + rest).hex()
                rows.append(
                    {"message": name, "part": part, "fields": values, "tail": rest.hex(), "payload": payload}
                )
    return rows


def example(kind: str, style: str, place: int) -> int:
    """A value of an integer type."""
    signed = kind.startswith("i")
    least = -(1 << 8 * SIZES[kind] - 1) if signed else 0
    greatest = least + (1 << 8 * SIZES[kind]) - 1
    return {
        "least": least,
        "greatest": greatest,
        "mixed": least + (place + 1) * 0x12345677 % (greatest - least),
    }[style]


def boundaries() -> list[dict[str, Any]]:
    """Boundaries of a board of 10 inputs and 9 outputs."""
    rows = []
    for bits in (8, 12, 16):
        c = GRAPH._replace(inputs=10, outputs=9, dac=(bits, Fraction(5)))
        top = 2**bits - 1
        for state in (
            State(),
            State({}),
            State({k: k * 25 for k in range(10)}, store=True),
            State({0: top, 9: 1}, clamps={0: 1, 8: top}),
            State(toward=(-32768, {3: 5, 8: top})),
            State({1: 3}, toward=(32767, {0: top})),
            State({1: 3}, through=(4_000_000_000, {k: top - k for k in range(9)})),
            State(inject={0: -(2**31), 4: 2**31 - 1, 8: 1}),
            State({2: 7}, True, {0: 1}, (8192, {1: 2, 2: 3}), (1000, {3: 4}), {4: -5}),
        ):
            board = {"inputs": 10, "outputs": 9, "dac_bits": bits}
            rows.append({"board": board, "boundary": described(state), "encoded": state.encode(c).hex()})
    return rows


def described(state: State) -> dict[str, Any]:
    """A boundary's sections by name; absent ones are null."""
    return {
        "inputs": state.inputs,
        "store": state.store,
        "clamps": state.clamps,
        "toward": state.toward and {"fraction": state.toward[0], "targets": state.toward[1]},
        "through": state.through and {"conductance": state.through[0], "targets": state.through[1]},
        "inject": state.inject,
    }
