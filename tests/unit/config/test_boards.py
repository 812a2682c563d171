"""Boards as a file describes them."""

from typing import Any

import pytest
from pydantic import ValidationError

from labrig.config.boards import BoardModel, FirmwareBoard, IdealElements, SimulatedBoard
from labrig.config.links import SerialLink

MODEL: dict[str, Any] = {
    "elements": {"kind": "digipot", "part": "MCP4351-104"},
    "adc": {"bits": 16, "span": "5 V"},
    "dac": {"bits": 12, "span": "5 V"},
    "drive": "100 ohm",
}


def refusals(keys: dict[str, Any]) -> dict[tuple[str | int, ...], str]:
    """What is said against a firmware board, by place."""
    with pytest.raises(ValidationError) as refused:
        FirmwareBoard.model_validate(keys)
    return {found["loc"]: found["msg"] for found in refused.value.errors()}


def test_a_simulated_board_is_ideal_unless_it_says_otherwise() -> None:
    board = SimulatedBoard(elements=IdealElements())
    assert (board.adc, board.dac, board.drive, board.settle, board.averages) == (None, None, 0.0, 0.0, 1)
    assert board.nudge.toward
    assert board.nudge.through
    assert board.nudge.inject


def test_the_model_of_a_firmware_board_has_the_keys_of_a_simulated_one() -> None:
    board = FirmwareBoard.model_validate({"launch": {"target": "host"}, "model": MODEL})
    simulated = SimulatedBoard.model_validate(MODEL)
    assert board.model == BoardModel.model_validate(MODEL)
    assert isinstance(simulated, BoardModel)
    for name in BoardModel.model_fields:
        assert getattr(simulated, name) == getattr(board.model, name), name


@pytest.mark.parametrize(
    "keys", [{"link": {"kind": "serial", "port": "/dev/ttyACM0"}}, {"serial_number": "A7F3"}]
)
def test_a_board_on_the_bench_is_found_by_link_or_serial_number(keys: dict[str, Any]) -> None:
    board = FirmwareBoard.model_validate(keys)
    assert board.launch is None
    assert board.model is None
    assert board.link in (None, SerialLink(port="/dev/ttyACM0"))


def test_a_board_that_nothing_leads_to_is_refused() -> None:
    assert "link, launch and serial_number" in refusals({})[()]


def test_a_pattern_of_ports_needs_to_know_which_board_is_meant() -> None:
    link = {"kind": "serial", "port": "/dev/ttyACM*"}
    assert "/dev/ttyACM* matches several" in refusals({"link": link})["serial_number",]
    FirmwareBoard.model_validate({"link": link, "serial_number": "A7F3"})
    FirmwareBoard.model_validate({"link": {"kind": "serial", "port": "socket://[::1]:5025"}})


def test_a_launch_excludes_a_link() -> None:
    link = {"kind": "visa", "resource": "ASRL/dev/ttyACM0::INSTR"}
    found = refusals({"launch": {}, "model": MODEL, "link": link})
    assert "beside launch" in found["link",]


@pytest.mark.parametrize(
    ("model", "place", "said"),
    [
        (None, ("model",), "a launch needs it"),
        (
            MODEL | {"elements": {"kind": "ideal"}},
            ("model", "elements", "kind"),
            "drives 'digipot' or 'memristor'",
        ),
        (MODEL | {"adc": None}, ("model", "adc"), "has a real ADC"),
        (MODEL | {"dac": None}, ("model", "dac"), "has a real DAC"),
        (MODEL | {"adc": {"bits": 16, "span": "5 V", "noise": "1 mV"}}, ("model", "adc", "noise"), "1 mV"),
    ],
)
def test_a_launch_needs_a_model_that_the_firmware_can_be(
    model: dict[str, Any] | None, place: tuple[str, ...], said: str
) -> None:
    found = refusals({"launch": {"target": "host"}, "model": model})
    assert list(found) == [place]
    assert said in found[place]


def test_memristors_on_the_microcontroller_have_a_slow_line() -> None:
    model = MODEL | {"elements": {"kind": "memristor", "part": "CMO-HFOX"}}
    FirmwareBoard.model_validate({"launch": {"target": "atmega2560", "baudrate": 115200}, "model": model})
    found = refusals({"launch": {"target": "atmega2560", "baudrate": 250000}, "model": model})
    assert "their firmware takes 115200" in found["model", "elements", "kind"]


def test_an_emulated_microcontroller_has_a_line_and_converters_of_12_or_16_bits() -> None:
    launch = {"target": "atmega2560", "baudrate": 115200}
    board = FirmwareBoard.model_validate({"launch": launch, "model": MODEL})
    assert board.launch is not None
    assert board.launch.baudrate == 115200
    found = refusals({"launch": launch, "model": MODEL | {"adc": {"bits": 10, "span": "5 V"}}})
    assert "12 or 16 bits" in found["model", "adc", "bits"]
    assert (
        "has no line"
        in refusals({"launch": launch | {"target": "host"}, "model": MODEL})["launch", "baudrate"]
    )


def test_only_an_emulated_microcontroller_is_paced() -> None:
    found = refusals({"launch": {"target": "host", "paced": True}, "model": MODEL})
    assert "leave it out" in found["launch", "paced"]
    FirmwareBoard.model_validate({"launch": {"target": "atmega2560", "paced": True}, "model": MODEL})


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ({"adc": {"bits": 0, "span": "5 V"}}, ("adc", "bits")),
        ({"adc": {"bits": 25, "span": "5 V"}}, ("adc", "bits")),
        ({"adc": {"bits": 16, "span": "0 V"}}, ("adc", "span")),
        ({"adc": {"bits": 16, "span": "5 V", "noise": "-1 mV"}}, ("adc", "noise")),
        ({"drive": "-1 ohm"}, ("drive",)),
        ({"settle": "-1 ms"}, ("settle",)),
        ({"averages": 0}, ("averages",)),
        ({"averages": 256}, ("averages",)),
        ({"nudge": {"toward": "yes"}}, ("nudge", "toward")),
    ],
)
def test_values_that_no_board_can_have_are_refused(keys: dict[str, Any], place: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        SimulatedBoard.model_validate(MODEL | keys)
    assert [found["loc"] for found in refused.value.errors()] == [place]
