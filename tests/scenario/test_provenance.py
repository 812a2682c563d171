"""A run tells where it comes from, and can be run again from itself."""

import json
import platform
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.store.reader import RunReader
from labrig.store.writer import EXPERIMENT_NAME
from labrig.wire.definition import FINGERPRINT
from tests.support.boards import StartBoard
from tests.support.files import Files

CSV = "in0 [V],in1 [V],in2 [V],in3 [V],out0 [V],out1 [V],out2 [mV]\n0.1,1.3,3.3,4.7,2.1,2.3,2600\n"


def train(experiment: Path, runs: Path, **options: Any) -> Path:
    loaded = labrig.load_experiment(experiment, **options)
    with labrig.open_bench(loaded.rig) as bench:
        training = labrig.train(bench, loaded, runs=runs)
        training.finish()
        return training.run


def columns(run: Path) -> dict[str, Any]:
    """All but what the clock says."""
    dataset: Any = labrig.open_run(run)
    timed = ("wall", "final_wall", "final_waited", "final_expected")
    return {name: dataset[name].values for name in dataset.data_vars if name not in timed}


def provenance(run: Path, session: int = -1) -> Mapping[str, Any]:
    with RunReader(run) as reader:
        return reader.info().sessions[session].provenance


def test_a_run_is_repeated_from_its_own_file_when_everything_that_it_was_made_from_is_gone(
    files: Files, tmp_path: Path
) -> None:
    written = files.simulated(noise="0.2 mV", order="random")
    text = written.read_text(encoding="utf-8")
    rig, rest = text.split("task:\n")
    _, learning = rest.split("learning:\n")
    (tmp_path / "rig.yaml").write_text(rig.replace("rig:\n", ""), encoding="utf-8")
    (tmp_path / "task.csv").write_text(CSV, encoding="utf-8")
    parts = ("rig: rig.yaml", "task: {file: task.csv}", "learning:", learning)
    written.write_text("\n".join(parts), encoding="utf-8")
    first = train(written, tmp_path / "runs", seed=11)
    for path in (written, tmp_path / "rig.yaml", tmp_path / "task.csv"):
        path.unlink()

    again = train(first / EXPERIMENT_NAME, tmp_path / "runs")

    found, expected = columns(again), columns(first)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, name)
    assert len(expected["error"]) == 21
    assert provenance(again)["seed"] == provenance(first)["seed"] == 11


def test_a_run_tells_what_it_was_made_with(
    files: Files, tmp_path: Path, start_board: StartBoard, model: BoardModel, topology: Topology
) -> None:
    board = start_board(model, topology, "A7F3")
    run = train(files.on_port(board.resource), tmp_path / "runs")

    told = provenance(run)

    assert told["versions"]["labrig"] == labrig.__version__
    assert told["versions"]["python"] == platform.python_version()
    assert set(told["git"]) == {"labrig", "experiment"}
    assert told["host"] == socket.gethostname()
    assert told["board"]["serial_number"] == "A7F3"
    assert told["board"]["kind"] == "firmware"
    assert told["board"]["firmware"]
    assert told["board"]["fingerprint"] == FINGERPRINT
    assert told["board"]["part"] == "MCP4351-104"
    assert told["boot_count"] == board.status().boot_count
    assert told["seed"] == 3
    assert told["limits"]["asked"]["voltage"] == 5.0
    assert told["limits"]["asked"]["branch_current"] is None
    assert told["limits"]["in_force"]["voltage"] == 5.0
    assert told["limits"]["in_force"]["branch_current"] == pytest.approx(2.5e-3)  # MCP4xxx: DS22107B p. 6


def test_each_session_of_a_run_has_its_own(files: Files, tmp_path: Path) -> None:
    experiment = labrig.load_experiment(files.simulated())
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path / "runs")
        next(iter(training))
    with labrig.open_resumed(training.run) as resumed:
        resumed.start(lambda: None).finish()

    first, second = provenance(training.run, 0), provenance(training.run, 1)

    assert first["started"] < second["started"]
    assert first["experiment"] == str(experiment.path)
    assert second["experiment"] == str(training.run / EXPERIMENT_NAME)
    assert json.dumps(first["board"]) == json.dumps(second["board"])
