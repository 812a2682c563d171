"""Boards with known faults, checked."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labrig.bench.assembly import assemble
from labrig.bench.bench import Bench
from labrig.circuit.build import build_topology
from labrig.config.rig import RigConfig
from labrig.procedures.board_check.check import BoardCheck
from labrig.procedures.board_check.verdicts import State
from labrig.procedures.check_board import check_board
from labrig.sim.board import SimulatedBoard
from labrig.sim.hardware import Hardware
from tests.support.firmware import Circuit, crossbar
from tests.support.simulated import read_hardware

Wires = Callable[[int], int]
"""From the line that a wire should be on to the one that it is on."""
Change = Callable[[Hardware], Hardware]


def quiet(_part: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def rig_of(circuit: Circuit, **others: Any) -> RigConfig:
    """A rig for a board with this circuit, its nodes in the order of the lines."""
    inputs, outputs = circuit.inputs, circuit.outputs
    if len(circuit.branches) == inputs * outputs and not circuit.hidden:
        network: dict[str, Any] = {"kind": "crossbar", "inputs": inputs, "outputs": outputs}
    else:
        names = [f"n{line}" for line in range(circuit.lines)]
        network = {
            "kind": "graph",
            "nodes": names,
            "branches": [[names[a], names[b]] for a, b in circuit.branches],
            "inputs": names[:inputs],
            "outputs": names[inputs : inputs + outputs],
        }
    board = {"kind": "simulated", "elements": {"kind": "digipot", "part": circuit.part}}
    return RigConfig.model_validate({"network": network, "board": board, **others})


def bench_of(
    circuit: Circuit,
    wires: Wires | None = None,
    change: Change | None = None,
    rig: Circuit | None = None,
    **others: Any,
) -> tuple[Bench, SimulatedBoard]:
    """A bench on a simulated board of this circuit; its wires may be swapped, its chips changed.

    The rig describes the circuit as it is before wires are swapped, or another one.
    """
    described = rig_of(circuit if rig is None else rig, **others)
    if wires is not None:
        circuit = replace(circuit, branches=[(wires(a), wires(b)) for a, b in circuit.branches])
    chips = read_hardware(circuit.text(), "T1")
    board = SimulatedBoard(chips if change is None else change(chips))
    return assemble(described, board, build_topology(described.network)), board


def check(circuit: Circuit, wires: Wires | None = None, **others: Any) -> BoardCheck:
    """What a check of a board as `bench_of` makes it finds."""
    return check_board(bench_of(circuit, wires, **others)[0], quiet)


def found(result: BoardCheck) -> dict[int, State]:
    """What is not fine, by branch."""
    return {k: v.state for k, v in enumerate(result.branches) if v.state != State.FINE}


@dataclass(frozen=True)
class Broken:
    """A board with some broken branches, of which it is known which."""

    circuit: Circuit
    states: dict[int, State]


def random_board(rng: np.random.Generator, seed: int) -> Broken:
    """A crossbar of 2×2 to 8×8 with up to 5 broken branches, no more than a third, and parts within ±20 %."""
    inputs, outputs = (int(n) for n in rng.integers(2, 9, 2))
    branches = inputs * outputs
    count = int(rng.integers(0, min(6, branches // 3 + 1)))
    states: dict[int, State] = {}
    faults: list[str] = []
    for branch in rng.choice(branches, count, replace=False).tolist():
        kind = str(rng.choice(["open", "short", "stuck"]))
        states[branch] = State(kind)
        code = f" {rng.integers(4, 257)}" if kind == "stuck" else ""
        faults.append(f"fault {branch} {kind}{code}")
    circuit = crossbar(inputs, outputs, float(rng.choice([0.0, 100.0])))
    return Broken(replace(circuit, faults=faults, seed=seed), states)


def swapped(first: int, second: int) -> Wires:
    """The wires of two lines are swapped."""
    other = {first: second, second: first}
    return lambda line: other.get(line, line)
