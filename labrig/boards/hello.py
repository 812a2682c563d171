"""What a board says of itself at hello, in SI units."""

from labrig.boards.base import BoardInfo, CodeRange, Converter, PulseRange
from labrig.boards.pipeline import paired_payload
from labrig.circuit.network import Nudging
from labrig.wire.definition import (
    PER_10NS,
    PER_MOHM,
    PER_MS,
    PER_MV,
    PER_NS,
    PER_UV,
    Feature,
    HelloReply,
    Tlv,
)
from labrig.wire.messages import decode_items, decode_tlv
from labrig.wire.pulsing import WireRange


def adc(hello: HelloReply) -> Converter:
    """The converter behind every reading."""
    return Converter(hello.adc_bits, hello.adc_span / PER_UV)


def dac(hello: HelloReply) -> Converter:
    """The converter in front of every driver."""
    return Converter(hello.dac_bits, hello.dac_span / PER_UV)


def describe(hello: HelloReply) -> BoardInfo:
    """Identity, ranges and capabilities."""
    texts = decode_tlv(hello.tlv)
    features = Feature(hello.features)
    through = (hello.through_min / PER_NS, hello.through_max / PER_NS)
    return BoardInfo(
        kind="firmware",
        serial_number=texts.get(Tlv.SERIAL_NUMBER, ""),
        firmware=f"{hello.firmware_major}.{hello.firmware_minor}.{hello.firmware_patch}",
        fingerprint=hello.fingerprint,
        inputs=hello.inputs,
        outputs=hello.outputs,
        hidden=hello.hidden,
        branches=hello.branches,
        codes=CodeRange(hello.code_min, hello.code_max, hello.code_bits) if hello.code_bits else None,
        part=texts.get(Tlv.PART, ""),
        adc=adc(hello),
        dac=dac(hello),
        drive=hello.drive / PER_MOHM,
        nudging=Nudging(
            toward_target=Feature.NUDGE_TOWARD in features,
            through=through if Feature.NUDGE_THROUGH in features else None,
            inject=Feature.INJECT in features,
        ),
        heartbeat=hello.heartbeat / PER_MS,
        max_averages=hello.max_averages,
        learns=Feature.LEARN in features,
        payload=paired_payload(hello.window),
        pulses=_pulses(hello) if Feature.PULSE in features else None,
        verifies=Feature.VERIFY in features,
    )


def _pulses(hello: HelloReply) -> PulseRange:
    told = WireRange.decode(decode_items(hello.tlv).get(Tlv.PULSES, b""))
    return PulseRange(
        highest_set=told.highest_set / PER_MV,
        highest_reset=told.highest_reset / PER_MV,
        amplitude_step=told.step / PER_MV,
        shortest=told.shortest / PER_10NS,
        longest=told.longest / PER_10NS,
    )
