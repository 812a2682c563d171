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
    """A device path, or any URL that pyserial knows: ``socket://host:port``, ``rfc2217://…``, ``spy://…``."""
    baudrate: Count = DEFAULT_BAUDRATE


class VisaLink(Model):
    """A VISA resource through pyvisa-py."""

    kind: Literal["visa"] = "visa"
    resource: Text
    """Such as ``ASRL/dev/ttyACM0::INSTR`` or ``TCPIP::127.0.0.1::5025::SOCKET``."""


LinkConfig: TypeAlias = Annotated[SerialLink | VisaLink, Field(discriminator="kind")]
