"""The files in configs/ and the schemas beside them."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from labrig.config.boards import BoardModel, FirmwareBoard
from labrig.config.learning import FixedStep
from labrig.config.loading import Experiment, load, load_experiment, load_rig
from labrig.config.network import GraphNetwork, hidden_names
from labrig.config.studies import load_study
from labrig.procedures.study import groups_of

jsonschema: Any = import_module("jsonschema")  # it has no types
ROOT = Path(__file__).resolve().parents[3]
CONFIGS = ROOT / "configs"
SHIPPED = sorted([*CONFIGS.glob("rigs/*.yaml"), *CONFIGS.glob("experiments/*.yaml")])
STUDIES = sorted(CONFIGS.glob("studies/*.yaml"))


def plain(path: Path) -> Any:
    """What any YAML 1.2 reader sees."""
    reader: Any = YAML(typ="safe", pure=True)
    return reader.load(path.read_text(encoding="utf-8"))


def schema(kind: str) -> Any:
    """A schema as it is shipped."""
    return json.loads((CONFIGS / "schema" / f"{kind}.json").read_text(encoding="utf-8"))


def test_the_schemas_are_current() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "generate_schema"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["rig", "experiment", "study"])
def test_a_schema_is_a_schema(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(kind))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_file_loads_and_fits_its_schema(path: Path) -> None:
    loaded = load(path)
    kind = "experiment" if isinstance(loaded, Experiment) else "rig"
    assert path.parent.name == f"{kind}s"
    jsonschema.validate(plain(path), schema(kind))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_shipped_study_loads_with_all_its_experiments_and_fits_its_schema(path: Path) -> None:
    study = load_study(path)
    jsonschema.validate(plain(path), schema("study"))
    trainings = [experiment for group in groups_of(study, simulate=True) for experiment in group.experiments]
    assert len(trainings) == len(study.cases) * study.config.seeds


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("experiments/*.yaml")), ids=lambda path: path.stem)
def test_a_resolved_experiment_fits_the_schema_and_loads_again(path: Path, tmp_path: Path) -> None:
    experiment = load_experiment(path)
    stored = tmp_path / "experiment.yaml"
    stored.write_text(experiment.text, encoding="utf-8")
    jsonschema.validate(plain(stored), schema("experiment"))
    assert load_experiment(stored).config == experiment.config


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("limits", {"voltage": 5}),
        ("limits", {"voltge": "5 V"}),
        ("network", {"inputs": 2, "outputs": 2}),
        ("network", {"kind": "ring"}),
        ("board", {"kind": "simulated"}),
        ("faults", ["open"]),
    ],
)
def test_the_schema_refuses_what_loading_refuses(key: str, value: object) -> None:
    rig = plain(CONFIGS / "rigs" / "ideal-40x30.yaml") | {key: value}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(rig, schema("rig"))


def test_the_schema_lets_editors_know_what_a_file_may_leave_to_loading() -> None:
    experiment = plain(CONFIGS / "experiments" / "crossbar-40x30.yaml")
    experiment["learning"]["initial"] = {"kind": "file", "path": "start.csv"}
    experiment["task"]["validation"] = {"file": "other.csv"}
    jsonschema.validate(experiment, schema("experiment"))
    experiment["task"]["validation"] = {"files": "other.csv"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(experiment, schema("experiment"))


def test_the_crossbar_of_the_paper_has_inputs_from_1_to_40_volts_and_reachable_targets() -> None:
    config = load_experiment(CONFIGS / "experiments" / "crossbar-40x30.yaml").config
    inputs = np.array(list(config.task.samples[0].inputs.values()))
    assert inputs.tolist() == list(range(1, 41))
    # The recipe of the targets: conductances drawn evenly from [0.1, 1] S, rounded to the microvolt.
    drawn = np.random.default_rng(0).uniform(0.1, 1, (40, 30))
    targets = list(config.task.samples[0].targets.values())
    np.testing.assert_allclose(targets, inputs @ drawn / drawn.sum(axis=0), atol=0.5e-6, rtol=0)
    assert config.learning.step == FixedStep(rate=0.007)


@pytest.mark.parametrize("kind", ["firmware", "emulated"])
def test_the_firmware_and_the_simulated_digipot_rig_are_one_board_trained_alike(kind: str) -> None:
    firmware = load_experiment(CONFIGS / "experiments" / f"crossbar-40x30-{kind}.yaml").config
    simulated = load_experiment(CONFIGS / "experiments" / "crossbar-40x30-digipot.yaml").config
    assert isinstance(firmware.rig.board, FirmwareBoard)
    assert isinstance(simulated.rig.board, BoardModel)
    assert firmware.rig.board.model is not None
    for key in BoardModel.model_fields:
        assert getattr(simulated.rig.board, key) == getattr(firmware.rig.board.model, key), key
    for key in ("network", "limits", "wiring", "mask"):
        assert getattr(simulated.rig, key) == getattr(firmware.rig, key), key
    for key in ("task", "learning", "stop", "seed"):
        assert getattr(simulated, key) == getattr(firmware, key), key


def test_the_digipot_task_stays_off_the_rails_of_its_converter_and_within_the_middle_of_its_inputs() -> None:
    config = load_experiment(CONFIGS / "experiments" / "crossbar-40x30-digipot.yaml").config
    assert isinstance(config.rig.board, BoardModel)
    assert config.rig.board.adc is not None
    span, sample = config.rig.board.adc.span, config.task.samples[0]
    low, high = min(sample.inputs.values()), max(sample.inputs.values())
    assert low > 0.01 * span
    assert high < 0.99 * span
    shares = [(target - low) / (high - low) for target in sample.targets.values()]
    # Written to 0.1 mV of 4.8 V.
    assert min(shares) >= 0.2 - 1e-4 / 4.8
    assert max(shares) <= 0.8 + 1e-4 / 4.8


def test_the_grid_has_three_inputs_three_outputs_and_ten_hidden_nodes() -> None:
    network = load_rig(CONFIGS / "rigs" / "grid-4x4-hidden.yaml").network
    assert isinstance(network, GraphNetwork)
    assert (len(network.inputs), len(network.outputs), len(hidden_names(network))) == (3, 3, 10)
    neighbours = {(f"r{r}c{c}", f"r{r + 1}c{c}") for r in range(3) for c in range(4)}
    neighbours |= {(f"r{r}c{c}", f"r{r}c{c + 1}") for r in range(4) for c in range(3)}
    assert set(network.branches) == neighbours
