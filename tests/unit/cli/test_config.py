"""``labrig config``."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from labrig.cli.config import app
from labrig.config.loading import load_experiment

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
RIG = CONFIGS / "rigs" / "ideal-40x30.yaml"
EXPERIMENT = CONFIGS / "experiments" / "grid-4x4-hidden.yaml"


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.yaml"
    path.write_text(RIG.read_text(encoding="utf-8") + "limits: {voltage: 5}\nmsk: []\n", encoding="utf-8")
    return path


def test_check_says_what_each_file_is() -> None:
    result = CliRunner().invoke(app, ["check", str(RIG), str(EXPERIMENT)])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"{RIG}: rig, nothing wrong",
        f"{EXPERIMENT}: experiment, nothing wrong",
    ]


def test_check_goes_on_after_a_wrong_file_and_exits_with_2(wrong: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(wrong), str(RIG)])
    assert result.exit_code == 2
    assert result.stdout == f"{RIG}: rig, nothing wrong\n"
    places = [line.split(": ")[1] for line in result.stderr.splitlines()]
    assert places == ["limits.voltage", "msk"]


def test_check_as_json_is_one_array_on_stdout(wrong: Path) -> None:
    result = CliRunner().invoke(app, ["check", "--json", str(wrong), str(RIG)])
    assert result.exit_code == 2
    first, second = json.loads(result.stdout)
    assert (first["file"], first["kind"], len(first["mistakes"])) == (str(wrong), None, 2)
    assert second == {"file": str(RIG), "kind": "rig", "mistakes": []}


def test_show_prints_a_file_that_loads_to_the_same_experiment(tmp_path: Path) -> None:
    stored = tmp_path / "stored.yaml"
    stored.write_text(CliRunner().invoke(app, ["show", str(EXPERIMENT)]).stdout, encoding="utf-8")
    assert load_experiment(stored).config == load_experiment(EXPERIMENT).config


def test_show_as_json_holds_quantities_with_their_units() -> None:
    shown = json.loads(CliRunner().invoke(app, ["show", "--json", str(EXPERIMENT)]).stdout)
    assert shown["learning"]["bounds"] == {"floor": "0.01 S", "ceiling": "10 S"}
    assert shown["name"] == "grid-4x4-hidden"


@pytest.mark.parametrize("kind", ["rig", "experiment"])
def test_schema_prints_what_is_shipped(kind: str) -> None:
    shipped = (CONFIGS / "schema" / f"{kind}.json").read_text(encoding="utf-8")
    assert CliRunner().invoke(app, ["schema", kind]).stdout == shipped


def test_importing_the_command_imports_nothing_heavy() -> None:
    heavy = "{'pydantic', 'pint', 'ruamel.yaml', 'numpy'}"
    script = f"import sys, labrig.cli.config; sys.exit(sorted({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
