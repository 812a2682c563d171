"""Files that the tests of loading start from."""

from collections.abc import Callable
from pathlib import Path

import pytest

from labrig.config.loading import load_experiment
from labrig.errors import ConfigError

EXPERIMENT = """\
rig:
  network: {kind: crossbar, inputs: 2, outputs: 2}
  board:
    kind: simulated
    elements: {kind: ideal}
  limits: {voltage: 5 V}
task:
  samples:
    - inputs: [1 V, 2 V]
      targets: {out0: 1.4 V, out1: 1.5 V}
learning:
  rule: {kind: contrastive}
  step: {kind: fixed, rate: 7 mS/V^2}
  bounds: {floor: 0.1 S, ceiling: 10 S}
  initial: {kind: constant, conductance: 1 S}
stop: {error: 1 uV}
seed: 1
"""

Write = Callable[[str, str], Path]
Lines = Callable[[dict[int, str]], str]
Refusal = Callable[[Path], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Put text into a file of the test's folder."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def lines() -> Lines:
    """The experiment above with some of its lines replaced; lines count from 1."""

    def lines(changes: dict[int, str]) -> str:
        kept = list[str](EXPERIMENT.splitlines())
        for number, text in changes.items():
            kept[number - 1] = text
        return "\n".join(kept) + "\n"

    return lines


@pytest.fixture
def refusal() -> Refusal:
    """What loading an experiment says against it."""

    def refusal(path: Path) -> str:
        with pytest.raises(ConfigError) as refused:
            load_experiment(path)
        return str(refused.value)

    return refusal
