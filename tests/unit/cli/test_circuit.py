import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from labrig.cli.circuit import app
from labrig.errors import CircuitError, ConfigError

NET = {"edges": [[0, 1], [1, 9]], "conductances": [1, 3], "fixed": {"0": 1}, "cases": [{"9": 0}, {}]}


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.json"
    path.write_text(json.dumps(NET))
    return path


def test_json_is_one_object_of_potentials_and_forced_currents(net: Path) -> None:
    result = CliRunner().invoke(app, ["solve", str(net), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "potentials": [[1.0, 0.25, 0.0], [1.0, 1.0, 1.0]],
        "forced_currents": [{"0": 0.75, "9": -0.75}, {"0": 0.0}],
    }


def test_the_table_has_a_row_for_each_node_of_each_case(net: Path) -> None:
    result = CliRunner().invoke(app, ["solve", str(net)])
    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines() if "│" in line
    ]
    assert rows[:3] == [["0", "0", "1", "0.75"], ["0", "1", "0.25", ""], ["0", "9", "0", "-0.75"]]
    assert len(rows) == 6


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["solve", str(tmp_path / "none.json")])
    assert isinstance(result.exception, ConfigError)
    assert "none.json cannot be read: No such file" in str(result.exception)


def test_a_file_that_is_no_text_is_one_sentence(net: Path) -> None:
    net.write_bytes(b"\xff\xfe\x00")
    result = CliRunner().invoke(app, ["solve", str(net)])
    assert isinstance(result.exception, ConfigError)
    assert "not UTF-8" in str(result.exception)


def test_an_error_names_the_file(net: Path) -> None:
    net.write_text(json.dumps(NET | {"conductances": [1, 0]}))
    result = CliRunner().invoke(app, ["solve", str(net)])
    assert isinstance(result.exception, CircuitError)
    assert str(result.exception).startswith(f"{net}: conductances[1], of the edge 1-9,")
