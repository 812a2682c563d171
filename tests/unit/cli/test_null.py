"""``labrig null`` on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.benches import rig
from tests.support.calling import Labrig

LATE: dict[str, Any] = {"kind": "adc-offset", "node": "out1", "offset": "1 mV", "readings": "second"}
OFFSET: dict[str, Any] = {"kind": "adc-offset", "node": "out2", "offset": "-1 mV"}


def test_a_board_behind_a_link_cannot_have_a_bias_of_second_readings(call: Labrig, tmp_path: Path) -> None:
    path = tmp_path / "rig.yaml"
    path.write_text(rig(2, 2, faults=[LATE]).model_dump_json())
    told = call("simulate", "board", path, "--listen", f"pty:{tmp_path / 'port'}")
    assert told.code == 2
    assert "adc-offset of second readings" in told.err


def test_the_command_names_nodes_and_what_becomes_of_a_training(call: Labrig, tmp_path: Path) -> None:
    path, picture = tmp_path / "rig.yaml", tmp_path / "null.png"
    path.write_text(rig(2, 3, faults=[LATE, OFFSET]).model_dump_json())
    told = call("null", path, "--out", picture)
    assert told.code == 0
    assert "second − first: out1 9" in told.out or "second − first: out1 1" in told.out
    assert "offset: out2 -9" in told.out or "offset: out2 -1" in told.out
    assert picture.stat().st_size > 10_000
    answer = json.loads(call("null", path, "--json").out)
    (out1,) = (node for node in answer["nodes"] if node["node"] == "out1")
    assert out1["apart"]["found"]
    assert not out1["offset"]["found"]


@pytest.mark.parametrize("repeats", ["2", "0", "many"])
def test_too_few_repeats_are_refused(call: Labrig, repeats: str) -> None:
    assert call("null", "configs/rigs/digipot-40x30.yaml", "--repeats", repeats).code == 2
