"""Simulated crossbars of memristors for tests."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from labrig.bench.assembly import assemble
from labrig.bench.memristor_bench import MemristorBench
from labrig.boards.base import BoardReply, BoardRequest, Pulses
from labrig.circuit.build import build_topology
from labrig.config.boards import AdcConfig, DacConfig, MemristorElements, MemristorVices
from labrig.config.boards import SimulatedBoard as BoardConfig
from labrig.config.faults import Fault
from labrig.config.network import CrossbarNetwork
from labrig.config.rig import RigConfig
from labrig.sim.build import build_board
from labrig.sim.memristor_board import MemristorBoard
from labrig.sim.memristors import TrueMemristors

ALIKE = MemristorVices(
    cycle_spread=0.0,
    device_spread=0.0,
    threshold_spread=0.0,
    range_spread=0.0,
    read_noise=0.0,
    relaxation=0.0,
    drift=0.0,
)
"""No device differs from its law."""


def memristor_board(
    rows: int = 4,
    columns: int = 3,
    *,
    vices: MemristorVices | None = None,
    faults: Sequence[Fault] = (),
    drive: float = 1000.0,
    seed: int = 5,
    converters: bool = True,
    **elements: Any,
) -> MemristorBoard:
    """One in process."""
    described = MemristorElements(part="CMO-HFOX", vices=vices or MemristorVices(), **elements)
    config = BoardConfig(
        elements=described,
        adc=AdcConfig(bits=16, span=0.5) if converters else None,
        dac=DacConfig(bits=16, span=0.5) if converters else None,
        drive=drive,
        seed=seed,
    )
    board = build_board(config, build_topology(CrossbarNetwork(inputs=rows, outputs=columns)), None, faults)
    assert isinstance(board, MemristorBoard)
    return board


def pulsed(
    board: MemristorBoard,
    wipers: Sequence[int],
    volts: Sequence[float] | float,
    index: int = 0,
    width: float = 2.5e-6,
) -> BoardReply:
    """One exchange of pulses."""
    amplitudes = np.broadcast_to(np.asarray(volts, dtype=np.float64), len(wipers)).round(3)
    pulses = Pulses(np.array(wipers, dtype=np.int64), amplitudes, np.full(len(wipers), width))
    return board.exchange(BoardRequest(boundaries=[], pulses=pulses, index=index))


def memristor_rig(
    rows: int = 4,
    columns: int = 3,
    *,
    limits: dict[str, str] | None = None,
    mask: Sequence[str] = (),
    faults: Sequence[dict[str, Any]] = (),
    seed: int = 5,
    drive: str = "1 kohm",
    **elements: Any,
) -> RigConfig:
    """A rig of one."""
    converter = {"bits": 16, "span": "0.5 V"}
    return RigConfig.model_validate(
        {
            "network": {"kind": "crossbar", "inputs": rows, "outputs": columns},
            "board": {
                "kind": "simulated",
                "elements": {"kind": "memristor", "part": "CMO-HFOX", **elements},
                "adc": converter,
                "dac": converter,
                "drive": drive,
                "seed": seed,
            },
            "limits": {"voltage": "1.5 V", **(limits or {})},
            "mask": list(mask),
            "faults": list(faults),
        }
    )


@contextmanager
def opened(**options: Any) -> Generator[tuple[MemristorBench, TrueMemristors]]:
    """A bench of memristors, and its true devices."""
    rig = memristor_rig(**options)
    assert isinstance(rig.board, BoardConfig)
    board = build_board(rig.board, build_topology(rig.network), None, rig.faults)
    assert isinstance(board, MemristorBoard)
    bench = assemble(rig, board, build_topology(rig.network))
    assert isinstance(bench, MemristorBench)
    try:
        yield bench, board.memristors
    finally:
        bench.close()


def memristor_experiment(
    folder: Path,
    *,
    write: str = "{kind: verify}",
    stop: str = "{steps: 12}",
    faults: str = "[]",
    mask: str = "[]",
    initial: str = "{kind: constant, conductance: 40 uS}",
) -> Path:
    """An experiment on one, as a user would write it."""
    path = folder / "memristors.yaml"
    path.write_text(f"""
rig:
  network: {{kind: crossbar, inputs: 4, outputs: 3}}
  board:
    kind: simulated
    elements: {{kind: memristor, part: CMO-HFOX}}
    adc: {{bits: 16, span: 0.5 V}}
    dac: {{bits: 16, span: 0.5 V}}
    drive: 1 kohm
    seed: 5
  limits: {{voltage: 1.5 V}}
  mask: {mask}
  faults: {faults}
task:
  samples:
    - inputs: [50 mV, 110 mV, 180 mV, 250 mV]
      targets: [130 mV, 150 mV, 170 mV]
learning:
  rule: {{kind: contrastive}}
  step: {{kind: fixed, rate: 4e-3}}
  write: {write}
  bounds: {{floor: 15 uS, ceiling: 80 uS}}
  initial: {initial}
stop: {stop}
seed: 3
""")
    return path
