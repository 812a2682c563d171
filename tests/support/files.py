"""Experiments on a small crossbar of potentiometers, as a user would write them."""

from dataclasses import dataclass
from pathlib import Path

EXPERIMENT_YAML = """
rig:
  network: {{kind: crossbar, inputs: 4, outputs: 3}}
  board:
{board}
  limits: {{voltage: 5 V}}
task:
  samples:
    - inputs: [0.3 V, 1.5 V, 3 V, 4.7 V]
      targets: [2 V, 2.4 V, 2.8 V]
    - inputs: [4.5 V, 3.2 V, 1.1 V, 0.4 V]
      targets: [2.6 V, 2.3 V, 2.1 V]
learning:
  rule: {{kind: contrastive}}
  step: {{kind: fixed, rate: 1e-6}}
  order: {order}
  bounds: {{floor: 10 uS}}
  initial: {{kind: uniform, low: 15 uS, high: 40 uS}}
stop: {stop}
seed: 3
"""


DIGIPOT = "{kind: digipot, part: MCP4351-104}"
IDEAL = "{kind: ideal, tolerance: 20 %}"


@dataclass(frozen=True)
class Files:
    folder: Path

    def experiment(self, board: str, stop: str = "{steps: 20}", order: str = "batch") -> Path:
        path = self.folder / "experiment.yaml"
        indented = "\n".join(f"    {line}" for line in board.strip().splitlines())
        path.write_text(EXPERIMENT_YAML.format(board=indented, stop=stop, order=order), encoding="utf-8")
        return path

    def on_port(self, port: str, **options: str) -> Path:
        """An experiment on a board that is already there."""
        return self.experiment(f"kind: firmware\nlink: {{kind: serial, port: '{port}'}}", **options)

    def simulated(self, noise: str = "0 V", elements: str = DIGIPOT, **options: str) -> Path:
        board = (
            f"kind: simulated\nelements: {elements}\n"
            f"adc: {{bits: 16, span: 5 V, noise: {noise}}}\n"
            "dac: {bits: 16, span: 5 V}\ndrive: 10 ohm\nseed: 5"
        )
        return self.experiment(board, **options)
