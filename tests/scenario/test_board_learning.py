"""A board that learns by itself: the same experiment, the same store, and far fewer bytes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.bench.assembly import open_bench
from labrig.config.faults import AdcStuck
from labrig.config.loading import Experiment, load_experiment
from labrig.errors import BoardFault, ConfigError
from labrig.procedures.resume import open_resumed
from labrig.procedures.train import Training
from labrig.store.reader import RunReader

EXPERIMENT = """
rig:
  network: {{kind: crossbar, inputs: {inputs}, outputs: {outputs}}}
  board:
    kind: firmware
    launch: {{target: {target}}}
    averages: {averages}
    model:
      elements: {{kind: digipot, part: MCP4351-104, tolerance: 20 %}}
      adc: {{bits: {adc}, span: 5 V}}
      dac: {{bits: 12, span: 5 V}}
      drive: 0 ohm
      seed: 3
  limits: {{voltage: 5 V, branch_current: 2.5 mA}}
task: {task}
learning:
  rule: {{kind: {rule}}}
  step: {{kind: fixed, rate: {rate}}}
  where: {where}
  steps_per_exchange: {every}
  bounds: {{floor: 5 uS}}
  initial: {{kind: uniform, low: 15 uS, high: 40 uS}}
stop: {{steps: {steps}}}
seed: 1
"""
ONE = """
  samples:
    - inputs: [1 V, 2 V, 4 V, 0.5 V, 3 V, 2.5 V, 1.5 V, 3.5 V]
      targets: [1.8 V, 2.6 V, 2.2 V, 2.9 V, 1.6 V, 2.4 V]"""
TWO = """
  samples:
    - inputs: [0.3 V, 1.5 V, 3 V, 4.7 V]
      targets: [2 V, 2.4 V, 2.8 V]
    - inputs: [4.5 V, 3.2 V, 1.1 V, 0.4 V]
      targets: [2.6 V, 2.3 V, 2.1 V]"""
SMALL = {"inputs": 8, "outputs": 6, "task": ONE, "steps": 600}
PAIR = {"inputs": 4, "outputs": 3, "task": TWO, "steps": 300, "rate": "1e-6 S/V^2"}
DEFAULTS = {
    "adc": 16,
    "averages": 1,
    "target": "host",
    "rule": "contrastive",
    "rate": "3e-6 S/V^2",
    "where": "board",
    "every": 20,
}
TASK = Path(__file__).parents[2] / "configs/tasks/crossbar-40x30-5v.csv"
WHERE = ("host", "board")


def experiment(folder: Path, **changes: Any) -> Experiment:
    given = {**DEFAULTS, **changes}
    if given["where"] == "host":
        given["every"] = 1
    path = folder / f"{given['where']}.yaml"
    path.write_text(EXPERIMENT.format(**given), encoding="utf-8")
    return load_experiment(path)


def trained(folder: Path, **changes: Any) -> tuple[Path, dict[str, float]]:
    """The run, and what crossed the wire while it was trained."""
    asked = experiment(folder, **changes)
    with open_bench(asked.rig) as bench:
        training = labrig.train(bench, asked, runs=folder / "runs")
        training.finish()
        down, up = bench.counters.bytes_down, bench.counters.bytes_up
    return training.run, {"down": down, "up": up}


def settled_error(run: Path, steps: int) -> float:
    """Root mean square of the error over the last `steps` updates: it dithers by single taps."""
    stored = rows(run)
    late = [row["error"] for row in stored if row["step"] > stored[-1]["step"] - steps]
    return float(np.sqrt(np.mean(np.square(late))))


def rows(run: Path) -> list[dict[str, Any]]:
    with RunReader(run) as reader:
        names = [name for name in reader.columns if name not in {"wall", "frames", "writes"}]
        return [{"step": row.step, **row.values} for row in reader.rows(names)]


@pytest.mark.parametrize("where", WHERE)
def test_a_preflight_tells_the_states_and_the_writes_that_it_will_take(tmp_path: Path, where: str) -> None:
    asked = experiment(tmp_path, **PAIR, where=where)
    with open_bench(asked.rig) as bench:
        predicted = labrig.preflight(bench, asked).predicted
        training = labrig.train(bench, asked, runs=tmp_path / "runs")
        training.finish()
        tally = training.tally()
    assert predicted.measurements == tally.measurements
    if where == "board":
        assert predicted.writes == tally.writes
    else:
        assert tally.writes <= predicted.writes, "codes that stay need not be written"


@pytest.mark.parametrize("adc", [12, 16])
def test_the_board_learns_two_samples_as_fast_as_the_host(tmp_path: Path, adc: int) -> None:
    errors = {where: settled_error(trained(tmp_path, **PAIR, adc=adc, where=where)[0], 60) for where in WHERE}
    assert errors["board"] <= 1.1 * errors["host"]


@pytest.mark.parametrize("target", ["host", "atmega2560"])
def test_the_board_learns_with_nudges_as_fast_as_the_host(tmp_path: Path, target: str) -> None:
    """Coupled learning, half of the way; 16 conversions of 12 bits add up to the 16 that it needs."""
    changes = {**PAIR, "adc": 12, "rule": "coupled, nudge: 0.5", "steps": 400, "averages": 16}
    found = {where: trained(tmp_path, **changes, where=where, target=target)[0] for where in WHERE}
    errors = {where: settled_error(run, 60) for where, run in found.items()}
    assert errors["board"] <= 1.1 * errors["host"]
    start = rows(found["board"])[0]["error"]
    assert errors["board"] < start / 10
    # Half of the way: the clamped outputs lie in the middle between the free ones and their targets.
    with RunReader(found["board"]) as reader:
        targets = np.asarray(reader.constants()["targets"].value, dtype=np.float64)
        states = np.asarray(next(iter(reader.rows(["node_voltages"]))).values["node_voltages"])
    free, clamped = states[0][:, 4:], states[1][:, 4:]
    assert np.abs(clamped - (free + targets) / 2).max() <= 1.5 * 5 / 4095


def test_readings_that_do_not_add_up_to_16_bits_are_refused_where_the_board_nudges(tmp_path: Path) -> None:
    said = refusal(experiment(tmp_path, **PAIR, adc=12, rule="coupled, nudge: 0.5"))
    assert "needs board.averages: 16, so that readings of its 12 bits add up to 16; found 1" in said


def test_a_crossbar_of_1200_branches_is_learned_as_well_with_few_of_the_bytes(tmp_path: Path) -> None:
    task = f"{{file: {TASK}}}"
    # Errors come to rest after two thousand steps; until then some outputs go to and fro.
    large = {"inputs": 40, "outputs": 30, "task": task, "steps": 4000}
    found: dict[str, tuple[Path, dict[str, float]]] = {}
    for where in WHERE:
        found[where] = trained(tmp_path, **large, where=where, every=100)
    (host, sent), (board, sent_too) = found["host"], found["board"]
    assert settled_error(board, 2000) <= 1.1 * settled_error(host, 2000)
    # A step of the host takes two boundaries down and two scans of 140 bytes up; a hundred of the board
    # 3600 bytes of latents and two scans.
    assert sent_too["down"] < sent["down"] / 10
    assert sent_too["up"] < sent["up"] / 7


def test_each_stored_step_holds_codes_within_the_bounds_and_counts_every_state(tmp_path: Path) -> None:
    far = ONE.replace("1.8 V, 2.6 V", "0.6 V, 3.9 V")
    run, _ = trained(tmp_path, **{**SMALL, "steps": 50, "task": far}, rate="5e-5 S/V^2")
    stored = rows(run)
    assert [row["step"] for row in stored] == [0, 20, 40, 50]
    assert [row["measurements"] for row in stored] == [2, 44, 86, 108]
    with RunReader(run) as reader:
        constants = reader.constants()
    floor, ceiling, law = (
        np.asarray(constants[name].value, np.float64) for name in ("floor", "ceiling", "code_conductances")
    )
    for row in stored:
        held = law[np.arange(48), row["codes"]]
        assert np.all((floor <= held) & (held <= ceiling))
        assert row["codes"].max() <= 255
    assert sum(row["floor_hits"] + row["ceiling_hits"] for row in stored) > 0


def test_the_bounds_say_why_code_256_is_not_used(tmp_path: Path) -> None:
    run, _ = trained(tmp_path, **{**SMALL, "steps": 1})
    with RunReader(run) as reader:
        assert "code 255, the highest that the board learns with" in str(reader.attributes()["bounds"])


def interrupted(folder: Path, after: int) -> Path:
    """A run that was asked to end after so many exchanges."""
    asked = experiment(folder, **SMALL)
    with open_bench(asked.rig) as bench:
        exchanges = iter(range(after))
        training = labrig.train(
            bench,
            asked,
            runs=folder / "runs",
            asked=lambda: None if next(exchanges, None) is not None else "test",
        )
        assert training.finish().outcome == "interrupted"
    return training.run


def resumed(run: Path) -> Iterator[Training]:
    with open_resumed(run) as found:
        yield found.start(lambda: None)


def test_a_resumed_run_equals_the_uninterrupted_one(tmp_path: Path) -> None:
    whole, _ = trained(tmp_path, **SMALL)
    run = interrupted(tmp_path, after=7)
    assert len(rows(run)) == 8
    for training in resumed(run):
        assert training.finish().outcome == "stopped"
    expected = rows(whole)
    for found, row in zip(rows(run), expected, strict=True):
        for name, value in row.items():
            np.testing.assert_array_equal(
                np.asarray(found[name]), np.asarray(value), f"{name} of {row['step']}"
            )
    assert np.any(expected[7]["codes"] != expected[-1]["codes"])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"rule": "equilibrium, nudge: 1e-6", "rate": "1e-12"},
            "learning.rule.*found equilibrium; a board learns with contrastive or coupled only",
        ),
        (
            {"rule": "coupled, nudge: 0.3, amplitude: 0.1 V"},
            "learning.rule.*found an amplitude; a board learns with contrastive or coupled only",
        ),
        ({"where": "host", "every": 5}, "only a board takes several"),
    ],
)
def test_what_no_board_can_learn_is_refused_by_the_file(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    path = tmp_path / "refused.yaml"
    path.write_text(EXPERIMENT.format(**{**DEFAULTS, **SMALL, **changes}), encoding="utf-8")
    with pytest.raises(ConfigError, match=sentence):
        load_experiment(path)


def refusal(asked: Experiment, *, simulate: bool = False) -> str:
    with open_bench(asked.rig, simulate=simulate) as bench:
        with pytest.raises(ConfigError) as caught:
            labrig.train(bench, asked)
        assert bench.counters.measurements == 0
    return str(caught.value)


def test_a_board_that_does_not_learn_is_refused_before_anything_is_driven(tmp_path: Path) -> None:
    assert "cannot learn by itself" in refusal(experiment(tmp_path, **SMALL), simulate=True)


def test_more_samples_than_a_frame_holds_are_refused(tmp_path: Path) -> None:
    many = ONE + "".join(ONE.split("samples:")[1].replace("1.8 V", f"1.{k} V") for k in range(20))
    assert "of 21 samples take" in refusal(experiment(tmp_path, **{**SMALL, "task": many}))


@pytest.mark.parametrize(("rate", "size"), [("1e-16 S/V^2", "small"), ("1e9 S/V^2", "large")])
def test_a_rate_that_the_integers_cannot_hold_is_refused(tmp_path: Path, rate: str, size: str) -> None:
    assert f"too {size} for the integers" in refusal(experiment(tmp_path, **SMALL, rate=rate))


def test_a_board_does_not_learn_from_a_converter_that_reads_nothing(tmp_path: Path) -> None:
    asked = experiment(tmp_path, **SMALL)
    rig = asked.rig.model_copy(update={"faults": (AdcStuck(node="out2", code=65_535),)})
    with open_bench(rig) as bench:
        training = labrig.train(bench, asked, runs=tmp_path / "runs")
        with pytest.raises(BoardFault, match=r"every sample, but the reading of out2 is .* resume the run"):
            training.finish()
    assert [row["step"] for row in rows(training.run)] == [0]
