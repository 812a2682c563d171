"""Where a simulated device has to listen so that a rig's own link reaches it."""

import re

from labrig.config.links import LinkConfig, SerialLink
from labrig.errors import ConfigError

_SOCKET = re.compile(r"TCPIP\d*::([^:]+)::(\d+)::SOCKET", re.IGNORECASE)
_HISLIP = re.compile(r"TCPIP\d*::([^:]+)::hislip\d*(?:,(\d+))?::INSTR", re.IGNORECASE)
_SERIAL = re.compile(r"ASRL(/.+)::INSTR", re.IGNORECASE)
_URL = re.compile(r"socket://([^:/]+):(\d+)")
_HISLIP_PORT = 4880


def listen_for(link: LinkConfig, key: str) -> str:
    """What ``--listen`` would be for a device behind this link.

    Parameters
    ----------
    key
        Of the link in the rig, for a message.

    Raises
    ------
    ConfigError
        It is a link that nothing on this computer can stand in for.
    """
    name = link.port if isinstance(link, SerialLink) else link.resource
    if (found := _SOCKET.fullmatch(name) or _URL.fullmatch(name)) is not None:
        return f"tcp://{found[1]}:{found[2]}"
    if (found := _HISLIP.fullmatch(name)) is not None:
        return f"hislip://{found[1]}:{found[2] or _HISLIP_PORT}"
    if (found := _SERIAL.fullmatch(name)) is not None:
        return f"pty:{found[1]}"
    if name.startswith("/") and not any(sign in name for sign in "*?["):
        return f"pty:{name}"
    msg = (
        f"{key}: found {name!r}, which cannot be simulated; name a path, socket://HOST:PORT,"
        " TCPIP::HOST::PORT::SOCKET or TCPIP::HOST::hislip0::INSTR"
    )
    raise ConfigError(msg)
