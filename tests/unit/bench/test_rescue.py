"""Turning an output off by whichever way is left: a link that is dead, and one that works."""

import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from labrig.bench.metering import metered
from labrig.bench.rescue import made_safe_by_any_link
from labrig.errors import LinkOpenError, SafetyError
from labrig.instruments.base import VoltageSource
from labrig.instruments.opening import open_source_meter
from tests.support.served_meters import ServedMeter, served_meter


@pytest.fixture
def served(tmp_path: Path) -> Generator[ServedMeter]:
    with served_meter("keithley2400", "tcp", tmp_path) as found:
        yield found


@pytest.fixture
def dead() -> str:
    """A resource behind which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"TCPIP::127.0.0.1::{probe.getsockname()[1]}::SOCKET"


def left_on(served: ServedMeter) -> None:
    meter = open_source_meter(served.config())
    meter.configure(VoltageSource(compliance=1e-3))
    meter.enable(level=1.0)
    meter.close()
    assert served.on


def test_the_link_of_the_rig_is_taken_where_it_works(served: ServedMeter) -> None:
    left_on(served)
    assert "serial 1234567" in made_safe_by_any_link(served.config())
    assert not served.on


def test_a_fallback_is_taken_where_the_link_is_dead(served: ServedMeter, dead: str) -> None:
    left_on(served)
    own = {"kind": "visa", "resource": served.visa}
    config = served.config(link={"kind": "visa", "resource": dead}, fallbacks=[own])
    made_safe_by_any_link(config)
    assert not served.on


def test_where_no_way_is_left_it_says_that_the_output_is_on(served: ServedMeter, dead: str) -> None:
    left_on(served)
    with pytest.raises(SafetyError, match="STILL ON") as raised:
        made_safe_by_any_link(served.config(link={"kind": "visa", "resource": dead}))
    assert dead in str(raised.value)
    assert served.on


def test_a_block_whose_link_broke_ends_off_by_its_fallback(served: ServedMeter) -> None:
    own = {"kind": "visa", "resource": served.visa}
    with metered({"smu": served.config(fallbacks=[own])}) as opened:
        meter = opened.meters["smu"]
        meter.configure(VoltageSource(compliance=1e-3))
        meter.enable(level=1.0)
        meter.close()  # what is left is a link that nothing goes through any more
    assert not served.on


def test_a_socket_behind_which_nobody_answers_is_no_instrument(dead: str, served: ServedMeter) -> None:
    with pytest.raises(LinkOpenError):
        open_source_meter(served.config(link={"kind": "visa", "resource": dead}))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        mute = {"kind": "visa", "resource": f"TCPIP::127.0.0.1::{port}::SOCKET"}
        with pytest.raises(LinkOpenError, match="nothing there answers"):
            open_source_meter(served.config(link=mute))
