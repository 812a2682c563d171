"""Look at a board without touching it: no session begins, nothing that is driven or programmed changes."""

from dataclasses import dataclass

from labrig.boards.base import BoardInfo, Health
from labrig.boards.hello import describe
from labrig.boards.session import HELLO_DEADLINE, Session
from labrig.errors import LinkOpenError, LinkTimeout
from labrig.links.base import Link
from labrig.wire.definition import (
    FINGERPRINT,
    PER_CDEGC,
    PER_MS,
    PER_MV,
    HelloReply,
    HelloRequest,
    Message,
    Status,
    StatusReply,
)
from labrig.wire.messages import encode

_NO_VERSION = 0
"""Of the protocol: a board answers such a greeting in full and begins no session (PROTOCOL.md, Sessions)."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a board says of itself."""

    info: BoardInfo
    boot_count: int
    health: Health | None
    """None: it has no link, and measures nothing of itself."""


def look(link: Link) -> Look:
    """Ask the board behind an open link for everything that it says of itself.

    A board whose firmware was built from another definition of the protocol is described as well, as far as
    the definitions agree.

    Raises
    ------
    LinkOpenError
        No board answers.
    FrameError
        What answers is too different to be understood.
    """
    session = Session(link)
    greeting = encode(HelloRequest(_NO_VERSION, FINGERPRINT))
    try:
        told = session.query(Message.HELLO, HelloReply, HELLO_DEADLINE, payload=greeting)
        status = session.query(Message.STATUS, StatusReply)
    except LinkTimeout as error:
        msg = f"{error}: check its supply and baud rate, and that it runs labrig firmware"
        raise LinkOpenError(msg) from None
    return Look(describe(told), told.boot_count, in_si(status))


def in_si(status: StatusReply) -> Health:
    """What a board counts and measures of itself, in SI units."""
    known = status.fault in set(Status)
    return Health(
        boot_count=status.boot_count,
        uptime=status.uptime / PER_MS,
        armed=bool(status.armed),
        driven=status.driven,
        fault="" if not status.fault else Status(status.fault).name.lower() if known else str(status.fault),
        heartbeat_expired=status.heartbeat_expired,
        frames_good=status.frames_good,
        frames_bad=status.frames_bad,
        overruns=status.overruns,
        states=status.states,
        codes_written=status.codes_written,
        supply=status.supply / PER_MV,
        temperature=status.temperature / PER_CDEGC,
    )
