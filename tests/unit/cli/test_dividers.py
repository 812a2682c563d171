"""What a board of dividers cannot be asked for yet is refused in one sentence."""

from pathlib import Path

import pytest

from tests.support.calling import Labrig

CONFIGS = Path(__file__).parents[3] / "configs"
RIG, EXPERIMENT = CONFIGS / "rigs" / "divider-8x3.yaml", CONFIGS / "experiments" / "divider-8x3.yaml"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("board", "check", RIG), "has dividers, which a check cannot judge"),
        (("calibrate", "wiper", RIG), "of whose wipers and lines no calibration can be made yet"),
        (("calibrate", "line", RIG), "of whose wipers and lines no calibration can be made yet"),
        (("rehearse", EXPERIMENT), "of which there is no calibration yet"),
        (("simulate", "board", RIG, "--listen", "tcp://127.0.0.1:0"), "the wire knows rheostats only"),
        (
            ("simulate", "board", RIG, "--listen", "pty:never", "--emulate", "host"),
            "found divider; firmware drives rheostats only",
        ),
    ],
)
def test_it_is_refused(
    call: Labrig, arguments: tuple[object, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = call(*arguments)
    assert answer.code == 2
    assert said in answer.err
    assert len([line for line in answer.err.splitlines() if line.startswith("labrig: ")]) == 1
    assert {path.name for path in tmp_path.iterdir()} <= {"state"}  # of what a test keeps from its home


def test_who_it_is_can_be_asked(call: Labrig) -> None:
    answer = call("board", "info", RIG)
    assert answer.code == 0
    assert "12 dividers, MCP4351-104" in answer.out


def test_its_converters_can_be_calibrated_and_used(call: Labrig, tmp_path: Path) -> None:
    found = tmp_path / "converters.json"
    assert call("calibrate", "adc", RIG, "--out", found).code == 0
    rig = tmp_path / "rig.yaml"
    rig.write_text(f"{RIG.read_text(encoding='utf-8')}calibration: converters.json\n", encoding="utf-8")
    answer = call("preflight", EXPERIMENT, "--rig", rig)
    assert (answer.code, answer.err) == (0, "")
    assert "reachable  yes" in answer.out


@pytest.mark.parametrize(
    "sweep",
    [
        ("iv", "--stop", "1 V", "--compliance", "1 mA", "--branch", "in0,out0"),
        ("codes", "--branch", "in0,out0", "--compliance", "1 mA"),
    ],
    ids=["iv", "codes"],
)
def test_no_source_meter_sweeps_one_branch_of_a_pair(
    call: Labrig, tmp_path: Path, sweep: tuple[str, ...]
) -> None:
    # Nothing listens there: that it is refused with exit code 2, not 3, says that nothing was opened.
    meter = '{kind: keithley2400, node: in0, link: {kind: visa, resource: "TCPIP::127.0.0.1::9::SOCKET"}}'
    rig = tmp_path / "rig.yaml"
    rig.write_text(f"{RIG.read_text(encoding='utf-8')}source_meters: {{smu: {meter}}}\n", encoding="utf-8")
    answer = call("sweep", sweep[0], rig, "--smu", "smu", *sweep[1:])
    assert (answer.code, answer.out) == (2, "")
    (line,) = [line for line in answer.err.splitlines() if line.startswith("labrig: ")]
    assert "dividers, where a source meter on one terminal measures what flows to both others" in line


def test_the_board_itself_sweeps_the_codes_of_one_branch(call: Labrig) -> None:
    answer = call("sweep", "codes", RIG, "--branch", "in0,out0", "--codes", "64:192:128")
    assert answer.code == 0, answer.err
