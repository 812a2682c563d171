"""Which line of the board each node is on, and which wiper each branch is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from typing import Protocol

import numpy as np

from labrig.arrays import IntArray
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology
from labrig.config.rig import Wiring
from labrig.devices.dividers import potentiometers
from labrig.errors import ConfigError


class Sockets(Protocol):
    """What a board offers to be wired."""

    @property
    def serial_number(self) -> str:
        """Of the board."""
        ...

    @property
    def inputs(self) -> int:
        """Lines that are driven."""
        ...

    @property
    def outputs(self) -> int:
        """Lines that are read, clamped and nudged."""
        ...

    @property
    def hidden(self) -> int:
        """Lines that are only read."""
        ...

    @property
    def branches(self) -> int:
        """Wipers."""
        ...

    @property
    def dividers(self) -> bool:
        """Whether two branches of a crossbar share a wiper."""
        ...


@dataclass(frozen=True, slots=True)
class WiringMap:
    """The rig's wiring as numbers.

    Parameters
    ----------
    line_of_node
        Board line of each node, shape (N,).
    wiper_of_branch
        Wiper of each branch, shape (B,); two branches of a divider have the same.
    wipers
        How many wipers the board has, W.
    """

    line_of_node: IntArray
    wiper_of_branch: IntArray
    wipers: int

    def to_lines(self, boundary: Boundary) -> Boundary:
        """The same boundary, on board lines."""
        line = self.line_of_node
        return Boundary(
            {int(line[node]): volts for node, volts in boundary.voltages.items()},
            {int(line[node]): amperes for node, amperes in boundary.currents.items()},
            {int(line[node]): nudge for node, nudge in boundary.nudges.items()},
        )


def line_names(wiring: WiringMap, board: Sockets) -> list[str]:
    """The board's line at each node, as `wiring` in a rig has it: ``dac0``, ``adc3``, ``sense1``."""
    kinds = (("dac", board.inputs), ("adc", board.outputs), ("sense", board.hidden))
    names = [f"{kind}{number}" for kind, count in kinds for number in range(count)]
    return [names[line] for line in wiring.line_of_node]


def wiring_fingerprint(wiring: WiringMap, board: Sockets, topology: Topology) -> str:
    """SHA-256 of which line each node has, and which wiper each branch, by name."""
    lines = dict(zip(topology.nodes, line_names(wiring, board), strict=True))
    wipers = {topology.branch_name(k): int(wiper) for k, wiper in enumerate(wiring.wiper_of_branch)}
    return sha256(dumps([lines, wipers], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _JustEnough:
    """Sockets of a simulated board: those that its network needs."""

    serial_number: str
    inputs: int
    outputs: int
    hidden: int
    branches: int
    dividers: bool = False


def as_wired(wiring: Wiring, topology: Topology) -> Topology:
    """The network as the board has it: nodes in the order of lines, branches in the order of wipers.

    A simulated board is built on this, so that a rig is rehearsed with the wiring that its bench has.

    Raises
    ------
    ConfigError
        As `resolve_wiring`, for a board that is just large enough.
    """
    counts = len(topology.inputs), len(topology.outputs), len(topology.hidden), len(topology.branches)
    found = resolve_wiring(wiring, topology, _JustEnough("in simulation", *counts))
    inputs, outputs = counts[:2]
    line: list[int] = found.line_of_node.tolist()
    by_line: list[int] = np.argsort(found.line_of_node).tolist()
    by_wiper: list[int] = np.argsort(found.wiper_of_branch).tolist()
    return Topology(
        nodes=tuple(topology.nodes[node] for node in by_line),
        branches=tuple((line[a], line[b]) for a, b in (topology.branches[k] for k in by_wiper)),
        inputs=tuple(range(inputs)),
        outputs=tuple(range(inputs, inputs + outputs)),
    )


def resolve_wiring(wiring: Wiring, topology: Topology, board: Sockets) -> WiringMap:
    """Match the network to the board, in order where the rig does not say otherwise.

    Raises
    ------
    ConfigError
        The board is too small, a line or wiper is used twice, or a name does not exist.
    """
    lines = np.full(len(topology.nodes), -1, dtype=np.int64)
    groups = (
        ("inputs", topology.inputs, wiring.inputs, "dac", 0, board.inputs),
        ("outputs", topology.outputs, wiring.outputs, "adc", board.inputs, board.outputs),
        ("hidden", topology.hidden, wiring.hidden, "sense", board.inputs + board.outputs, board.hidden),
    )
    for group, nodes, given, prefix, first, count in groups:
        names = [topology.nodes[node] for node in nodes]
        places = _places(f"wiring.{group}", names, given, prefix, count, board)
        lines[list(nodes)] = first + np.asarray(places, dtype=np.int64)
    if board.dividers:
        shared = potentiometers(len(topology.branches), len(topology.outputs))
        return WiringMap(lines, shared, board.branches)
    branches = [topology.branch_name(branch) for branch in range(len(topology.branches))]
    wipers = _places("wiring.branches", branches, wiring.branches, "wiper", board.branches, board)
    return WiringMap(lines, np.asarray(wipers, dtype=np.int64), board.branches)


def _places(
    key: str,
    names: Sequence[str],
    given: Mapping[str, str | int],
    prefix: str,
    count: int,
    board: Sockets,
) -> list[int]:
    if len(names) > count:
        msg = (
            f"{key}: the network has {len(names)}, board {board.serial_number} has {count};"
            " take a larger board or a smaller network"
        )
        raise ConfigError(msg)
    unknown = sorted(set(given) - set(names))
    if unknown:
        msg = f"{key}.{unknown[0]}: the network has no such name; it has {', '.join(names[:6])}…"
        raise ConfigError(msg)
    places = [_place(f"{key}.{name}", given.get(name, k), prefix, count) for k, name in enumerate(names)]
    used: dict[int, str] = {}
    for name, place in zip(names, places, strict=True):
        if place in used:
            msg = f"{key}: {name} and {used[place]} are both on {prefix}{place}; give each its own"
            raise ConfigError(msg)
        used[place] = name
    return places


def _place(key: str, value: str | int, prefix: str, count: int) -> int:
    text = str(value).removeprefix(prefix)
    if not text.isdecimal() or int(text) >= count:
        msg = f"{key}: found {value!r}, allowed {prefix}0 … {prefix}{count - 1}"
        raise ConfigError(msg)
    return int(text)
