"""Drift that is seen beside a training, and what is done about it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

import labrig
from labrig.config.calibration import Calibration, sealed
from labrig.config.calibrations import calibration_text
from labrig.config.loading import load_calibration, load_experiment
from labrig.errors import CalibrationError, ConfigError, RunError
from labrig.procedures.calibrating.calibrate import calibrate_adc
from labrig.procedures.calibrating.sealing import write_calibration
from labrig.procedures.reopen import open_again, open_rig_or_run
from labrig.procedures.train import Training
from labrig.store.reader import RunReader

EXPERIMENT = """
rig:
  network: {{kind: crossbar, inputs: 4, outputs: 3}}
  board:
    kind: simulated
    elements: {{kind: digipot, part: MCP4351-104, vices: {vices}}}
    adc: {{bits: 16, span: 5 V, noise: {noise}, offset_drift: {offset_drift}}}
    dac: {{bits: 16, span: 5 V}}
    drive: 1 kohm
    seed: {seed}
    environment: {environment}
  mask: [{mask}]
  faults: {faults}
{calibration}
task:
  samples:
    - inputs: [0.3 V, 1.5 V, 3 V, 4.7 V]
      targets: [2 V, 2.4 V, 2.8 V]
    - inputs: [4.5 V, 3.2 V, 1.1 V, 0.4 V]
      targets: [2.6 V, 2.3 V, 2.1 V]
learning:
  rule: {{kind: contrastive}}
  step: {{kind: fixed, rate: 1e-6}}
  bounds: {{floor: 10 uS}}
  initial: {{kind: uniform, low: 15 uS, high: 40 uS}}
  {learning}
drift: {drift}
stop: {{steps: {steps}}}
seed: 3
"""
PLAIN = {
    "vices": "{}",
    "noise": "50 uV",
    "offset_drift": "0 V/K",
    "seed": 5,
    "environment": "{}",
    "mask": "in0-out0",
    "faults": "[]",
    "calibration": "",
    "learning": "",
    "drift": "{every: 10}",
    "steps": 40,
}
EVERY = 10
AGING = "[{kind: aging, branch: in0-out0, rate: 0.9, after: 0}]"
WARMING = {"environment": "{ramp: 100 K}", "offset_drift": "500 uV/K"}


def nothing(*_: Any) -> None:
    """Done."""


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take longer than all the rest."""
    monkeypatch.setattr("labrig.views.summary.write_summary", nothing)


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT.format(**(PLAIN | changes)))
    return path


def trained(folder: Path, **changes: Any) -> Training:
    experiment = load_experiment(written(folder, **changes))
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=folder / "runs")
        training.finish()
    return training


def rows(run: Path, *but: str) -> list[dict[str, Any]]:
    with RunReader(run) as reader:
        names = [name for name in reader.columns if name not in {"wall", *but}]
        return [{"step": row.step, **row.values} for row in reader.rows(names)]


def looks(run: Path) -> list[dict[str, Any]]:
    found = [row for row in rows(run) if row["offset_change"] is not None]
    return [{**row, "drift": row["drift"] or "", "calibration": row["calibration"] or ""} for row in found]


def test_a_look_comes_before_every_kth_update_and_is_counted(tmp_path: Path) -> None:
    """Two samples in two states each, 41 exchanges; five looks of four states, eight times each."""
    training = trained(tmp_path)
    assert [row["step"] for row in looks(training.run)] == [0, 10, 20, 30, 40]
    assert training.tally().exchanges == 41 + 5
    assert training.tally().measurements == 41 * 4 + 5 * 32


def test_an_aging_reference_is_found_at_its_size(tmp_path: Path) -> None:
    """It grows by exp(0.9 · 11/1000), 1 %, from one look to the next, ten exchanges and the look itself."""
    found = looks(trained(tmp_path, faults=AGING).run)
    grown = found[1]["reference"] / found[0]["reference"]
    doubt = np.hypot(*(row["reference_uncertainty"] / row["reference"] for row in found[:2]))
    assert abs(grown - np.exp(0.9 * (EVERY + 1) / 1000)) < 3 * doubt
    assert doubt < 0.002
    assert found[1]["drift"].startswith("reference in0-out0 conducts ")
    assert "% more than before step 0" in found[1]["drift"]


def test_a_temperature_coefficient_is_found_at_its_size(tmp_path: Path) -> None:
    """1000 ppm/K over 4.4 K in 44 exchanges at 100 K in 1000: -0.44 % of the string's share, nearly all."""
    found = looks(trained(tmp_path, vices="{tempco: 1000 ppm/K}", environment="{ramp: 100 K}").run)
    celsius = [row["celsius"] for row in found]
    assert celsius == pytest.approx([25 + 0.1 * n for n in (0, 11, 22, 33, 44)])
    wiper = 75 * found[0]["reference"]
    expected = 1 / (1 + (1 - wiper) * 1e-3 * (celsius[-1] - celsius[0]))
    doubt = np.hypot(found[0]["reference_uncertainty"], found[-1]["reference_uncertainty"])
    assert abs(found[-1]["reference"] - expected * found[0]["reference"]) < 3 * doubt


def test_drifting_offsets_are_found_at_their_size(tmp_path: Path) -> None:
    """11 exchanges are 1.1 K; some line of seven has nearly the largest 0.5 mV/K, most have a good part."""
    training = trained(tmp_path, **WARMING)
    found = looks(training.run)
    assert " otherwise than before step 0" in found[1]["drift"]
    assert 0.2e-3 < abs(found[1]["offset_change"]) < 0.55e-3 + 3 * 50e-6


def test_boards_that_do_not_drift_raise_no_more_alarms_than_allowed(tmp_path: Path) -> None:
    """4 looks of 15 boards at 2.5 standard deviations, which chance exceeds in 1.24 % of the looks."""
    alarms = 0
    for seed in range(15):
        training = trained(tmp_path, seed=seed, drift="{every: 10, limit: 2.5}")
        alarms += sum(bool(row["drift"]) for row in looks(training.run))
    assert alarms <= binom.isf(1e-5, 60, 0.0124)


def test_a_note_says_so_and_changes_nothing_else(tmp_path: Path) -> None:
    noted = trained(tmp_path, faults=AGING)
    silent = trained(tmp_path, faults=AGING, drift="{every: 10, limit: 100, change: 50 %}")
    assert noted.ending is not None
    assert noted.ending.outcome == "stopped"
    for one, other in zip(rows(noted.run, "drift"), rows(silent.run, "drift"), strict=True):
        assert np.array_equal(one["codes"], other["codes"])
        assert np.array_equal(one["outputs"], other["outputs"])
    assert any(row["drift"] for row in looks(noted.run))
    assert not any(row["drift"] for row in looks(silent.run))


def test_zero_reads_offsets_anew_when_they_have_moved(tmp_path: Path) -> None:
    """What is taken off at the end is what the converters had at the last zero, not at the first."""
    zero = "zero: {every: 1000, repeats: 16}"
    kept = trained(tmp_path, learning=zero, **WARMING)
    anew = trained(tmp_path, learning=zero, drift="{every: 10, then: zero}", **WARMING)
    with RunReader(kept.run) as one, RunReader(anew.run) as other:
        before, after = (np.asarray(run.constants()["offsets"].value) for run in (one, other))
    moved = [row["step"] for row in looks(anew.run) if "offsets were read anew" in row["drift"]]
    assert moved
    assert np.abs(before).max() < 3 * 50e-6
    assert np.abs(after).max() > 0.2e-3 * moved[-1] / EVERY
    assert anew.tally().exchanges == kept.tally().exchanges + len(moved)


def test_a_pause_ends_behind_the_step_and_goes_on_from_there(tmp_path: Path) -> None:
    drift = "{every: 10, then: pause}"
    paused = trained(tmp_path, faults=AGING, drift=drift)
    assert paused.ending is not None
    assert paused.ending.outcome == "paused"
    assert "conducts" in paused.ending.reason
    assert "resume" in paused.ending.reason
    assert rows(paused.run)[-1]["step"] == 10
    ends: list[str] = []
    for _ in range(4):
        with labrig.open_resumed(paused.run) as resumed:
            ends.append(resumed.start(lambda: None).finish().outcome)
        if ends[-1] == "stopped":
            break
    assert ends[-1] == "stopped"
    noted = trained(tmp_path, faults=AGING)
    for one, other in zip(rows(paused.run, "drift"), rows(noted.run, "drift"), strict=True):
        assert_same(one, other)


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    for name, value in one.items():
        if isinstance(value, str) or value is None:
            assert value == other[name], name
        else:
            assert np.array_equal(value, other[name], equal_nan=True), name


@pytest.mark.parametrize("stored", [1, 10, 11, 25])
@pytest.mark.parametrize("then", ["note", "zero", "recalibrate"])
def test_a_run_that_was_interrupted_goes_on_bit_for_bit(tmp_path: Path, then: str, stored: int) -> None:
    changes = {**WARMING, "learning": "zero: {every: 1000}", "drift": f"{{every: 10, then: {then}}}"}
    if then == "recalibrate":
        changes["calibration"] = calibrated(tmp_path, **changes)
    experiment = load_experiment(written(tmp_path, **changes))
    found: list[Path] = []
    for count in (41, stored):
        with labrig.open_bench(experiment.rig) as bench:
            training = labrig.train(bench, experiment, runs=tmp_path / "runs")
            steps = iter(training)
            for _ in range(count):
                next(steps)
            if count == 41:
                assert next(steps, None) is None
            else:
                steps.close()  # type: ignore[attr-defined]
            found.append(training.run)
    with labrig.open_resumed(found[1]) as resumed:
        resumed.start(lambda: None).finish()
    whole, broken = (rows(run, "calibration") for run in found)
    assert any(row["drift"] for row in whole)
    for one, other in zip(whole, broken, strict=True):
        assert_same(one, other)


SEALED = {"format", "sha256"}
"""What sealing a calibration adds to it."""


def calibrated(folder: Path, **changes: Any) -> str:
    """The line of a rig that names a calibration of the converters of this board."""
    plain = load_experiment(written(folder, **(changes | {"drift": "{}", "calibration": ""})))
    path = folder / "board.json"
    path.unlink(missing_ok=True)
    with labrig.open_bench(plain.rig) as bench:
        write_calibration(calibrate_adc(bench, None, None, nothing), bench, path, kelvin=2.0)
    return f"  calibration: {path}"


def test_recalibration_measures_the_converters_and_is_taken_from_then_on(tmp_path: Path) -> None:
    """Readings of one potential, as warm as then, agree better than by the calibration of before.

    Offsets of up to 20 mV, which drift changes by 2 mV, are in each of them.
    """
    warming = {**WARMING, "offset_drift": "500 uV/K, offset: 20 mV"}
    changes = {**warming, "drift": "{every: 10, then: recalibrate}"}
    changes["calibration"] = calibrated(tmp_path, **changes)
    training = trained(tmp_path, **changes)
    made = [row for row in looks(training.run) if row["calibration"]]
    assert made
    file = training.run / f"drift-{made[-1]['step']:06d}.json"
    content = json.loads(file.read_text())
    assert content["sha256"] == made[-1]["calibration"]
    assert content["temperature_celsius"] > 25.5
    assert (training.run / f"drift-{made[-1]['step']:06d}.raw.npz").exists()
    for row in made:
        lines = json.loads((training.run / f"drift-{row['step']:06d}.json").read_text())["converters"][
            "lines"
        ]
        assert max(abs(line["offset"]) for line in lines.values()) > 5e-3, "a correction of the one before"
    warm = round(10 * (content["temperature_celsius"] - 25.0))
    spreads: list[float] = []
    for target in (str(training.run), str(written_rig(tmp_path, **changes))):
        with open_rig_or_run(target, None, simulate=False) as (network, _):
            bench: Any = network
            bench.exchange_index = warm
            state = labrig.circuit.Boundary(dict.fromkeys(range(7), 2.0))
            (volts,) = bench.settle([state] * 1).node_voltages
            spreads.append(float(np.ptp(volts)))
    assert spreads[0] < 0.5 * spreads[1]


def written_rig(folder: Path, **changes: str) -> Path:
    text = EXPERIMENT.format(**(PLAIN | changes))
    rig = text.split("task:")[0].replace("rig:\n", "").replace("\n  ", "\n")
    path = folder / "rig.yaml"
    path.write_text(rig)
    return path


def test_a_calibration_made_in_a_run_must_still_be_there(tmp_path: Path) -> None:
    changes = {**WARMING, "drift": "{every: 10, then: recalibrate}"}
    changes["calibration"] = calibrated(tmp_path, **changes)
    experiment = load_experiment(written(tmp_path, **changes))
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path / "runs")
        steps = iter(training)
        for _ in range(25):
            next(steps)
        steps.close()  # type: ignore[attr-defined]
    for file in training.run.glob("drift-*.json"):
        file.write_text(file.read_text().replace("labrig-calibration", "labrig-Calibration"))
    with (
        pytest.raises(RunError, match=r"drift-0000.0.json: the calibration that this run made is missing"),
        labrig.open_resumed(training.run) as resumed,
    ):
        resumed.start(lambda: None)


def test_a_run_that_watches_its_temperature_is_opened_again_at_any(tmp_path: Path) -> None:
    """The calibration holds at 25.8 ± 2 °C; the board has 35 °C when the run is to go on."""
    named = calibrated(tmp_path, environment="{ramp: 100 K}")
    path = written(tmp_path, calibration=named, environment="{temperature: 35 degC}")
    rig = load_experiment(path).rig
    with pytest.raises(CalibrationError, match=r"it holds at 25\.8 ± 2 °C"), open_again(rig, "simulated"):
        pass
    with open_again(rig, "simulated", watched=True) as bench:
        assert bench.celsius() == 35.0


def test_leaving_the_band_of_the_calibration_is_told_once(tmp_path: Path) -> None:
    """The calibration took 9 exchanges of 0.1 K each; 2 K more are passed in exchange 28."""
    changes = {"environment": "{ramp: 100 K}", "vices": "{tempco: 0 ppm/K}"}
    changes["calibration"] = calibrated(tmp_path, **changes)
    training = trained(tmp_path, **changes, steps=60)
    told = [row for row in looks(training.run) if "the board is at" in row["drift"]]
    assert len(told) == 1
    assert "its calibration holds at 25.8 ± 2 °C" in told[0]["drift"]
    assert 27.8 < told[0]["celsius"] < 27.8 + 0.1 * (EVERY + 1)


def test_the_temperature_of_every_step_is_stored_where_the_board_tells_it(tmp_path: Path) -> None:
    training = trained(tmp_path, environment="{ramp: 100 K}")
    with RunReader(training.run) as reader:
        celsius = reader.scalars("celsius")
    assert len(celsius) == 41
    assert np.all(np.diff(celsius) > 0)
    without = trained(tmp_path, environment="null")
    with RunReader(without.run) as reader:
        assert "celsius" not in reader.columns


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"drift": "{every: 0}"}, r"drift\.every: found 0"),
        ({"drift": "{repeats: 1}"}, r"drift\.repeats: found 1"),
        ({"drift": "{limit: 0.5}"}, r"drift\.limit: found 0\.5; it must be at least 1 and at most 100"),
        ({"drift": "{then: shrug}"}, r"drift\.then: found 'shrug'"),
        ({"drift": "{offset: 3}"}, r"drift\.offset: found 3, which has no unit"),
        ({"drift": "{kelvin: 3}"}, r"drift\.kelvin: "),
        ({"drift": "{reference: in9-out0}"}, r"drift\.reference: found 'in9-out0', which is no branch"),
        ({"drift": "{reference: in1-out0}"}, r"drift\.reference: found 'in1-out0', which the training chang"),
        ({"drift": "{then: zero}"}, r"drift\.then: found zero without learning\.zero"),
        ({"drift": "{then: recalibrate}"}, r"drift\.then: found recalibrate, but the rig has no calibration"),
        (
            {"drift": "{then: zero}", "learning": "where: board", "environment": "null"},
            r"drift\.then: found zero beside a board that learns",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, str], complaint: str
) -> None:
    line = next(k for k, text in enumerate(EXPERIMENT.splitlines(), start=1) if text.startswith("drift:"))
    with pytest.raises(ConfigError, match=rf"experiment\.yaml:{line}: {complaint}"):
        load_experiment(written(tmp_path, **changes))


def test_what_an_instrument_has_calibrated_is_not_calibrated_again_without_it(tmp_path: Path) -> None:
    changes = {**WARMING, "drift": "{every: 10, then: recalibrate}"}
    changes["calibration"] = calibrated(tmp_path, **changes)
    path = tmp_path / "board.json"
    found = load_calibration(path)
    assert found.converters is not None
    absolute = found.converters.model_copy(update={"absolute": True})
    content = {name: getattr(found, name) for name in Calibration.model_fields if name not in SEALED}
    path.write_text(calibration_text(sealed(**{**content, "converters": absolute})))
    with pytest.raises(ConfigError, match=r"drift\.then: found recalibrate beside .* an instrument"):
        load_experiment(written(tmp_path, **changes))


def test_a_named_reference_needs_currents(tmp_path: Path) -> None:
    path = written(tmp_path, drift="{reference: in0-out0}")
    path.write_text(path.read_text().replace("    drive: 1 kohm\n", ""))
    experiment = load_experiment(path)
    with (
        labrig.open_bench(experiment.rig) as bench,
        pytest.raises(ConfigError, match=r"drift\.reference: in0-out0 cannot be watched: .* no drive resis"),
    ):
        labrig.preflight(bench, experiment)


def test_without_a_reference_offsets_are_watched_alone(tmp_path: Path) -> None:
    training = trained(tmp_path, mask="", **WARMING)
    with RunReader(training.run) as reader:
        assert np.isnan(reader.scalars("reference")).all()
        assert any("otherwise" in text for text in reader.scalars("drift"))
    assert training.tally().measurements == 41 * 4 + 5 * 8


def test_a_preflight_counts_the_looks(tmp_path: Path) -> None:
    experiment = load_experiment(written(tmp_path))
    with labrig.open_bench(experiment.rig) as bench:
        costs = labrig.preflight(bench, experiment).predicted
    training = trained(tmp_path)
    assert (costs.looks, costs.look_measurements) == (5, 32)
    assert costs.measurements == training.tally().measurements
