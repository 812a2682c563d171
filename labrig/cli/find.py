"""``labrig find``."""

from dataclasses import asdict
from json import dumps
from typing import Annotated

import typer

from labrig.cli.options import Json


def find(
    resources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RESOURCE]...",
            help="VISA resources to ask as well, such as TCPIP::192.0.2.7::5025::SOCKET.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List serial ports and VISA resources, and who is there.

    Nothing changes at any output: serial ports are not opened, since that may reset a board, and
    instruments are asked nothing but *IDN?.

    Example: labrig find TCPIP::192.0.2.7::5025::SOCKET
    """
    from labrig.links.ports import serial_ports
    from labrig.links.resources import ask, visa_resources

    ports = serial_ports()
    names: list[str] = [*visa_resources(), *(resources or [])]
    found = [ask(name) for name in dict.fromkeys(names)]
    if json:
        print(
            dumps(
                {
                    "serial_ports": [asdict(port) for port in ports],
                    "visa_resources": [asdict(one) for one in found],
                }
            )
        )
        return
    from rich.table import Table

    from labrig.cli.tables import print_table

    table = Table("port or resource", "USB", "serial number", "what", "in use by")
    for port in ports:
        table.add_row(
            port.device, port.usb or "", port.serial_number or "", port.description, port.holder or ""
        )
    for one in found:
        table.add_row(one.name, "", "", one.identity or one.problem, one.holder or "")
    if table.row_count:
        print_table(table)
    else:
        print("no serial port and no VISA resource; name the resources of instruments on a network")
