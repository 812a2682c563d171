"""HELLO, IDENTIFY and STATUS: answered outside a session."""

from labrig.boards.base import BoardInfo
from labrig.errors import FrameError
from labrig.sim.serving.answers import Answer, Refused
from labrig.sim.serving.device import Device
from labrig.sim.serving.session import CREDIT
from labrig.wire.definition import (
    FINGERPRINT,
    PER_CDEGC,
    PER_MOHM,
    PER_MV,
    PER_UV,
    VERSION,
    Feature,
    HelloReply,
    HelloRequest,
    IdentifyReply,
    Status,
    StatusReply,
    Tlv,
)
from labrig.wire.messages import decode, encode, encode_item, encode_tlv

WINDOW = 4095
"""Encoded bytes that the host may have on their way."""
HEARTBEAT_MS = 1000
"""Silence that a host is advised to arm for."""
_FIRMWARE = (0, 1, 0)
_U16, _U32 = 0xFFFF, 0xFFFF_FFFF


def hello(device: Device, payload: bytes) -> Answer:
    """Begin a session with everything released, where both ends know the same protocol."""
    answer = encode(_hello_reply(device))
    try:
        same = decode(HelloRequest, payload) == HelloRequest(VERSION, FINGERPRINT)
    except FrameError:
        same = False
    if not same:
        return Answer(answer, Status.RANGE)
    device.make_safe()
    return Answer(answer)


def identify(device: Device, payload: bytes) -> Answer:
    """Who is there; changes nothing."""
    _expect_nothing(payload)
    return Answer(encode(IdentifyReply(VERSION, FINGERPRINT, device.boot_count, _texts(device.info))))


def status(device: Device, payload: bytes, frames_good: int, frames_bad: int) -> Answer:
    """What the board counts; changes nothing."""
    _expect_nothing(payload)
    reply = StatusReply(
        boot_count=device.boot_count,
        uptime=device.uptime_ms & _U32,
        armed=device.armed,
        driven=device.drives.count,
        fault=device.fault,
        heartbeat_expired=device.heartbeat_expired & _U16,
        frames_good=frames_good & _U32,
        frames_bad=frames_bad & _U32,
        overruns=0,
        states=device.states & _U32,
        codes_written=device.codes_written & _U32,
        supply=round(device.supply * PER_MV),
        temperature=round(device.celsius * PER_CDEGC),
    )
    return Answer(encode(reply))


def _expect_nothing(payload: bytes) -> None:
    if payload:
        raise Refused(Status.LENGTH)


def _texts(info: BoardInfo) -> bytes:
    return encode_tlv({Tlv.SERIAL_NUMBER: info.serial_number, Tlv.PART: info.part})


def _hello_reply(device: Device) -> HelloReply:
    info, adc, dac, legal = device.info, device.adc, device.dac, device.legal
    conductances = device.abilities.conductances
    major, minor, patch = _FIRMWARE
    return HelloReply(
        version=VERSION,
        fingerprint=FINGERPRINT,
        firmware_major=major,
        firmware_minor=minor,
        firmware_patch=patch,
        boot_count=device.boot_count,
        window=WINDOW,
        credit=CREDIT,
        inputs=info.inputs,
        outputs=info.outputs,
        hidden=info.hidden,
        branches=info.branches,
        code_bits=legal.bits,
        code_min=legal.minimum,
        code_max=legal.maximum,
        adc_bits=adc.bits,
        adc_span=round(adc.span * PER_UV),
        dac_bits=dac.bits,
        dac_span=round(dac.span * PER_UV),
        drive=round(info.drive * PER_MOHM),
        features=_features(device),
        through_min=conductances.start,
        through_max=conductances.stop - 1,
        heartbeat=HEARTBEAT_MS,
        max_averages=info.max_averages,
        tlv=_texts(info) + _pulses(device),
    )


def _pulses(device: Device) -> bytes:
    return encode_item(Tlv.PULSES, device.pulse_range.encode()) if device.pulse_range else b""


def _features(device: Device) -> Feature:
    info = device.info
    features = Feature.SOURCE_SENSE
    if info.nudging.toward_target:
        features |= Feature.NUDGE_TOWARD
    if info.nudging.through is not None:
        features |= Feature.NUDGE_THROUGH
    if info.nudging.inject:
        features |= Feature.INJECT
    if info.learns:
        features |= Feature.LEARN
    if device.pulse_range is not None:
        features |= Feature.PULSE
    if device.verifies:
        features |= Feature.VERIFY
    return features
