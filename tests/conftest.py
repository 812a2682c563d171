"""Boards that tests start."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from labrig.sim.launch import find_firmware
from tests.support.boards import StartBoard, board_starter

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def firmware() -> Path:
    """The compiled host target."""
    return find_firmware()


@pytest.fixture(scope="session")
def emulator() -> Path:
    """The firmware of the ATmega2560 on an emulated board."""
    if not all(shutil.which(tool) for tool in ("make", "cc", "avr-gcc", "simavr")):
        pytest.skip("needs make, a C compiler, avr-gcc and libsimavr")
    return find_firmware("atmega2560")


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what labrig remembers between processes out of the user's own folders."""
    folder = tmp_path / "state"
    monkeypatch.setenv("LABRIG_STATE", str(folder))
    return folder


@pytest.fixture
def start_board(firmware: Path, tmp_path: Path) -> Iterator[StartBoard]:
    """Start firmware on a circuit; it is stopped after the test."""
    with board_starter(firmware, tmp_path) as start:
        yield start
