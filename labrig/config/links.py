"""How bytes reach a device."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from labrig.config.model import Model
from labrig.config.quantities import Count, Text

DEFAULT_BAUDRATE = 1_000_000


class SerialLink(Model):
    """A serial port through pyserial."""

    kind: Literal["serial"] = "serial"
    port: Text
    """A device path, or any URL that pyserial knows: ``socket://host:port``, ``rfc2217://…``, ``spy://…``.

    A pattern, as ``/dev/ttyACM*``, stands for every path that it matches: the board is the one among them
    that has the serial number asked for.
    """
    baudrate: Count = DEFAULT_BAUDRATE

    @property
    def several(self) -> bool:
        """Whether the port is a pattern."""
        return "://" not in self.port and any(sign in self.port for sign in "*?[")


class VisaLink(Model):
    """A VISA resource through pyvisa-py."""

    kind: Literal["visa"] = "visa"
    resource: Text
    """Such as ``ASRL/dev/ttyACM0::INSTR``, ``TCPIP::127.0.0.1::5025::SOCKET`` or ``GPIB0::24::INSTR``."""
    baudrate: Count = DEFAULT_BAUDRATE
    """Of an ``ASRL`` resource."""


LinkConfig: TypeAlias = Annotated[SerialLink | VisaLink, Field(discriminator="kind")]
