"""Which rigs are in use: listed while they are, left behind by a process that was killed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from labrig.bench.live import live, live_rigs
from labrig.config.instruments import AnySourceMeter
from labrig.config.rig import MeterRig
from labrig.errors import ConfigError


@pytest.fixture
def rig() -> MeterRig:
    link = {"kind": "visa", "resource": "TCPIP::127.0.0.1::9::SOCKET"}
    meter: AnySourceMeter = TypeAdapter(AnySourceMeter).validate_python(
        {"kind": "keithley2400", "link": link}
    )
    return MeterRig(source_meters={"smu": meter})


def test_a_rig_is_listed_for_as_long_as_it_is_in_use(rig: MeterRig) -> None:
    with live(rig), live(rig):
        assert [(entry.pid, entry.rig) for entry in live_rigs()] == [(os.getpid(), rig)] * 2
        assert all(entry.runs for entry in live_rigs())
    assert live_rigs() == []


def test_an_error_takes_it_off_the_list(rig: MeterRig) -> None:
    with pytest.raises(ZeroDivisionError), live(rig):
        raise ZeroDivisionError
    assert live_rigs() == []


def test_a_process_that_was_killed_leaves_it(rig: MeterRig, state_folder: Path) -> None:
    program = (
        "import os, sys\n"
        "from labrig.bench.live import live\n"
        "from labrig.config.rig import MeterRig\n"
        "with live(MeterRig.model_validate_json(sys.argv[1])):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    environment = {**os.environ, "LABRIG_STATE": str(state_folder)}
    done = subprocess.run(
        [sys.executable, "-c", program, rig.model_dump_json()], env=environment, check=False, timeout=60
    )
    assert done.returncode == -9
    (entry,) = live_rigs()
    assert entry.rig == rig
    assert not entry.runs


def test_another_process_of_the_same_number_is_not_taken_for_it(rig: MeterRig, state_folder: Path) -> None:
    with live(rig):
        (path,) = (state_folder / "live").iterdir()
        entry = json.loads(path.read_text())
        path.write_text(json.dumps({**entry, "started": entry["started"] - 1}))
        (found,) = live_rigs()
        assert found.pid == os.getpid()
        assert not found.runs


def test_an_entry_that_cannot_be_read_is_left_out(rig: MeterRig, state_folder: Path) -> None:
    with live(rig):
        (state_folder / "live" / "1-0.json").write_text("{")
        assert len(live_rigs()) == 1


def test_a_state_folder_that_is_no_folder_is_told(
    rig: MeterRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("LABRIG_STATE", str(file))
    with pytest.raises(ConfigError, match="LABRIG_STATE"), live(rig):
        pass
