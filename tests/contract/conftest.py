"""One board of each kind, on the same network."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.boards import StartBoard, board_starter
from tests.support.contract import Subject
from tests.support.simulated import SimulatedStarter
from tests.support.subjects import EVERY, EXACT, INJECTING, NOT_NUDGING, NUDGING


def opened(request: pytest.FixtureRequest) -> Iterator[Subject]:
    subject = EVERY[request.param](request)
    yield subject
    subject.board.close()


@pytest.fixture(params=EVERY)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """Any board."""
    yield from opened(request)


@pytest.fixture(params=NUDGING)
def nudging(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A board that nudges by itself."""
    yield from opened(request)


@pytest.fixture(params=INJECTING)
def injecting(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A board that injects currents as well."""
    yield from opened(request)


@pytest.fixture(params=NOT_NUDGING)
def not_nudging(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A board that says that it can nudge in no way at all."""
    yield from opened(request)


@pytest.fixture(params=[kind for kind in EVERY if kind not in INJECTING])
def not_injecting(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A board that says that it has no current sources."""
    yield from opened(request)


@pytest.fixture(params=[kind for kind in EVERY if kind not in EXACT])
def with_chips(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A board with converters."""
    yield from opened(request)


@pytest.fixture(params=[kind for kind in NUDGING if kind not in EXACT])
def nudging_with_chips(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A board with converters that nudges by itself."""
    yield from opened(request)


@pytest.fixture
def start_emulated(emulator: Path, tmp_path: Path) -> Iterator[StartBoard]:
    """Start emulated boards on a circuit; they are stopped after the test."""
    with board_starter(emulator, tmp_path) as start:
        yield start


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[SimulatedStarter]:
    """Serves simulated boards, and ends them with the test."""
    boards = SimulatedStarter(tmp_path)
    yield boards
    boards.close()


@pytest.fixture(scope="session")
def plugin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the example package is installed, as pip installs any package."""
    folder = tmp_path_factory.mktemp("plugin")
    source = Path(__file__).parents[1] / "plugin_example"
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
    pip = [sys.executable, "-m", "pip", "--isolated", "install", *options]
    subprocess.run([*pip, "--target", str(folder), str(source)], check=True)
    return folder


@pytest.fixture
def plugin_installed(plugin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process finds the package while the test runs."""
    monkeypatch.setattr(sys, "path", [str(plugin_folder), *sys.path])
    importlib.invalidate_caches()


@pytest.fixture
def rng() -> np.random.Generator:
    """What a test draws is the same in every run."""
    return np.random.default_rng(20)
