"""A board of another package, installed as any package is, trains from a rig file like labrig's own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import labrig
from labrig.errors import ConfigError

RIG = """\
network: {kind: crossbar, inputs: 3, outputs: 2}
board:
  kind: decades
  rack: R7
  lowest: 10 uS
  highest: 1 mS
  drive: 1 ohm
limits: {voltage: 5 V}
"""
EXPERIMENT = """\
rig: rig.yaml
task:
  samples:
    - inputs: [1 V, 2 V, 4 V]
      targets: [2.2 V, 2.9 V]
learning:
  rule: {kind: contrastive}
  step: {kind: fixed, rate: 10 uS/V^2}
  bounds: {floor: 20 uS, ceiling: 500 uS}
  initial: {kind: constant, conductance: 100 uS}
stop: {error: 1 mV, steps: 500}
seed: 1
"""


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    (tmp_path / "rig.yaml").write_text(RIG, encoding="utf-8")
    path = tmp_path / "experiment.yaml"
    path.write_text(EXPERIMENT, encoding="utf-8")
    return path


def train(experiment: Path, packages: Path | None) -> subprocess.CompletedProcess[str]:
    """In a process that finds the packages of a folder besides its own."""
    return subprocess.run(
        [sys.executable, "-m", "labrig", "train", experiment, "--runs", experiment.parent / "runs", "--json"],
        env={**os.environ, "PYTHONPATH": str(packages or "")},
        capture_output=True,
        text=True,
        check=False,
    )


def change(experiment: Path, line: str, to: str) -> None:
    rig = experiment.with_name("rig.yaml")
    text = rig.read_text(encoding="utf-8")
    assert line in text
    rig.write_text(text.replace(line, to), encoding="utf-8")


def test_it_is_trained_and_its_run_is_stored(experiment: Path, plugin_folder: Path) -> None:
    done = train(experiment, plugin_folder)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["outcome"] == "converged"
    assert result["error"] <= 1e-3
    assert result["exchanges"] == result["steps"] + 1 > 2
    run = labrig.open_run(result["run"])
    assert len(run["step"]) == result["exchanges"]
    assert float(run["error"][0]) > 0.01


@pytest.mark.parametrize(
    ("line", "to", "said"),
    [
        ("  lowest: 10 uS", "  lowest: 10", "5: board.lowest: found 10, which has no unit"),
        ("  lowest: 10 uS", "  lowest: 10 V", "5: board.lowest: found '10 V', which is another kind"),
        ("  drive: 1 ohm", "  drive: 0 ohm", "7: board.drive: found 0 ohm; it must be above 0"),
        ("  highest: 1 mS\n", "", "2: board.highest: this key is missing"),
        ("  rack: R7", "  rack: R7\n  rak: R8", "5: board.rak: this key is not known here"),
        ("  kind: decades", "  kind: decade", "3: board.kind: found 'decade'; allowed are"),
    ],
)
@pytest.mark.usefixtures("plugin_installed")
def test_a_mistake_in_its_keys_is_named_by_file_line_and_key(
    experiment: Path, line: str, to: str, said: str
) -> None:
    change(experiment, line, to)
    with pytest.raises(ConfigError) as refused:
        labrig.load_experiment(experiment)
    assert str(refused.value).startswith(f"{experiment.with_name('rig.yaml')}:{said}")


def test_a_mistake_ends_the_command_before_anything_is_opened_or_stored(
    experiment: Path, plugin_folder: Path
) -> None:
    change(experiment, "rack: R7", "rack: R7\n  rak: R8")
    refused = train(experiment, plugin_folder)
    assert refused.returncode == 2
    assert f"{experiment.with_name('rig.yaml')}:5: board.rak: this key is not known here" in refused.stderr
    assert not (experiment.parent / "runs").exists()


def test_without_its_package_the_kind_is_unknown(experiment: Path) -> None:
    refused = train(experiment, None)
    assert refused.returncode == 2
    assert "rig.yaml:3: board.kind: found 'decades'; allowed are simulated, firmware" in refused.stderr


def test_what_the_board_refuses_ends_the_training_with_its_reason(
    experiment: Path, plugin_folder: Path
) -> None:
    change(experiment, "highest: 1 mS", "highest: 50 uS")
    refused = train(experiment, plugin_folder)
    assert refused.returncode == 6
    assert "is outside the rack's range 1e-05 … 5e-05 S" in refused.stderr
    assert "Traceback" not in refused.stderr
