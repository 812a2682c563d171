"""Two channels of one instrument in one process have one link."""

from dataclasses import dataclass, field

import pytest

from labrig.config.instruments import Keithley2600
from labrig.config.links import LinkConfig, VisaLink
from labrig.errors import LinkClosed, LinkTimeout
from labrig.instruments import opening
from labrig.instruments.opening import open_source_meter
from labrig.instruments.session import Clearable
from labrig.instruments.sharing import shared_link
from labrig.links.base import Link
from tests.support.scripted import ScriptedLink, told

CONFIG = VisaLink(resource="TCPIP::192.0.2.1::INSTR")


@dataclass
class PlainLink(ScriptedLink):
    """A link that can be closed, and then says so."""

    closed: bool = False

    def __init__(self) -> None:
        super().__init__(told("one", "two", "three", "four"))

    def write(self, data: bytes) -> None:
        if self.closed:
            raise LinkClosed("closed")
        super().write(data)

    def close(self) -> None:
        self.closed = True


class BusLink(PlainLink):
    """And it knows a device clear."""

    def clear(self) -> None:
        self.arrived.clear()


@dataclass
class Opener:
    """Opens links, and remembers them."""

    kind: type[PlainLink] = PlainLink
    opened: list[PlainLink] = field(default_factory=list[PlainLink])

    def __call__(self, config: LinkConfig) -> Link:
        self.opened.append(self.kind())
        return self.opened[-1]


def test_a_port_is_opened_once_and_closed_with_its_last_holder() -> None:
    opener = Opener()
    first, second = shared_link(CONFIG, opener), shared_link(CONFIG, opener)
    assert len(opener.opened) == 1
    first.close()
    first.close()
    second.write(b"one\n")
    assert not opener.opened[0].closed
    second.close()
    assert opener.opened[0].closed


def test_after_the_last_holder_a_port_is_opened_anew() -> None:
    opener = Opener()
    shared_link(CONFIG, opener).close()
    shared_link(CONFIG, opener).close()
    assert len(opener.opened) == 2


def test_other_ports_are_not_shared() -> None:
    opener = Opener()
    links = shared_link(CONFIG, opener), shared_link(VisaLink(resource="GPIB0::24::INSTR"), opener)
    assert len(opener.opened) == 2
    for link in links:
        link.close()


def test_a_broken_link_is_closed_for_all_so_that_whoever_rescues_an_output_can_open_it_anew() -> None:
    opener = Opener()
    first, second = shared_link(CONFIG, opener), shared_link(CONFIG, opener)
    with pytest.raises(LinkTimeout):
        first.read_exactly(1, timeout=0.0)
    first.close()
    again = shared_link(CONFIG, opener)
    assert len(opener.opened) == 2
    with pytest.raises(LinkClosed):
        second.write(b"one\n")
    second.close()
    again.write(b"one\n")
    again.close()
    assert opener.opened[1].closed


def test_silence_that_is_followed_by_an_answer_breaks_nothing() -> None:
    opener = Opener()
    first, second = shared_link(CONFIG, opener), shared_link(CONFIG, opener)
    with pytest.raises(LinkTimeout):
        first.read_exactly(1, timeout=0.0)
    first.write(b"one\n")
    first.close()
    second.write(b"two\n")
    second.close()


@pytest.mark.parametrize(("kind", "clearable"), [(PlainLink, False), (BusLink, True)])
def test_a_device_clear_is_known_where_the_bus_knows_one(kind: type[PlainLink], clearable: bool) -> None:
    link = shared_link(CONFIG, Opener(kind))
    assert isinstance(link, Clearable) is clearable
    link.close()


def test_both_channels_of_a_2602b_are_opened_over_one_link(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        ("*IDN?", "Keithley Instruments Inc., Model 2602B, 4401234, 3.3.5"),
        ("print(errorqueue.next())", "0.00000e+00\tQueue Is Empty\t0.00000e+00\t1.00000e+00"),
        ("print(localnode.linefreq)", "5.00000e+01"),
    ]
    instrument = ScriptedLink(
        [*told("abort", "smua.abort()"), *answers, *told("abort", "smub.abort()"), *answers]
    )

    def open_link(_: LinkConfig) -> Link:
        return instrument

    monkeypatch.setattr(opening, "open_link", open_link)
    meters = [open_source_meter(Keithley2600(link=CONFIG, channel=channel)) for channel in (1, 2)]
    assert [meter.name for meter in meters] == [
        "smua of Model 2602B on scripted",
        "smub of Model 2602B on scripted",
    ]
    assert not instrument.expected
    for meter in meters:
        meter.close()
