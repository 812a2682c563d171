"""What is sent again and what is not."""

import numpy as np
import pytest

from labrig.errors import LinkTimeout
from labrig.instruments.base import Identity, SweepPoints
from labrig.instruments.keithley2400 import Keithley2400Channel
from labrig.instruments.scpi import ScpiSession
from tests.support.scripted import scripted, told


def test_a_query_that_only_asks_is_sent_three_times() -> None:
    with scripted(told(":OUTP?", ":OUTP?", ":OUTP?")) as link, pytest.raises(LinkTimeout, match="3 times"):
        ScpiSession(link).query(":OUTP?")


def test_a_query_that_moves_a_source_is_sent_once() -> None:
    with scripted(told(":READ?")) as link, pytest.raises(LinkTimeout, match="asked once"):
        ScpiSession(link).query(":READ?", tries=1)


def test_a_sweep_of_a_2400_in_text_is_not_begun_again_when_it_is_not_answered() -> None:
    with scripted(
        told(
            ":SOUR:VOLT:STAR 0.000000E+00;:SOUR:VOLT:STOP 1.000000E+00",
            ":SOUR:SWE:SPAC LIN;:SOUR:SWE:POIN 2",
            ":SOUR:SWE:RANG BEST;:SOUR:VOLT:MODE SWE",
            ":SOUR:DEL 0.000000E+00;:TRIG:COUN 2",
            ":FORM REAL,32;:FORM:BORD SWAP",
        ),
        [(":FORM?", "ASC"), (":SYST:ERR?", '0,"No error"')],
        told(":READ?"),
    ) as link:
        channel = Keithley2400Channel(ScpiSession(link), Identity("KEITHLEY", "MODEL 2400", "1", "C30"), 50.0)
        with pytest.raises(LinkTimeout, match="asked once"):
            channel.run(SweepPoints(np.array([0.0, 1.0])))


def test_a_sweep_of_a_2400_that_was_broken_off_is_left_at_the_level_it_had_come_to() -> None:
    with scripted(
        [
            (":SOUR:VOLT:MODE?", "LIST"),
            (":FORM ASC;:FORM:ELEM VOLT,CURR,TIME,STAT", None),
            (":SENS:DATA:LAT?", "+7.25E-01,+1.0E-04,+3.2E+00,+3.0E+04"),
            (":SOUR:VOLT:LEV 7.250000E-01;:SOUR:VOLT:MODE FIX", None),
            (":SOUR:VOLT:LEV?", "+7.25E-01"),
        ]
    ) as link:
        channel = Keithley2400Channel(ScpiSession(link), Identity("KEITHLEY", "MODEL 2400", "1", "C30"), 50.0)
        assert channel.level("V") == 0.725
