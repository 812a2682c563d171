"""Opening VISA resources: what is missing, and what is in use."""

import pytest

from labrig.config.links import SerialLink, VisaLink
from labrig.errors import LinkOpenError
from labrig.links.opening import open_link
from labrig.links.serial import SerialPortLink
from labrig.links.visa import VisaResourceLink, open_visa
from tests.support.peers import Server, Terminal


def test_a_socket_that_nobody_listens_to_is_refused_at_once(server: Server) -> None:
    server.vanish()
    with pytest.raises(LinkOpenError, match="nothing listens there"):
        open_visa(f"TCPIP::127.0.0.1::{server.address}::SOCKET")


@pytest.mark.parametrize("resource", ["ASRL/dev/ttyNONE::INSTR", "nonsense"])
def test_a_resource_that_cannot_be_opened_is_named(resource: str) -> None:
    with pytest.raises(LinkOpenError, match=f"{resource} cannot be opened"):
        open_visa(resource)


def test_visa_and_serial_exclude_each_other(terminal: Terminal) -> None:
    link = open_link(SerialLink(port=terminal.address))
    assert isinstance(link, SerialPortLink)
    with pytest.raises(LinkOpenError, match="in use by process"):
        open_link(VisaLink(resource=f"ASRL{terminal.address}::INSTR"))
    link.close()
    again = open_link(VisaLink(resource=f"ASRL{terminal.address}::INSTR"))
    assert isinstance(again, VisaResourceLink)
    again.close()
