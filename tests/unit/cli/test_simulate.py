"""What `labrig simulate board` refuses before it listens."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from labrig.cli.app import app
from labrig.errors import ConfigError, LabrigError, LinkOpenError

RIG = "network: {{kind: crossbar, inputs: 4, outputs: 3}}\nboard: {{{board}}}\n"
WITH_CHIPS = (
    "kind: simulated, elements: {kind: digipot, part: MCP4351-104},"
    " adc: {bits: 16, span: 5 V}, dac: {bits: 16, span: 5 V}"
)


def refusal(folder: Path, board: str, listen: str, *options: str) -> LabrigError:
    rig = folder / "rig.yaml"
    rig.write_text(RIG.format(board=board))
    result = CliRunner().invoke(app, ["simulate", "board", str(rig), "--listen", listen, *options])
    assert result.stdout == ""
    assert isinstance(result.exception, LabrigError)
    assert "\n" not in str(result.exception)
    return result.exception


def test_an_ideal_board_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    error = refusal(tmp_path, "kind: simulated, elements: {kind: ideal}, seed: 7", f"pty:{tmp_path}/board")
    assert isinstance(error, ConfigError)
    assert str(error) == (
        "board SIM7 cannot be served: the wire carries codes of wipers, ADC and DAC;"
        " what the rig's board lacks is digipot elements, an adc, a dac"
    )


def test_a_board_that_the_rig_does_not_describe_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, "kind: firmware, serial_number: A7F3", f"pty:{tmp_path}/board")
    assert isinstance(error, ConfigError)
    assert "no model to simulate; add board.model" in str(error)


def test_where_to_listen_is_told_where_it_is_not_understood(tmp_path: Path) -> None:
    error = refusal(tmp_path, WITH_CHIPS, f"{tmp_path}/board")
    assert isinstance(error, ConfigError)
    assert "write pty:PATH or tcp://HOST:PORT" in str(error)


@pytest.mark.parametrize("board", [WITH_CHIPS, "kind: simulated, elements: {kind: ideal}"])
def test_nothing_is_put_in_the_place_of_a_file(tmp_path: Path, board: str) -> None:
    file = tmp_path / "mine"
    file.write_text("mine")
    error = refusal(tmp_path, board, f"pty:{file}")
    assert isinstance(error, LinkOpenError if board == WITH_CHIPS else ConfigError)
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("board", "target", "said"),
    [
        ("kind: simulated, elements: {kind: ideal}", "host", "elements.kind: found 'ideal'; the launched"),
        (
            "kind: simulated, elements: {kind: digipot, part: MCP4351-104}, dac: {bits: 16, span: 5 V}",
            "host",
            "adc: missing; the launched firmware has a real ADC",
        ),
        (
            WITH_CHIPS.replace("adc: {bits: 16,", "adc: {bits: 14,"),
            "atmega2560",
            "adc.bits: found 14; the emulated microcontroller has converters of 12 or 16 bits",
        ),
        (WITH_CHIPS.replace("adc: {", "adc: {noise: 1 mV, "), "host", "adc.noise: found 1 mV;"),
    ],
    ids=["elements", "converter", "bits", "noise"],
)
def test_what_compiled_firmware_cannot_be_is_refused_with_the_key(
    tmp_path: Path, board: str, target: str, said: str
) -> None:
    error = refusal(tmp_path, board, f"pty:{tmp_path}/board", "--emulate", target)
    assert isinstance(error, ConfigError)
    assert f"this rig's board cannot be emulated: {said}" in str(error)


def test_compiled_firmware_is_not_put_in_the_place_of_a_file_either(tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text("mine")
    error = refusal(tmp_path, WITH_CHIPS, f"pty:{file}", "--emulate", "host")
    assert isinstance(error, LinkOpenError)
    assert "mine: exists and is no symbolic link" in str(error)
    assert file.read_text() == "mine"


def test_where_compiled_firmware_listens_is_told_where_it_is_not_understood(tmp_path: Path) -> None:
    error = refusal(tmp_path, WITH_CHIPS, f"{tmp_path}/board", "--emulate", "host")
    assert isinstance(error, ConfigError)
    assert "write pty:PATH or tcp://HOST:PORT" in str(error)
