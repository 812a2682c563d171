"""Which serial ports this machine has."""

from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

from labrig.links.locks import holder_of, processes_using


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A serial port of this machine, as it is known without opening it."""

    device: str
    usb: str | None
    """``vid:pid`` in hexadecimal; None where it is no USB port."""
    serial_number: str | None
    """Of the USB device."""
    description: str
    holder: str | None
    """Who has it open, as far as this user may see."""


def serial_ports() -> list[SerialPort]:
    """List all serial ports; none is opened, since that may reset what is behind it."""
    return [
        SerialPort(
            port.device,
            None if port.vid is None else f"{port.vid:04x}:{port.pid:04x}",
            port.serial_number,
            port.description,
            holder_of(port.device) or (", ".join(processes_using(port.device)) or None),
        )
        for port in sorted(list_ports.comports(), key=lambda port: port.device)
    ]


def usb_ports(serial_number: str | None = None) -> list[str]:
    """List the device paths of USB serial ports; those with the USB serial number asked for come first."""
    ports = [port for port in list_ports.comports() if port.vid is not None]
    ports.sort(key=lambda port: (port.serial_number != serial_number, port.device))
    return [port.device for port in ports]


def matching_ports(pattern: str) -> list[str]:
    """List the device paths that a pattern matches."""
    path = Path(pattern)
    return sorted(map(str, Path(path.anchor).glob(str(path.relative_to(path.anchor)))))
