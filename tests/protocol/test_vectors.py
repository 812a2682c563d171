"""The golden vectors, run against labrig.wire."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrig.boards.base import Codes, Converter, program_digest
from labrig.boards.measuring import Scan
from labrig.errors import FrameError
from labrig.wire import definition
from labrig.wire.boundaries import (
    Shape,
    Through,
    Toward,
    WireBoundary,
    decode_boundaries,
    encode_boundary,
)
from labrig.wire.framing import Frame, FrameDecoder, crc, decode_frame, encode_frame
from labrig.wire.learning import LATENT_TOP, LearnTerms
from labrig.wire.messages import Payload, decode, encode
from labrig.wire.nudging import nudge_scale, toward_code
from labrig.wire.packing import pack, unpack
from labrig.wire.pulsing import Seen, read_conductance

VECTORS = Path(__file__).parents[2] / "firmware_protocol" / "vectors"
Vector = dict[str, Any]


def vectors(name: str, table: str) -> list[Vector]:
    found: list[Vector] = json.loads((VECTORS / f"{name}.json").read_text())[table]
    assert found
    return found


@pytest.mark.parametrize("vector", vectors("framing", "crc16"))
def test_a_crc(vector: Vector) -> None:
    assert crc(bytes.fromhex(vector["data"])) == vector["crc"]


@pytest.mark.parametrize("vector", vectors("framing", "frames"))
def test_a_frame_both_ways(vector: Vector) -> None:
    frame = Frame(vector["type"], vector["seq"], vector["flags"], bytes.fromhex(vector["payload"]))
    encoded = bytes.fromhex(vector["encoded"])
    assert encode_frame(frame) == encoded
    assert decode_frame(encoded[:-1]) == frame


@pytest.mark.parametrize("vector", vectors("framing", "damaged"), ids=lambda vector: vector["why"])
def test_a_damaged_frame_is_refused(vector: Vector) -> None:
    encoded = bytes.fromhex(vector["encoded"])
    decoder = FrameDecoder()
    good = encode_frame(Frame(2, 0))
    assert list(decoder.feed(encoded + good)) == [Frame(2, 0)]
    for block in filter(None, encoded.split(b"\0")):
        with pytest.raises(FrameError):
            decode_frame(block)


@pytest.mark.parametrize("vector", vectors("packing", "packing"))
def test_packing_both_ways(vector: Vector) -> None:
    values = np.array(vector["values"], np.int64)
    packed = bytes.fromhex(vector["packed"])
    assert pack(values, vector["width"]) == packed
    np.testing.assert_array_equal(unpack(packed, len(values), vector["width"]), values)


@pytest.mark.parametrize("vector", vectors("packing", "nudges"))
def test_the_code_of_a_nudge(vector: Vector) -> None:
    scale = nudge_scale(vector["adc_bits"], vector["adc_span"], vector["dac_bits"], vector["dac_span"])
    assert scale == vector["scale"]
    target, bits = vector["target"], vector["dac_bits"]
    assert (
        toward_code(vector["sum"], vector["averages"], scale, vector["fraction"], target, bits)
        == vector["code"]
    )


@pytest.mark.parametrize("vector", vectors("packing", "digests"))
def test_the_digest_of_an_image(vector: Vector) -> None:
    assert program_digest(Codes(np.array(vector["codes"], np.int64))) == vector["digest"]


@pytest.mark.parametrize("vector", vectors("messages", "messages"))
def test_a_message_both_ways(vector: Vector) -> None:
    name = "".join(word.capitalize() for word in vector["message"].split("_"))
    kind: type[Payload] | None = getattr(definition, name + vector["part"].capitalize(), None)
    if kind is None:
        assert vector["payload"] == ""
        return
    tail = [bytes.fromhex(vector["tail"])] if kind.has_tail else []
    message = kind(*vector["fields"].values(), *tail)
    payload = bytes.fromhex(vector["payload"])
    assert encode(message) == payload
    assert decode(kind, payload) == message
    assert all(getattr(message, field) == value for field, value in vector["fields"].items())


def codes(given: dict[str, int] | None) -> dict[int, int]:
    return {int(line): code for line, code in (given or {}).items()}


@pytest.mark.parametrize("vector", vectors("messages", "boundaries"))
def test_a_boundary_both_ways(vector: Vector) -> None:
    given = vector["boundary"]
    toward, through = given["toward"], given["through"]
    boundary = WireBoundary(
        inputs=None if given["inputs"] is None else codes(given["inputs"]),
        clamps=codes(given["clamps"]),
        toward=toward and Toward(toward["fraction"], codes(toward["targets"])),
        through=through and Through(through["conductance"], codes(through["targets"])),
        inject=codes(given["inject"]),
        store=given["store"],
    )
    shape = Shape(**vector["board"])
    encoded = bytes.fromhex(vector["encoded"])
    assert encode_boundary(boundary, shape) == encoded
    assert list(decode_boundaries(encoded, 1, shape)) == [boundary]


@pytest.mark.parametrize("vector", vectors("packing", "sums"))
def test_the_bits_of_a_sum(vector: Vector) -> None:
    scan = Scan(1, vector["averages"], 0.0, Converter(vector["adc_bits"], 5.0))
    assert scan.bits == vector["bits"]


@pytest.mark.parametrize("vector", vectors("learning", "laws"))
def test_the_codes_of_latents(vector: Vector) -> None:
    terms = LearnTerms(
        rate=1,
        shift=8,
        law=vector["law"],
        offset=vector["offset"],
        lowest=vector["lowest"],
        highest=vector["highest"],
        floor=0,
        ceiling=LATENT_TOP,
    )
    np.testing.assert_array_equal(terms.codes(np.array(vector["latents"], np.int64)), vector["codes"])


@pytest.mark.parametrize("vector", vectors("pulsing", "reads"))
def test_the_conductance_that_two_states_tell(vector: Vector) -> None:
    alone, together = Seen(*vector["seen"][:3]), Seen(*vector["seen"][3:])
    assert read_conductance(alone, together, vector["drive"]) == vector["conductance"]
