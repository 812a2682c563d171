"""Memristors behind firmware that programs them by itself: compiled, and served by this package."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import labrig
from labrig.arrays import FloatArray, IntArray
from labrig.bench.memristor_bench import MemristorBench
from labrig.circuit.boundary import Boundary
from labrig.config.loading import load_rig
from labrig.errors import ConfigError
from labrig.store.reader import RunReader
from tests.support.memristors import memristor_experiment

MODEL = """
    elements: {kind: memristor, part: CMO-HFOX}
    adc: {bits: 16, span: 0.5 V}
    dac: {bits: 16, span: 0.5 V}
    drive: 1 kohm
    seed: 5
"""
RIG = """
network: {kind: crossbar, inputs: 6, outputs: 4}
board:
  kind: firmware
  averages: 16
  BOARD
limits: {voltage: 1.5 V}
mask: [in2-out1]
faults: FAULTS
"""
EXPERIMENT = """
rig: rig.yaml
task:
  samples:
    - inputs: [50 mV, 90 mV, 130 mV, 170 mV, 210 mV, 250 mV]
      targets: [130 mV, 145 mV, 160 mV, 175 mV]
learning:
  rule: {kind: contrastive}
  step: {kind: fixed, rate: 4e-3}
  write: {kind: verify, where: WHERE}
  bounds: {floor: 15 uS, ceiling: 80 uS}
  initial: {kind: constant, conductance: 40 uS}
stop: {steps: 25}
seed: 3
"""
FAULTS = "[{kind: stuck-on, branch: in2-out1}, {kind: stuck-off, branch: in4-out3}]"


def experiment(folder: Path, board: str, where: str, faults: str = "[]") -> Path:
    (folder / "rig.yaml").write_text(RIG.replace("BOARD", board).replace("FAULTS", faults))
    path = folder / f"{where}.yaml"
    path.write_text(EXPERIMENT.replace("WHERE", where))
    return path


def trained(path: Path) -> tuple[FloatArray, IntArray, dict[int, str]]:
    """Errors step by step, V; pulses in the life of each branch; and which are stuck, and why."""
    loaded = labrig.load_experiment(path)
    with labrig.open_bench(loaded.rig) as bench:
        assert isinstance(bench, MemristorBench)
        training = labrig.train(bench, loaded, runs=path.parent / "runs")
        training.finish()
        with RunReader(training.run) as run:
            assert run.scalars("writes")[-1] == run.scalars("pulses")[-1] > 0, "a pulse counts as a write"
            return run.scalars("error").astype(np.float64), bench.wear.pulses[bench.wipers], bench.stuck


@pytest.mark.parametrize("where", ["board", "host"])
def test_memristors_of_compiled_firmware_are_trained(tmp_path: Path, where: str) -> None:
    launched = f"launch: {{target: host}}\n  model: {MODEL}"
    errors, wear, stuck = trained(experiment(tmp_path, launched, where, FAULTS))
    assert errors[-5:].mean() < 0.25 * errors[0]
    assert list(stuck) == [19], "in4-out3 answers to no pulse"
    assert np.flatnonzero(wear == 0).tolist() == [9], "in2-out1 is masked"


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("by_board", [True, False])
def test_an_emulated_microcontroller_writes_memristors_by_its_pulse_generator(
    tmp_path: Path, by_board: bool
) -> None:
    launched = f"launch: {{target: atmega2560}}\n  model: {MODEL}"
    loaded = labrig.load_experiment(experiment(tmp_path, launched, "board", FAULTS))
    targets = np.linspace(15e-6, 80e-6, 24)
    with labrig.open_bench(loaded.rig) as bench:
        assert isinstance(bench, MemristorBench)
        bench.by_board = by_board
        found = bench.write(targets)
        true = true_conductances(bench)
    sound = np.delete(np.arange(24), [9, 19])
    assert found.reached[sound].all()
    assert np.flatnonzero(found.pulses == 0).tolist() == [9], "in2-out1 is masked"
    assert list(bench.stuck) == [19], "in4-out3 answers to no pulse"
    assert (np.abs(true - targets)[sound] <= 0.01 * targets[sound] + LEFT).all()


LEFT = 4 * 0.5 / 65535 / np.sqrt(12 * 40) * 3 / 1000 / 0.3
"""S: 4 deviations of what is left of the steps of three readings in the mean of 40 reads behind 1 kohm."""


def true_conductances(bench: MemristorBench) -> FloatArray:
    """Of a crossbar, S: inputs driven one by one, at levels that average out the ADC's steps."""
    inputs, outputs = list(bench.topology.inputs), list(bench.topology.outputs)
    found: list[FloatArray] = []
    for level in np.linspace(0.2, 0.4, 40):
        states = [Boundary({node: level * (node == k) for node in (*inputs, *outputs)}) for k in inputs]
        volts = bench.scan(states).volts
        drops = volts[:, None, inputs] - volts[:, outputs, None]  # state, output, input
        columns = [np.linalg.solve(drops[:, j], volts[:, node] / 1000.0) for j, node in enumerate(outputs)]
        found.append(np.asarray(np.stack(columns, axis=1).ravel(), dtype=np.float64))
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def test_a_board_that_writes_by_itself_brings_every_device_within_one_per_cent() -> None:
    rig = load_rig(Path(__file__).parents[2] / "configs/rigs/memristor-16x16-firmware.yaml")
    with labrig.open_bench(rig) as bench:
        assert isinstance(bench, MemristorBench)
        bench.by_board = True
        targets = np.random.default_rng(4).uniform(15e-6, 80e-6, 256)
        found = bench.write(targets)
        true = true_conductances(bench)
        told = bench.uncertainty
    broken = [3 * 16 + 5, 7 * 16 + 2]
    sound = np.delete(np.arange(256), broken)
    assert found.reached[sound].all()
    assert not found.reached[broken].any()
    assert (np.abs(true - targets)[sound] <= 0.01 * targets[sound] + LEFT).all()
    assert (np.abs(true - found.conductances)[sound] <= 4 * told[sound]).all()


def test_a_memristor_cannot_be_the_reference_of_looks_for_drift(tmp_path: Path) -> None:
    launched = f"launch: {{target: host}}\n  model: {MODEL}"
    path = experiment(tmp_path, launched, "board")
    path.write_text(path.read_text() + "drift: {reference: in2-out1}\n")
    loaded = labrig.load_experiment(path)
    with (
        labrig.open_bench(loaded.rig) as bench,
        pytest.raises(ConfigError, match=r"drift\.reference: in2-out1 cannot be watched: .* memristors"),
    ):
        labrig.preflight(bench, loaded)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """A board in a process of its own, which this package plays behind a port."""
    path = tmp_path / "served.yaml"
    own = MODEL.replace("\n    ", "\n  ")
    path.write_text(RIG.replace("BOARD", own).replace("firmware", "simulated").replace("FAULTS", "[]"))
    command = [
        sys.executable,
        "-m",
        "labrig",
        "simulate",
        "board",
        str(path),
        "--listen",
        "tcp://127.0.0.1:0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().rstrip("\n").removeprefix("ready tcp://")
        process.kill()


def test_memristors_behind_a_port_are_trained_by_the_board_that_has_them(tmp_path: Path, served: str) -> None:
    linked = f"link: {{kind: serial, port: 'socket://{served}'}}"
    errors, wear, stuck = trained(experiment(tmp_path, linked, "board"))
    assert errors[-5:].mean() < 0.25 * errors[0]
    assert stuck == {}
    assert np.flatnonzero(wear == 0).tolist() == [9], "in2-out1 is masked"


def test_preflight_counts_the_lives_of_memristors_against_what_their_part_stands(tmp_path: Path) -> None:
    loaded = labrig.load_experiment(memristor_experiment(tmp_path, mask="[in0-out0]"))
    with labrig.open_bench(loaded.rig) as bench:
        assert isinstance(bench, MemristorBench)
        assert labrig.preflight(bench, loaded).objections == ()
        # The masked one is worn out already, which nobody minds; the other has a pulse left.
        lived = np.array([bench.part.endurance + 5, bench.part.endurance - 1])
        bench.wear.add(bench.wipers[[0, 7]], lived)
        (objection,) = labrig.preflight(bench, loaded).objections
    assert objection.startswith(
        f"1 memristors will have had more pulses than their part stands, {bench.part.endurance}"
    )
    assert f"in2-out1 has had {lived[1]}; mask them, or take another board" in objection
