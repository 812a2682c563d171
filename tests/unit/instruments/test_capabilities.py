"""What a model cannot do is refused as a mistake of the file, before any port is opened."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from labrig.config.instruments import AnySourceMeter, Keithley2600, KeysightB2900, YokogawaGS200

LINK = {"kind": "visa", "resource": "TCPIP::192.0.2.1::INSTR"}
READ: TypeAdapter[AnySourceMeter] = TypeAdapter(AnySourceMeter)


def read(kind: str, **keys: Any) -> AnySourceMeter:
    return READ.validate_python({"kind": kind, "link": LINK, **keys})


def test_the_kind_chooses_the_model() -> None:
    assert isinstance(read("keysight_b2900", channel=2), KeysightB2900)
    assert isinstance(read("yokogawa_gs200"), YokogawaGS200)
    assert isinstance(read("keithley2600", model="2636B", channel=2), Keithley2600)


@pytest.mark.parametrize(
    ("kind", "keys", "says"),
    [
        ("keithley2400", {"nplc": 50}, r"found 50; a Keithley 2400 takes 0.01 … 10"),
        ("keithley2400", {"channel": 2}, r"found 2; a Keithley 2400 has 1"),
        ("keysight_b2900", {"channel": 3}, r"found 3; a Keysight B2902A has 2"),
        ("keysight_b2900", {"off_mode": "guard"}, r"has normal, zero, high-impedance"),
        ("keysight_b2900", {"autozero": False}, r"cannot be told so"),
        ("keysight_b2900", {"terminals": "rear"}, r"has one pair"),
        ("keysight_b2900", {"limits": {"current": 3.1}}, r"found 3.1 A; .* goes to 3.03 A"),
        ("keithley2450", {"compliance_voltage": 0.01}, r"limits at 20 mV or more"),
        ("keithley2450", {"channel": 2}, r"found 2; a Keithley 2450 has 1"),
        ("keithley2600", {"limits": {"voltage": 41.0}}, r"found 41 V; a Keithley 2602B goes to 40.4 V"),
        ("keithley2600", {"model": "2612B", "limits": {"current": 3.0}}, r"a Keithley 2612B goes to 1.515 A"),
        ("keithley2600", {"model": "2635B", "channel": 2}, r"found 2; a Keithley 2635B has 1"),
        ("keithley2600", {"compliance_current": 5e-9}, r"limits at 10 nA or more"),
        ("yokogawa_gs200", {"limits": {"voltage": 33.0}}, r"found 33 V; .* goes to 32 V"),
        ("yokogawa_gs200", {"compliance_current": 5e-4}, r"found 500 .A; .* limits at 1 mA or more"),
        ("yokogawa_gs200", {"compliance_voltage": 0.5}, r"found 500 mV; .* limits at 1 V or more"),
        ("yokogawa_gs200", {"compliance_current": 0.3}, r"found 300 mA; .* goes to 200 mA"),
        ("yokogawa_gs200", {"nplc": 0.1}, r"takes 1 … 25"),
        ("yokogawa_gs200", {"off_mode": "zero"}, r"has normal"),
    ],
)
def test_what_a_model_cannot_do_is_said_in_one_sentence(kind: str, keys: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        read(kind, **keys)
