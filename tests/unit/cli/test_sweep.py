"""`labrig sweep`, `find`, `safe` and `simulate smu` where nothing is opened: one sentence a mistake."""

import json
from pathlib import Path

import pytest

from tests.support.calling import Labrig

METERS = """
source_meters:
  smu: {{kind: {kind}, link: {{kind: visa, resource: "TCPIP::127.0.0.1::9::SOCKET"}}{keys}}}
"""


@pytest.fixture
def rig(tmp_path: Path) -> Path:
    return write(tmp_path)


def write(folder: Path, kind: str = "keithley2400", keys: str = "") -> Path:
    path = folder / "rig.yaml"
    path.write_text(METERS.format(kind=kind, keys=keys and f", {keys}"))
    return path


def refusal(call: Labrig, *arguments: object) -> str:
    """The one sentence of a command that ends with exit code 2."""
    answer = call(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    (line,) = [line for line in answer.err.splitlines() if line.startswith("labrig: ")]
    return line


def test_points_are_printed_one_a_line_or_as_json(call: Labrig) -> None:
    assert call("sweep", "points", "--stop", "1 V", "--points", 3).out == "level [V]\n0\n0.5\n1\n"
    found = json.loads(call("sweep", "points", "--list", "1 uA, 3 uA", "--cycles", 2, "--json").out)
    assert found == {"unit": "A", "levels": [1e-6, 3e-6, 1e-6, 3e-6]}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--start", "0 V"), "--stop: missing"),
        (("--stop", "1 kg"), "write a level in V or A"),
        (("--stop", "1 V", "--start", "1 A"), "--start: found '1 A'"),
        (("--stop", "1 V", "--list", "1 V"), "--list: found beside"),
        (("--stop", "1 V", "--dual", "--four-quadrant"), "--dual: found beside --four-quadrant"),
        (("--stop", "1 V", "--scale", "log"), "--scale log"),
    ],
)
def test_points_that_make_no_sense_are_refused(call: Labrig, options: tuple[str, ...], said: str) -> None:
    assert said in refusal(call, "sweep", "points", *options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--smu", "none"), "--smu: found 'none'; the rig's source meters are smu"),
        (("--smu", "smu"), "compliance_current: missing"),
        (("--smu", "smu", "--compliance", "1 V"), "--compliance: found '1 V'"),
        (("--smu", "smu", "--compliance", "0 A"), "it must be above 0"),
        (("--smu", "smu", "--compliance", "1 mA", "--nplc", "99"), "--nplc: found 99"),
        (("--smu", "smu", "--compliance", "1 mA", "--branch", "in0,out0"), "has no board"),
        (("--smu", "smu", "--compliance", "1 mA", "--pulse", "-1 s"), "it must be above 0"),
    ],
)
def test_sweeps_that_cannot_be_are_refused_before_anything_is_opened(
    call: Labrig, rig: Path, options: tuple[str, ...], said: str
) -> None:
    assert said in refusal(call, "sweep", "iv", rig, "--stop", "1 V", *options)


@pytest.mark.parametrize(
    ("kind", "keys", "said"),
    [
        ("keithley9999", "", "keithley2400"),
        ("keithley2400", "nplc: 99", "0.01 … 10"),
        ("keithley2400", "channel: 2", "found 2; a Keithley 2400 has 1"),
        ("keithley2400", "limits: {voltage: 100 V}", "dangerous to touch"),
        ("keithley2400", "limits: {voltage: 400 V, above_42_volts: true}", "goes to 210 V"),
        ("yokogawa_gs200", "off_mode: guard", "has normal"),
        ("keithley2600", "terminals: front", "leave it out"),
        ("keithley2400", "slew: 1 V", "slew"),
        ("keithley2400", "colour: red", "colour"),
    ],
)
def test_what_a_model_cannot_is_refused_in_the_file(
    call: Labrig, tmp_path: Path, kind: str, keys: str, said: str
) -> None:
    answer = call("config", "check", write(tmp_path, kind, keys))
    told = answer.out + answer.err
    assert answer.code == 2
    assert said in told
    assert "rig.yaml:3" in told


def test_a_rig_of_source_meters_alone_is_a_rig(call: Labrig, rig: Path) -> None:
    assert call("config", "check", rig).code == 0


def test_an_instrument_that_is_not_there_is_told_with_its_resource(call: Labrig, rig: Path) -> None:
    answer = call("sweep", "iv", rig, "--smu", "smu", "--stop", "1 V", "--compliance", "1 mA")
    assert answer.code == 3
    assert "TCPIP::127.0.0.1::9::SOCKET" in answer.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "x", "--listen", "tcp://127.0.0.1:0"), "--model: found 'x'"),
        (("--model", "keithley2400", "--listen", "usb"), "write pty:PATH or tcp://HOST:PORT or hislip://"),
        (("--model", "keithley2400", "--listen", "tcp://127.0.0.1:0", "--load", "1 V"), "--load"),
        (("--model", "keithley2400", "--listen", "tcp://127.0.0.1:0", "--node", "in0"), "--rig and --node"),
    ],
)
def test_a_simulation_that_cannot_be_served_is_refused(
    call: Labrig, options: tuple[str, ...], said: str
) -> None:
    assert said in refusal(call, "simulate", "smu", *options)


def test_safe_needs_to_know_what(call: Labrig, rig: Path) -> None:
    assert "either a rig file or --all" in refusal(call, "safe")
    assert "either a rig file or --all" in refusal(call, "safe", rig, "--all")
    assert json.loads(call("safe", "--all", "--json").out) == []


def test_find_asks_what_it_is_told_and_says_what_is_wrong(call: Labrig) -> None:
    found = json.loads(call("find", "TCPIP::127.0.0.1::9::SOCKET", "--json").out)
    (resource,) = [one for one in found["visa_resources"] if "::9::" in one["name"]]
    assert resource["identity"] is None
    assert "nothing listens there" in resource["problem"]
