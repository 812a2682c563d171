"""Sweeps from the command line on simulated benches: real processes and sockets, one circuit."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from labrig.devices.parts import digipot
from labrig.store.dataset import open_run

LABRIG = (sys.executable, "-m", "labrig")
PART = digipot("MCP4351-104")
SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def rig(tmp_path: Path) -> Path:
    """Two inputs and one output; a unit on each input, the board on all lines."""
    board, left, right = free_port(), free_port(), free_port()
    path = tmp_path / "rig.yaml"
    meter = "kind: keithley2400, compliance_current: 2 mA, nplc: 0.1, limits: {voltage: 5 V}"
    links = [f'link: {{kind: visa, resource: "TCPIP::127.0.0.1::{port}::SOCKET"}}' for port in (left, right)]
    path.write_text(
        f"""
network: {{kind: crossbar, inputs: 2, outputs: 1}}
board:
  kind: firmware
  serial_number: SIM3
  link: {{kind: serial, port: "socket://127.0.0.1:{board}"}}
  model:
    elements: {{kind: digipot, part: MCP4351-104, tolerance: 0 %}}
    adc: {{bits: 16, span: 5 V}}
    dac: {{bits: 16, span: 5 V}}
    drive: 100 ohm
source_meters:
  left: {{node: in0, {meter}, {links[0]}}}
  right: {{node: in1, {meter}, {links[1]}}}
limits: {{voltage: 5 V, branch_current: 2.5 mA}}
"""
    )
    return path


@pytest.fixture
def bench(rig: Path) -> Generator[Path]:
    """The rig, with everything that it names served on one circuit."""
    process = subprocess.Popen(
        [*LABRIG, "simulate", "bench", str(rig), "--traces", str(rig.parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for _ in range(3):
        assert process.stdout.readline().startswith("ready tcp://127.0.0.1:")
    yield rig
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 143
    process.stdout.close()


def labrig(*arguments: object, code: int = 0, **environment: str) -> Any:
    done = subprocess.run(
        [*LABRIG, *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else done.stderr


def last_output(rig: Path, name: str) -> tuple[bool, float]:
    """As the unit's own trace has it."""
    lines = [json.loads(line) for line in (rig.parent / f"{name}.jsonl").read_text().splitlines()]
    outputs = [(line["output"], line["level"]) for line in lines if "output" in line]
    return outputs[-1]


def swept(rig: Path, *options: object) -> Any:
    return labrig("sweep", *options, "--runs", rig.parent / "runs")


@pytest.mark.parametrize("others", ["float", "ground", "v/2", "v/3"])
def test_a_branch_is_swept_whatever_the_other_lines_do(bench: Path, others: str) -> None:
    found = swept(
        bench, "iv", bench, "--smu", "left", "--branch", "in0,out0", "--others", others, "--stop", "1 V",
        "--points", 5, "--compliance", "1 mA",
    )  # fmt: skip
    run = open_run(found["run"])
    at_the_end = float(run["current"][-1] / run["voltage"][-1])
    ohms = PART.wiper + PART.end_to_end * 128 / PART.steps + 100.0
    assert 1 / at_the_end == pytest.approx(ohms, rel=0.01), "the wiper at its middle and a drive resistor"
    assert last_output(bench, "left") == (False, 0.0)


def test_the_codes_of_a_branch_follow_the_law_of_its_part(bench: Path) -> None:
    for options in ([], ["--smu", "left", "--compliance", "1 mA"]):
        found = swept(
            bench, "codes", bench, "--branch", "in0,out0", "--codes", "20:256:59", "--level", "2 V", *options
        )
        run = open_run(found["run"])
        assert run["code"].values.tolist() == [20, 79, 138, 197, 256, 256, 197, 138, 79, 20]
        assert run["conductance"].values == pytest.approx(run["nominal"].values, rel=0.02)
        assert found["limited"] == 0
        assert Path(found["files"][0]).stat().st_size > 10_000, "a picture"


def test_a_sweep_is_stored_as_csv_and_netcdf(bench: Path) -> None:
    found = swept(bench, "iv", bench, "--smu", "right", "--stop", "1 V", "--points", 3, "--name", "open")
    _, table, netcdf = map(Path, found["files"])
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["level [V]"]) for row in rows] == [0.0, 0.5, 1.0]
    assert netcdf.read_bytes()[:4] == b"\x89HDF"


def test_the_same_experiment_trains_in_simulation_and_on_the_served_bench(bench: Path) -> None:
    experiment = bench.parent / "experiment.yaml"
    experiment.write_text(
        """
rig: rig.yaml
task: {samples: [{inputs: {in0: 1 V, in1: 2 V}, targets: {out0: 1.4 V}}]}
learning:
  rule: {kind: contrastive}
  step: {kind: fixed, rate: 3e-5}
  bounds: {floor: 12 uS}
  initial: {kind: constant, conductance: 30 uS}
stop: {error: 3 mV, steps: 60}
"""
    )
    runs = bench.parent / "runs"
    rehearsed = labrig("train", experiment, "--runs", runs, "--simulate")
    real = labrig("train", experiment, "--runs", runs)
    assert rehearsed["outcome"] == real["outcome"] == "converged"
    assert rehearsed["steps"] == real["steps"]
    assert last_output(bench, "left") == last_output(bench, "right") == (False, 0.0)


def test_safe_turns_everything_off_while_its_program_hangs(bench: Path) -> None:
    state = str(bench.parent / "state")
    options = ["--smu", "left", "--list", ",".join(["1 V"] * 400), "--compliance", "1 mA", "--nplc", "2"]
    sweep = subprocess.Popen(
        [*LABRIG, "sweep", "iv", str(bench), *options, "--runs", str(bench.parent / "runs")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LABRIG_STATE": state},
    )
    trace = bench.parent / "left.jsonl"
    while '"output": true' not in trace.read_text():
        assert sweep.poll() is None
    sweep.send_signal(signal.SIGSTOP)
    devices = labrig("safe", "--all", LABRIG_STATE=state)
    assert [device["safe"] for device in devices] == [True]
    assert last_output(bench, "left") == (False, 0.0)
    assert sweep.wait(SECONDS) == -signal.SIGKILL
    assert labrig("safe", "--all", LABRIG_STATE=state) == []
    assert [device["name"] for device in labrig("safe", bench)] == ["left", "right", "board"]


def test_a_unit_that_nobody_can_reach_is_said_to_be_on(rig: Path) -> None:
    said = labrig("safe", rig, code=6)
    assert said == ""
