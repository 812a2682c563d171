"""What a board says of itself at hello, in SI units."""

from labrig.boards.base import BoardInfo, CodeRange, Converter
from labrig.boards.pipeline import paired_payload
from labrig.circuit.network import Nudging
from labrig.wire.definition import PER_MOHM, PER_MS, PER_NS, PER_UV, Feature, HelloReply, Tlv
from labrig.wire.messages import decode_tlv


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
        codes=CodeRange(hello.code_min, hello.code_max, hello.code_bits),
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
    )
