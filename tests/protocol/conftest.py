"""Boards that run the compiled firmware."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cortex import QEMU, CortexStarter
from tests.support.emulator import EmulatedStarter
from tests.support.firmware import FIRMWARE, Boards, Hosted, Starter
from tests.support.simulated import SimulatedStarter


@pytest.fixture(scope="session")
def program() -> Path:
    """The firmware, made from what is in the checkout."""
    if not (shutil.which("make") and shutil.which("cc")):
        pytest.skip("needs make and a C compiler")
    subprocess.run(["make", "--silent", "-C", FIRMWARE, "host"], check=True)
    return FIRMWARE / "build/host/labrig-board-host"


@pytest.fixture
def starter(program: Path, tmp_path: Path) -> Iterator[Starter]:
    """Starts boards, and ends them with the test."""
    boards = Starter(program, tmp_path)
    yield boards
    boards.close()


COMPILED, SIMULATED, CORTEX = "compiled firmware", "simulated", "firmware on a Cortex-M3"


@pytest.fixture(params=[COMPILED, SIMULATED])
def hosted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hosted]:
    """Starts boards of every kind that is a program of this computer, and ends them with the test."""
    starter: Hosted
    if request.param == SIMULATED:
        starter = SimulatedStarter(tmp_path)
    else:
        starter = Starter(request.getfixturevalue("program"), tmp_path)
    yield starter
    starter.close()


@pytest.fixture(params=[COMPILED, SIMULATED, CORTEX])
def boards(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Boards]:
    """Starts boards of every kind that takes any circuit, and ends them with the test."""
    starter: Boards
    if request.param == CORTEX:
        request.getfixturevalue("cortex_built")
        starter = CortexStarter(tmp_path)
    elif request.param == SIMULATED:
        starter = SimulatedStarter(tmp_path)
    else:
        starter = Starter(request.getfixturevalue("program"), tmp_path)
    yield starter
    starter.close()


@pytest.fixture(scope="session")
def cortex_built() -> None:
    """The firmware for a Cortex-M3, made from what is in the checkout."""
    if not all(shutil.which(tool) for tool in ("make", "arm-none-eabi-gcc", QEMU)):
        pytest.skip("needs make, arm-none-eabi-gcc and qemu-system-arm")
    subprocess.run(["make", "--silent", "-C", FIRMWARE, "lm3s6965evb"], check=True)


@pytest.fixture
def cortex(cortex_built: None, tmp_path: Path) -> Iterator[CortexStarter]:
    """Starts boards with a Cortex-M3, and ends them with the test."""
    boards = CortexStarter(tmp_path)
    yield boards
    boards.close()


@pytest.fixture(scope="session")
def emulator_built() -> None:
    """The firmware for the ATmega2560 and its emulated board, made from what is in the checkout."""
    if not all(shutil.which(tool) for tool in ("make", "cc", "avr-gcc", "simavr")):
        pytest.skip("needs make, a C compiler, avr-gcc and libsimavr")
    subprocess.run(["make", "--silent", "-C", FIRMWARE, "atmega2560"], check=True)


@pytest.fixture
def emulated(emulator_built: None, tmp_path: Path) -> Iterator[EmulatedStarter]:
    """Starts emulated boards, and ends them with the test."""
    boards = EmulatedStarter(tmp_path)
    yield boards
    boards.close()
