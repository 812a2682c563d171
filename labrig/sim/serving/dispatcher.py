"""Bytes in, bytes out: the board's side of the protocol."""

from collections.abc import Callable, Iterator

from labrig.arrays import Seconds
from labrig.errors import FrameError
from labrig.sim.serving import identity, learning, pulsing, wipers
from labrig.sim.serving.answers import Answer, Refused, require
from labrig.sim.serving.device import Device
from labrig.sim.serving.measuring import measure
from labrig.sim.serving.session import Order, Session
from labrig.wire.boundaries import UnknownPartError
from labrig.wire.definition import REPLY_BIT, ArmRequest, Message, NakReply, Status
from labrig.wire.framing import Frame, FrameDecoder, encode_frame
from labrig.wire.messages import decode, encode

Handler = Callable[[Device, bytes], Answer]


def _ping(_device: Device, payload: bytes) -> Answer:
    return Answer(payload)


def _safe(device: Device, payload: bytes) -> Answer:
    require(not payload, Status.LENGTH)
    device.make_safe()
    return Answer()


def _arm(device: Device, payload: bytes) -> Answer:
    heartbeat_ms = decode(ArmRequest, payload).heartbeat
    require(heartbeat_ms > 0, Status.RANGE)
    device.heartbeat_ms = heartbeat_ms
    device.armed = True
    return Answer()


def _heartbeat(_device: Device, payload: bytes) -> Answer:
    require(not payload, Status.LENGTH)
    return Answer()


_HANDLERS: dict[int, Handler] = {
    Message.PING: _ping,
    Message.WRITE: wipers.write,
    Message.WRITE_SPARSE: wipers.write_sparse,
    Message.APPLY: wipers.apply,
    Message.DIGEST: wipers.digest,
    Message.READ: wipers.read,
    Message.MEASURE: measure,
    Message.LEARN: learning.learn,
    Message.LATENT_WRITE: learning.latent_write,
    Message.LATENT_READ: learning.latent_read,
    Message.PULSE: pulsing.pulse,
    Message.VERIFY: pulsing.verify,
    Message.SAFE: _safe,
    Message.ARM: _arm,
    Message.HEARTBEAT: _heartbeat,
}


class Dispatcher:
    """Answers every request of a host, in order.

    Parameters
    ----------
    device
        What the requests act on.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._session = Session()
        self._decoder = FrameDecoder()
        self._frames_good = 0
        self._frames_bad = 0
        self._outside: dict[int, Handler] = {
            Message.HELLO: identity.hello,
            Message.IDENTIFY: identity.identify,
            Message.STATUS: self._status,
        }

    def receive(self, data: bytes) -> Iterator[bytes]:
        """Encoded replies to what has arrived."""
        for frame in self._decoder.feed(data):
            reply = self._dispatch(frame)
            if reply is not None:
                yield encode_frame(reply)

    def line_lost(self) -> None:
        """Forget half a request; the session goes on where the host comes back."""
        self._frames_bad += self._decoder.damaged
        self._decoder = FrameDecoder()

    def check_heartbeat(self) -> Seconds | None:
        """Make safe where the host has been silent for too long; how long until then, None: for ever."""
        self._device.check_heartbeat()
        return self._device.patience

    def _dispatch(self, frame: Frame) -> Frame | None:
        if frame.type & REPLY_BIT:
            self._frames_bad += 1  # an echo: answering it could go on for ever
            return None
        self._frames_good += 1
        outside = self._outside.get(frame.type)
        if outside is not None:
            return self._answer_outside(outside, frame)
        order = self._session.order(frame.seq)
        if order is Order.REFUSED:
            return self._refusal(frame)
        if order is Order.AGAIN:
            reply = self._session.again(frame) or self._refusal(frame)
        else:
            reply = _reply(self._device, _HANDLERS.get(frame.type), frame)
            self._session.remember(reply)
            self._device.fault = reply.flags or self._device.fault
        self._device.feed()  # afterwards: how long a simulation computes is no silence of the host
        return reply

    def _answer_outside(self, handler: Handler, frame: Frame) -> Frame:
        reply = _reply(self._device, handler, frame)
        if frame.type == Message.HELLO and reply.flags == Status.OK:
            self._session.open(frame.seq + 1)
        return reply

    def _status(self, device: Device, payload: bytes) -> Answer:
        return identity.status(device, payload, self._frames_good, self._frames_bad + self._decoder.damaged)

    def _refusal(self, frame: Frame) -> Frame:
        nak = NakReply(Status.SEQUENCE, self._session.expected, self._device.boot_count)
        return Frame(Message.NAK, frame.seq, Status.SEQUENCE, encode(nak))


def _reply(device: Device, handler: Handler | None, frame: Frame) -> Frame:
    try:
        answer = Answer(status=Status.UNKNOWN) if handler is None else handler(device, frame.payload)
    except Refused as refused:
        answer = Answer(status=refused.status)
    except UnknownPartError:
        answer = Answer(status=Status.RANGE)
    except FrameError:
        answer = Answer(status=Status.LENGTH)
    return Frame(frame.type | REPLY_BIT, frame.seq, answer.status, answer.data)
