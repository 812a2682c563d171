"""The command line as a script calls it, and runs to look at."""

import sys
from pathlib import Path
from typing import Any

import pytest

import labrig
from labrig.cli.app import main
from tests.support.calling import Answer, Labrig
from tests.support.files import Files


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Labrig:
    """Call the command line in this process."""

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["labrig", *map(str, arguments)])
        capsys.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return Answer(code or 0, said.out, said.err)

    return call


@pytest.fixture(scope="package")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of 20 steps; leave it as it is."""
    folder = tmp_path_factory.mktemp("trained")
    experiment = labrig.load_experiment(Files(folder).simulated())
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=folder / "runs", name="small")
        training.finish()
    return training.run


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)
