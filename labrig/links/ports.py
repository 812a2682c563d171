"""Which serial ports this machine has."""

from pathlib import Path

from serial.tools import list_ports


def usb_ports(serial_number: str | None = None) -> list[str]:
    """List the device paths of USB serial ports; those with the USB serial number asked for come first."""
    ports = [port for port in list_ports.comports() if port.vid is not None]
    ports.sort(key=lambda port: (port.serial_number != serial_number, port.device))
    return [port.device for port in ports]


def matching_ports(pattern: str) -> list[str]:
    """List the device paths that a pattern matches."""
    path = Path(pattern)
    return sorted(map(str, Path(path.anchor).glob(str(path.relative_to(path.anchor)))))
