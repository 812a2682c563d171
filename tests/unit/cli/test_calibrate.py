"""``labrig calibrate`` and ``labrig calibration``, and a rig that uses what they wrote."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.circuit.boundary import Boundary
from labrig.config.calibration import Calibration, WireCalibration, WiresCalibration, sealed
from labrig.config.calibrations import calibration_text
from labrig.config.loading import load_calibration, load_rig
from labrig.procedures.calibrating.calibrate import calibrate_wiper
from labrig.procedures.calibrating.sealing import write_calibration
from labrig.sim.scales import Scales
from labrig.store.reader import RunReader
from tests.support.calling import Labrig

BOARD: dict[str, Any] = {
    "kind": "firmware",
    "launch": {"target": "host"},
    "serial_number": "A7F3",
    "model": {
        "elements": {"kind": "digipot", "part": "MCP4351-104", "vices": {}},
        "adc": {"bits": 16, "span": "5 V", "offset": "2 mV", "gain": "1 %"},
        "dac": {"bits": 16, "span": "5 V", "offset": "5 mV"},
        "drive": "100 ohm",
        "seed": 5,
    },
}
FAULTS = [{"kind": "open", "branch": "in0-out0"}, {"kind": "stuck", "branch": "in2-out1", "code": 100}]


def nothing(_: str, done: int, of: int) -> None:
    assert 0 <= done < of


def write_rig(folder: Path, name: str = "rig.yaml", **others: Any) -> Path:
    path = folder / name
    network = {"kind": "crossbar", "inputs": 4, "outputs": 3}
    path.write_text(json.dumps({"network": network, "board": BOARD, "faults": FAULTS, **others}))
    return path


def changed(path: Path, **others: Any) -> Path:
    """The same calibration but for this, with a hash that fits."""
    found = load_calibration(path)
    content = {
        name: getattr(found, name) for name in Calibration.model_fields if name not in {"format", "sha256"}
    }
    path = path.with_name("changed.json")
    path.write_text(calibration_text(sealed(**{**content, **others})))
    return path


@pytest.fixture(scope="module")
def calibration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the board above."""
    folder = tmp_path_factory.mktemp("calibrated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABRIG_STATE", str(folder / "state"))
        with labrig.open_bench(load_rig(write_rig(folder))) as bench:
            found = calibrate_wiper(bench, [], 1, None, nothing)
            write_calibration(found, bench, folder / "a7f3.json")
    return folder / "a7f3.json"


METER: dict[str, Any] = {
    "kind": "keithley2400",
    "link": {"kind": "visa", "resource": "TCPIP::127.0.0.1::5025::SOCKET"},
    "node": "in0",
    "compliance_current": "100 mA",
    "wires": 4,
}
SIMULATED: dict[str, Any] = {"board": BOARD["model"] | {"kind": "simulated"}, "faults": []}


@pytest.fixture
def absolute(call: Labrig, tmp_path: Path) -> Path:
    """Of the same board simulated, by a source meter on an input."""
    path = write_rig(tmp_path, "metered.yaml", source_meters={"smu": METER}, **SIMULATED)
    out = tmp_path / "absolute.json"
    told = call(
        "calibrate", "wiper", path, "--smu", "smu", "--codes", "0,64,256", "--repeats", "1", "--out", out
    )
    assert told.code == 0, told.err
    return out


def test_the_command_writes_a_file_that_says_which_board_and_what_is_broken(
    call: Labrig, tmp_path: Path
) -> None:
    out = tmp_path / "board.json"
    told = call("calibrate", "wiper", write_rig(tmp_path), "--repeats", "1", "--out", out, "--json")
    assert told.code == 0
    answer = json.loads(told.out)
    found = load_calibration(out)
    assert (found.board, found.part, found.temperature_celsius) == ("A7F3", "MCP4351-104", 25.0)
    assert answer["sha256"] == found.sha256
    assert found.wipers is not None
    broken = {name: b.verdict for name, b in found.wipers.branches.items() if b.verdict != "sound"}
    assert broken == {"in0-out0": "open", "in2-out1": "stuck"}
    assert found.raw is not None
    with np.load(out.with_name(found.raw.file)) as raw:
        # Up and down; of four branches at an output the last is three codes behind.
        assert len(raw["wipers_states"]) == 2 * (len(found.wipers.codes) + 3)
        assert raw["wipers_volts"].shape == (raw["wipers_states"].sum(), 7)
    again = call("calibrate", "wiper", write_rig(tmp_path), "--out", out)
    assert again.code == 7
    assert "is there already" in again.err


def test_lines_are_calibrated_shown_and_kept_by_a_calibration_of_the_wipers(
    call: Labrig, tmp_path: Path
) -> None:
    out = tmp_path / "lines.json"
    told = call("calibrate", "line", write_rig(tmp_path), "--full", "--out", out, "--json")
    assert told.code == 0
    wires = json.loads(told.out)["wires"]
    assert wires["kind"] == "full"
    assert sorted(wires["lines"]) == ["in0", "in1", "in2", "in3", "out0", "out1", "out2"]
    shown = call("calibration", "show", out)
    assert "lines   7, full" in shown.out
    assert "branch to branch" in shown.out
    known = write_rig(tmp_path, "known.yaml", calibration="lines.json")
    wipers = call("calibrate", "wiper", known, "--repeats", "1", "--out", tmp_path / "board.json", "--json")
    assert wipers.code == 0
    assert json.loads(wipers.out)["wires"] == wires
    assert json.loads(wipers.out)["wipers"] is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("in1-out0", "write a branch, = and a resistance, such as in0-out0='10 kohm'"),
        ("in1-out0=10000", "has no unit"),
        ("in1-out0=1 V", "ohm"),
        ("in1-out0=10 kohm", "add it to the rig's mask"),
    ],
)
def test_a_reference_that_cannot_be_used_is_one_sentence(
    call: Labrig, tmp_path: Path, text: str, said: str
) -> None:
    told = call("calibrate", "wiper", write_rig(tmp_path, faults=[]), "--simulate", "--reference", text)
    assert told.code == 2
    assert "--reference: " in told.err
    assert said in told.err


def test_a_source_meter_gives_volts(call: Labrig, tmp_path: Path) -> None:
    simulated = BOARD["model"] | {"kind": "simulated"}
    meters = {
        "smu": {
            "kind": "keithley2400",
            "link": {"kind": "visa", "resource": "TCPIP::127.0.0.1::5025::SOCKET"},
            "node": "in0",
            "compliance_current": "1 mA",
        }
    }
    path = write_rig(tmp_path, board=simulated, faults=[], source_meters=meters)
    out = tmp_path / "adc.json"
    told = call("calibrate", "adc", path, "--smu", "smu", "--out", out)
    assert told.code == 0, told.err
    found = load_calibration(out).converters
    assert found is not None
    assert found.absolute
    board: Any = load_rig(path).board
    true = Scales.draw(board.adc, board.dac, 7, board.seed).adc
    for k, name in enumerate(["in1", "in2", "in3", "out0", "out1", "out2"], start=1):
        line = found.lines[name]
        # A 2400 reads 5 V to 0.012 % and 300 uV: a thousandth is well within.
        assert abs(line.gain - true.gain[k]) < 1e-3
        assert abs(line.offset - true.offset[k]) < 1e-3
    assert "in0" not in found.lines
    assert call("calibrate", "adc", path, "--smu", "other").code == 2


def test_a_source_meter_gives_ohms_and_the_file_says_so(call: Labrig, tmp_path: Path) -> None:
    path = write_rig(tmp_path, source_meters={"smu": METER}, **SIMULATED)
    out = tmp_path / "absolute.json"
    told = call(
        "calibrate", "wiper", path, "--smu", "smu", "--codes", "0,64,256", "--repeats", "1", "--out", out
    )
    assert told.code == 0, told.err
    assert "scale by smu on in0: KEITHLEY INSTRUMENTS INC. MODEL 2400, serial" in told.out
    found = load_calibration(out)
    assert found.drives is not None
    assert found.drives.rests_on == "source meter"
    assert sorted(found.drives.lines) == ["in1", "in2", "in3", "out0", "out1", "out2"]
    assert found.pace is None
    assert found.converters is not None
    assert list(found.converters.metered) == ["in0"]
    assert "MODEL 2400, serial" in found.converters.metered["in0"]
    for kind in (found.converters.lines, found.converters.sources, found.converters.levels):
        assert sorted(kind) == ["in1", "in2", "in3", "out0", "out1", "out2"]
    both = call("calibrate", "wiper", path, "--smu", "smu", "--reference", "in0-out0=10 kohm")
    assert both.code == 2
    assert "leave the other out" in both.err
    assert call("calibrate", "wiper", path, "--smu", "other").code == 2


def test_a_calibration_of_a_node_that_was_metered_is_refused_without_a_source_meter(
    call: Labrig, absolute: Path, tmp_path: Path
) -> None:
    rig: dict[str, Any] = {**SIMULATED, "calibration": str(absolute)}
    held = call("calibration", "check", write_rig(tmp_path, source_meters={"smu": METER}, **rig))
    assert held.code == 0, held.err
    elsewhere = {"smu": METER | {"node": "in2"}}
    for meters in ({}, {"source_meters": elsewhere}):
        told = call("calibration", "check", write_rig(tmp_path, "without.yaml", **rig, **meters))
        assert told.code == 2
        assert "made with a source meter on in0 (KEITHLEY" in told.err
        assert "join a source meter to in0" in told.err


def test_a_scale_that_was_told_is_kept_by_calibrations_that_follow(
    call: Labrig, absolute: Path, tmp_path: Path
) -> None:
    told = load_calibration(absolute).drives
    assert told is not None
    rig: dict[str, Any] = {**SIMULATED, "source_meters": {"smu": METER}, "calibration": str(absolute)}
    path, codes = write_rig(tmp_path, **rig), ("--codes", "0,64,256", "--repeats", "1")
    lines = call("calibrate", "line", path, "--out", tmp_path / "lines.json", "--json")
    assert lines.code == 0, lines.err
    assert json.loads(lines.out)["drives"] == told.model_dump(mode="json")
    assert sorted(json.loads(lines.out)["wires"]["lines"]) == sorted(["in0", *told.lines])
    again = call("calibrate", "wiper", path, *codes, "--out", tmp_path / "again.json", "--json")
    assert again.code == 0, again.err
    kept = json.loads(again.out)["drives"]
    assert (kept["rests_on"], kept["standard"]) == ("source meter", told.standard)


def test_lines_that_were_read_over_other_drive_resistors_are_put_on_the_scale_of_a_source_meter(
    call: Labrig, absolute: Path, tmp_path: Path
) -> None:
    """All drive resistors were taken to have a tenth more than they have, and so have the lines."""
    known, tenth = load_calibration(absolute).drives, 1.1
    assert known is not None
    off = {
        name: drive.model_copy(update={"ohm": tenth * drive.ohm, "uncertainty": tenth * drive.uncertainty})
        for name, drive in known.lines.items()
    }
    line = WireCalibration(end=0.5 * tenth, end_uncertainty=0.1, segment=0.0, segment_uncertainty=0.0)
    names = ["in0", "in1", "in2", "in3", "out0", "out1", "out2"]
    wires = WiresCalibration(kind="lumped", misfit=1.0, lines=dict.fromkeys(names, line))
    changed(absolute, drives=known.model_copy(update={"lines": off}), wires=wires)
    rig: dict[str, Any] = {**SIMULATED, "source_meters": {"smu": METER}, "calibration": "changed.json"}
    path, codes = write_rig(tmp_path, **rig), ("--codes", "0,64,256", "--repeats", "1")
    told = call("calibrate", "wiper", path, "--smu", "smu", *codes, "--out", tmp_path / "x.json", "--json")
    assert told.code == 0, told.err
    for found in json.loads(told.out)["wires"]["lines"].values():
        # The same board and source meter twice, without noise: within the steps of the converters.
        assert found["end"] == pytest.approx(0.5, rel=1e-3)
        assert found["end_uncertainty"] == pytest.approx(0.1 / tenth, rel=1e-3)


def test_what_was_calibrated_is_shown_drawn_and_compared(
    call: Labrig, calibration: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "board.png"
    told = call("calibration", "show", calibration, "--out", picture)
    assert told.code == 0
    assert "in0-out0  open" in told.out
    assert "their mean conductance is taken as stated" in told.out
    assert picture.stat().st_size > 30_000
    same = call("calibration", "diff", calibration, calibration, "--json")
    branches = json.loads(same.out)["branches"]
    assert branches["in1-out1"]["end_to_end"] == {"change": 0.0, "sigmas": 0.0}
    assert branches["in0-out0"]["relative"] is None
    drives = json.loads(same.out)["drives"]
    assert sorted(drives) == ["in0", "in1", "in2", "in3", "out0", "out1", "out2"]
    assert all(drive == {"ohm": {"change": 0.0, "sigmas": 0.0}} for drive in drives.values())
    assert "drives  0 of 7 moved beyond 3 σ" in call("calibration", "diff", calibration, calibration).out
    other = changed(calibration, board="B0B0")
    refused = call("calibration", "diff", calibration, other)
    assert refused.code == 7
    assert "two boards, A7F3 and B0B0" in refused.err


def test_branches_on_two_scales_are_not_said_to_have_moved(
    call: Labrig, absolute: Path, tmp_path: Path
) -> None:
    found = load_calibration(absolute)
    assert found.drives is not None
    assert found.wipers is not None
    stated = {"rests_on": "stated resistances", "standard": None, "scale_uncertainty": None}
    other = changed(absolute, drives=found.drives.model_copy(update=stated))
    told = call("calibration", "diff", other, absolute, "--json")
    assert told.code == 0, told.err
    branches = json.loads(told.out)["branches"]
    assert all(branch["end_to_end"] == {"change": 0.0, "sigmas": None} for branch in branches.values())
    assert json.loads(told.out)["drives"] == {}
    lines = call("calibration", "diff", other, absolute).out
    assert "changed from that of stated resistances to that of source meter smu on in0" in " ".join(
        lines.split()
    )
    assert "on two scales; 0 other verdicts" in lines


def test_of_one_source_meter_the_uncertainty_counts_once(
    call: Labrig, absolute: Path, tmp_path: Path
) -> None:
    """A tenth of the scale, beside which nothing counts: a change by as much is one of it, not 1/√2."""
    found, tenth = load_calibration(absolute), 0.1
    assert found.drives is not None
    assert found.wipers is not None
    doubted, moved = (
        found.wipers.model_copy(
            update={
                "branches": {
                    name: branch.model_copy(
                        update={
                            "end_to_end": factor * 1e5,
                            "covariance": (1.0, 0.0, (tenth * factor * 1e5) ** 2),
                        }
                    )
                    for name, branch in found.wipers.branches.items()
                }
            }
        )
        for factor in (1.0, 1.0 + tenth)
    )
    drives = found.drives.model_copy(update={"scale_uncertainty": tenth})
    first = changed(absolute, drives=drives, wipers=doubted).rename(tmp_path / "first.json")
    second = changed(absolute, drives=drives, wipers=moved)
    told = call("calibration", "diff", first, second, "--json")
    assert told.code == 0, told.err
    sigmas = json.loads(told.out)["branches"]["in1-out1"]["end_to_end"]["sigmas"]
    # 1 + 1.1^2 of both, less 1.1 that they have in common.
    assert sigmas == pytest.approx(1 / (1 + 1.1**2 - 1.1) ** 0.5)


def test_a_rig_uses_its_calibration_and_masks_what_is_broken(
    call: Labrig, calibration: Path, tmp_path: Path
) -> None:
    path = write_rig(tmp_path, calibration=str(calibration))
    told = call("calibration", "check", path, "--json")
    assert told.code == 0, told.err
    assert json.loads(told.out)["rests_on"] == "stated resistances"
    assert json.loads(told.out)["masked"] == {
        "in0-out0": "open, by its calibration",
        "in2-out1": "stuck, by its calibration",
    }
    found = load_calibration(calibration).wipers
    assert found is not None
    with labrig.open_bench(load_rig(path)) as bench:
        before = bench.branch_values().copy()
        bench.settle([], program=np.full(12, 20e-6))
        after, realised = bench.branch_values(), bench.realised()
        assert not bench.writable[[0, 7]].any()
        assert np.array_equal(after[[0, 7]], before[[0, 7]])
        assert realised[0] == 0
        held = found.branches["in2-out1"]
        assert realised[7] == pytest.approx(1 / held.wiper)
        rest = np.delete(np.arange(12), [0, 7])
        # Half a tap of R at 50 kohm: 195 of 50000.
        assert np.abs(realised[rest] / 20e-6 - 1).max() < 0.0045
        drive = Boundary({0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0})
        read = bench.settle([drive]).node_voltages[0]
        inputs = read[:4]
        expected = [float(realised[j::3] @ inputs / realised[j::3].sum()) for j in range(3)]
        # INL between two measured codes: half a tap in one of four branches, times a volt or two.
        assert np.abs(read[4:] - expected).max() < 3e-3


@pytest.mark.parametrize(
    ("change", "reason", "says"),
    [
        ({"board": "B0B0"}, "board", "it is of board B0B0, but this is A7F3"),
        ({"made": datetime(2020, 1, 1, tzinfo=UTC)}, "age", "days old and holds for 90"),
        ({"temperature_celsius": 33.0}, "temperature", "holds at 33.0 ± 5 °C, but the board is at 25.0 °C"),
    ],
)
def test_a_calibration_that_does_not_hold_is_refused_unless_the_rig_accepts_it(
    call: Labrig, calibration: Path, tmp_path: Path, change: dict[str, Any], reason: str, says: str
) -> None:
    stale = changed(calibration, **change)
    told = call("calibration", "check", write_rig(tmp_path, calibration=str(stale)))
    assert told.code == 7
    assert says in told.err
    assert f"accept_calibration: [{reason}]" in told.err
    accepted = write_rig(tmp_path, calibration=str(stale), accept_calibration=[reason])
    assert call("calibration", "check", accepted).code == 0


def test_a_file_that_was_changed_by_hand_is_refused(call: Labrig, calibration: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.json"
    forged.write_text(calibration.read_text().replace('"valid_days": 90.0', '"valid_days": 9000.0'))
    told = call("calibration", "show", forged)
    assert told.code == 2
    assert "sha256" in told.err
    assert "calibrate again" in told.err
    forged.write_text("{")
    assert "forged.json:1" in call("calibration", "show", forged).err
    missing = call("calibration", "check", write_rig(tmp_path, calibration="nowhere.json"))
    assert missing.code == 2
    assert "nowhere.json" in missing.err


def test_a_calibration_of_another_network_is_refused(call: Labrig, calibration: Path, tmp_path: Path) -> None:
    network = {"kind": "crossbar", "inputs": 4, "outputs": 4}
    path = write_rig(tmp_path, calibration=str(calibration), network=network, faults=[])
    told = call("calibration", "check", path)
    assert told.code == 2
    assert "in0-out3 and 3 other branches are not in it" in told.err


@pytest.mark.parametrize(
    ("option", "says"), [("0,1", "name at least 3"), ("0,9,999", "found 999"), ("a", "whole")]
)
def test_codes_that_cannot_be_measured_are_refused(
    call: Labrig, tmp_path: Path, option: str, says: str
) -> None:
    told = call("calibrate", "wiper", write_rig(tmp_path), "--codes", option)
    assert told.code == 2
    assert says in told.err


def test_a_board_without_drive_resistors_is_refused(call: Labrig, tmp_path: Path) -> None:
    board = BOARD | {"model": BOARD["model"] | {"drive": "0 ohm"}}
    told = call("calibrate", "wiper", write_rig(tmp_path, board=board))
    assert told.code == 2
    assert "known up to a factor only" in told.err


def test_a_run_holds_its_calibration_and_resumes_with_it(
    call: Labrig, calibration: Path, tmp_path: Path
) -> None:
    write_rig(tmp_path, calibration=str(calibration), accept_calibration=["age"])
    experiment = tmp_path / "experiment.json"
    task = {"samples": [{"inputs": ["1 V", "2 V", "3 V", "4 V"], "targets": ["2.2 V", "2.5 V", "2.8 V"]}]}
    learning = {
        "rule": {"kind": "contrastive"},
        "step": {"kind": "fixed", "rate": 1e-6},
        "bounds": {"floor": "10 uS", "ceiling": "100 uS"},
        "initial": {"kind": "constant", "conductance": "30 uS"},
    }
    stop = {"steps": 6}
    experiment.write_text(json.dumps({"rig": "rig.yaml", "task": task, "learning": learning, "stop": stop}))
    loaded = labrig.load_experiment(experiment)
    with labrig.open_bench(loaded.rig) as bench:
        training = labrig.train(bench, loaded, runs=tmp_path / "runs", name="night")
        steps = iter(training)
        for _ in range(3):
            next(steps)
        steps.close()  # type: ignore[attr-defined]
    resumed = call("resume", training.run, "--json")
    assert resumed.code == 0, resumed.err
    assert "masked  in0-out0: open, by its calibration" in resumed.err
    with RunReader(training.run) as reader:
        attributes = reader.attributes()
        assert attributes["calibration"] == load_calibration(calibration).sha256
        assert attributes["accepted"] == ["age"]
        assert set(attributes["masked"]) == {"in0-out0", "in2-out1"}
        constants = reader.constants()
        doubts = np.asarray(constants["code_uncertainties"].value)
        assert doubts.shape == (12, 257)
        assert np.all(doubts[1] > 0)
        assert np.asarray(constants["code_conductances"].value)[0].max() == 0


def test_a_board_does_not_learn_by_itself_from_a_calibration(
    call: Labrig, calibration: Path, tmp_path: Path
) -> None:
    write_rig(tmp_path, calibration=str(calibration))
    experiment = tmp_path / "experiment.json"
    task = {"samples": [{"inputs": ["1 V", "2 V", "3 V", "4 V"], "targets": ["2.2 V", "2.5 V", "2.8 V"]}]}
    learning = {
        "rule": {"kind": "contrastive"},
        "step": {"kind": "fixed", "rate": 1e-6},
        "where": "board",
        "bounds": {"floor": "10 uS", "ceiling": "100 uS"},
        "initial": {"kind": "constant", "conductance": "30 uS"},
    }
    document = {"rig": "rig.yaml", "task": task, "learning": learning, "stop": {"steps": 6}}
    experiment.write_text(json.dumps(document))
    told = call("train", experiment, "--runs", tmp_path / "runs")
    assert told.code == 2
    assert "not by the rig's calibration" in told.err


def test_a_short_is_written_to_the_file(call: Labrig, tmp_path: Path) -> None:
    out = tmp_path / "short.json"
    path = write_rig(tmp_path, faults=[{"kind": "short", "branch": "in2-out2"}])
    told = call("calibrate", "wiper", path, "--codes", "0,64,128,256", "--repeats", "1", "--out", out)
    assert told.code == 0, told.err
    found = load_calibration(out).wipers
    assert found is not None
    assert found.branches["in2-out2"].verdict == "short"


def test_codes_that_were_not_measured_stay_illegal_and_within_the_parts_worst(
    call: Labrig, tmp_path: Path
) -> None:
    out = tmp_path / "high.json"
    wipers = ("--codes", "200,228,256", "--repeats", "1", "--out", out)
    assert call("calibrate", "wiper", write_rig(tmp_path, faults=[]), *wipers).code == 0
    with labrig.open_bench(load_rig(write_rig(tmp_path, faults=[]))) as bench:
        part = bench.most_conductive(np.zeros(12, dtype=np.int64))
    with labrig.open_bench(load_rig(write_rig(tmp_path, faults=[], calibration=str(out)))) as bench:
        assert np.all(bench.most_conductive(np.zeros(12, dtype=np.int64)) >= part)
        assert bench.codes_of(np.full(12, 1e-3)).tolist() == [200] * 12


def test_a_converter_that_does_not_follow_does_not_spoil_the_others(call: Labrig, tmp_path: Path) -> None:
    out = tmp_path / "adc.json"
    path = write_rig(tmp_path, faults=[{"kind": "adc-stuck", "node": "out1", "code": 0}])
    assert call("calibrate", "adc", path, "--out", out).code == 0
    found = load_calibration(out).converters
    assert found is not None
    assert "out1" not in found.lines
    assert max(abs(line.gain) for line in found.lines.values()) < 0.02
    assert max(abs(level.gain) for level in found.levels.values()) < 0.02


def test_a_calibration_that_was_made_in_simulation_is_none_of_the_bench(call: Labrig, tmp_path: Path) -> None:
    out = tmp_path / "simulated.json"
    path = write_rig(tmp_path)
    assert call("calibrate", "adc", path, "--simulate", "--out", out).code == 0
    told = call("calibration", "check", write_rig(tmp_path, calibration=str(out)))
    assert told.code == 7
    assert "made in simulation" in told.err


def test_a_board_whose_readings_are_corrected_does_not_pull_from_its_own(
    calibration: Path, tmp_path: Path
) -> None:
    with labrig.open_bench(load_rig(write_rig(tmp_path))) as bench:
        assert bench.nudging.toward_target
    with labrig.open_bench(load_rig(write_rig(tmp_path, calibration=str(calibration)))) as bench:
        assert not bench.nudging.toward_target
        assert bench.nudging.inject


def test_files_are_looked_at_before_anything_is_measured(
    call: Labrig, calibration: Path, tmp_path: Path
) -> None:
    for out, says in ((tmp_path / "no/x.json", "there is no folder"), (tmp_path, "which is a folder")):
        told = call("calibrate", "wiper", write_rig(tmp_path), "--out", out)
        assert told.code == 2
        assert says in told.err
        assert "calibrating" not in told.err
    for out, says in ((tmp_path / "no/x.png", "there is no folder"), (tmp_path / "x.foo", "ends in .png")):
        assert says in call("calibration", "show", calibration, "--out", out).err


def test_the_file_is_json_as_others_read_it(calibration: Path) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(calibration.read_text(), parse_constant=refuse)["board"] == "A7F3"


def test_a_calibration_of_other_wiring_is_refused(call: Labrig, calibration: Path, tmp_path: Path) -> None:
    swapped = {"inputs": {"in0": "dac3", "in1": "dac1", "in2": "dac2", "in3": "dac0"}}
    told = call("calibration", "check", write_rig(tmp_path, calibration=str(calibration), wiring=swapped))
    assert told.code == 2
    assert "on other lines or wipers" in told.err


def test_a_limit_of_the_conductance_leaves_codes_out(call: Labrig, tmp_path: Path) -> None:
    out = tmp_path / "limited.json"
    path = write_rig(tmp_path, faults=[], limits={"conductance": "300 uS"})
    told = call("calibrate", "wiper", path, "--repeats", "1", "--out", out)
    assert told.code == 0, told.err
    found = load_calibration(out).wipers
    assert found is not None
    # 80 kohm / 256 a tap at the worst of the tolerance: 3.33 kohm less 75 ohm are 10.4 taps.
    assert min(found.codes) > 10
    assert {branch.verdict for branch in found.branches.values()} == {"sound"}
    for branch in found.branches.values():
        # Extrapolated over codes that were not measured: 75 ohm, spread by a fifth, and four deviations.
        assert abs(branch.wiper - 75) < 15 + 4 * branch.covariance[0] ** 0.5


def test_a_branch_that_is_not_to_be_used_counts_as_what_it_may_conduct(
    calibration: Path, tmp_path: Path
) -> None:
    path = write_rig(tmp_path, calibration=str(calibration))
    found = load_calibration(calibration).wipers
    assert found is not None
    stuck = found.branches["in2-out1"]
    with labrig.open_bench(load_rig(path)) as bench:
        most = bench.most_conductive(np.full(12, 200))
        assert 1 / stuck.wiper < most[7] < 1.05 / stuck.wiper
        assert most[0] == 0
        bounds = bench.restrict((1e-6, None), span=3.0).bounds
        assert np.all(bounds.floor <= bounds.ceiling)


def test_a_calibration_from_before_boards_were_timed_still_holds(
    call: Labrig, calibration: Path, tmp_path: Path
) -> None:
    """Its file has no pace, drive resistors and source meters, and its hash is that of the rest."""
    content = json.loads(changed(calibration, pace=None, drives=None).read_text())
    del content["pace"], content["drives"], content["converters"]["metered"]
    path = tmp_path / "older.json"
    path.write_text(json.dumps(content))
    assert load_calibration(path).pace is None
    hashed = dumps({k: v for k, v in content.items() if k != "sha256"}, sort_keys=True, separators=(",", ":"))
    assert content["sha256"] == sha256(hashed.encode()).hexdigest()
    assert "pace" not in call("calibration", "show", path).out
    assert "pace" in call("calibration", "show", calibration).out
