"""Look for boards on serial ports without touching an output."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

from labrig.arrays import Seconds
from labrig.boards.session import Session
from labrig.errors import FrameError, LinkError, LinkOpenError
from labrig.links.ports import usb_ports
from labrig.links.serial import open_serial
from labrig.wire.definition import FINGERPRINT, IdentifyReply, Message, Tlv
from labrig.wire.messages import decode_tlv

DEADLINE: Seconds = 2.5
"""A board that resets when its port is opened may stay up to 2 s in its boot loader."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found on a port."""

    port: str
    serial_number: str | None
    """None: no board answered."""
    part: str = ""
    boot_count: int | None = None
    same_protocol: bool = False
    """Its firmware was built from the protocol definition of this labrig."""
    problem: str = ""
    """Why nothing is known of the port."""


def identify(port: str, baudrate: int, deadline: Seconds = DEADLINE) -> Found:
    """Ask who is behind a port; no output and no session changes. A closed port is a finding too."""
    try:
        link = open_serial(port, baudrate)
    except LinkOpenError as error:
        return Found(port, None, problem=str(error))
    try:
        reply = Session(link).query(Message.IDENTIFY, IdentifyReply, deadline)
        texts = decode_tlv(reply.tlv)
    except (LinkError, FrameError) as error:
        return Found(port, None, problem=str(error))
    finally:
        link.close()
    return Found(
        port,
        texts.get(Tlv.SERIAL_NUMBER, ""),
        part=texts.get(Tlv.PART, ""),
        boot_count=reply.boot_count,
        same_protocol=reply.fingerprint == FINGERPRINT,
    )


def search(ports: Sequence[str], baudrate: int, deadline: Seconds = DEADLINE) -> list[Found]:
    """Ask all ports at once, in their order."""
    if not ports:
        return []
    with ThreadPoolExecutor(len(ports), thread_name_prefix="labrig search") as pool:
        return list(pool.map(identify, ports, repeat(baudrate), repeat(deadline)))


def find_board(serial_number: str, baudrate: int, ports: Sequence[str] | None = None) -> str:
    """The port of the board with this serial number.

    Parameters
    ----------
    serial_number
        As the board says it.
    baudrate
        In baud.
    ports
        Where to look; None: on every USB serial port.

    Raises
    ------
    LinkOpenError
        No port has it, or several have; the message says what each port has.
    """
    found = search(usb_ports(serial_number) if ports is None else ports, baudrate)
    matching = [candidate.port for candidate in found if candidate.serial_number == serial_number]
    if len(matching) == 1:
        return matching[0]
    if matching:
        msg = f"board {serial_number} answers on several ports ({', '.join(matching)}): name one in the rig"
        raise LinkOpenError(msg)
    seen = "; ".join(
        f"{one.port} has board {one.serial_number}" if one.serial_number is not None else one.problem
        for one in found
    )
    nowhere = "there is no USB serial port" if ports is None else "there is no such port"
    msg = f"no board {serial_number} was found: {seen or nowhere}"
    raise LinkOpenError(msg)
