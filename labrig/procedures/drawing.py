"""Networks and tasks that a seed draws."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from labrig.arrays import FloatArray
from labrig.circuit.boundary import Boundary
from labrig.circuit.build import build_topology
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology
from labrig.config.experiment import ExperimentConfig
from labrig.config.studies import Case
from labrig.config.study import Draw, DrawnNetwork, RampInputs, UniformVolts
from labrig.errors import ConfigError

_NETWORK, _TASK = 100, 101
"""Places among the random streams of a seed, apart from those of a training."""


def drawn_experiment(case: Case, seed: int) -> ExperimentConfig:
    """Draw what the case leaves to the seed.

    Raises
    ------
    ConfigError
        The experiment is none, or there is no such network.
    """
    draw = case.draw
    if draw is None:
        return case.experiment(seed, None, None)
    network = None if draw.network is None else case.made(_network(draw.network, seed))
    topology = build_topology(case.rig(network).network)
    return case.experiment(seed, network, case.made(_task(draw, topology, seed)))


def _generator(seed: int, place: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(place,)))


def _network(wanted: DrawnNetwork, seed: int) -> dict[str, Any]:
    generator = _generator(seed, _NETWORK)
    branches = _branches(wanted, int(generator.integers(2**31)))
    names = [f"n{k}" for k in range(wanted.nodes)]
    shuffled = [names[int(k)] for k in np.argsort(generator.random(wanted.nodes))]
    ends = wanted.inputs + wanted.outputs
    if ends > wanted.nodes:
        msg = f"draw.network: found {ends} inputs and outputs among {wanted.nodes} nodes; ask for fewer"
        raise ConfigError(msg)
    return {
        "kind": "graph",
        "nodes": names,
        "branches": [[names[a], names[b]] for a, b in branches],
        "inputs": shuffled[: wanted.inputs],
        "outputs": shuffled[wanted.inputs : ends],
    }


def _branches(wanted: DrawnNetwork, seed: int) -> list[tuple[int, int]]:
    try:
        nx: Any = import_module("networkx")
    except ImportError as error:
        msg = "draw.network needs the package networkx: pip install 'labrig[studies]'"
        raise ConfigError(msg) from error
    nodes, branches = wanted.nodes, wanted.branches
    match wanted.model:
        case "random":
            _check_count(wanted, range(nodes - 1, nodes * (nodes - 1) // 2 + 1))
            drawn = (nx.gnm_random_graph(nodes, branches, seed=seed + k) for k in range(10_000))
            graph = next((one for one in drawn if nx.is_connected(one)), None)
        case "scale-free":
            each = _check_count(wanted, [m * (nodes - m) for m in range(1, nodes // 2 + 1)]) + 1
            graph = nx.barabasi_albert_graph(nodes, each, seed=seed)
        case "small-world":
            each = _check_count(wanted, [nodes * k for k in range(1, nodes // 2)]) + 1
            graph = nx.connected_watts_strogatz_graph(nodes, 2 * each, wanted.rewire, 10_000, seed=seed)
    if graph is None:
        msg = (
            f"draw.network: none of 10000 random graphs of {nodes} nodes and {branches} branches is"
            " connected; ask for more branches"
        )
        raise ConfigError(msg)
    return [(int(a), int(b)) for a, b in graph.edges]


def _check_count(wanted: DrawnNetwork, possible: Sequence[int]) -> int:
    """Which of the possible numbers of branches is wanted."""
    if wanted.branches in possible:
        return possible.index(wanted.branches)
    near = sorted(possible, key=lambda count: abs(count - wanted.branches))[:2]
    msg = (
        f"draw.network.branches: found {wanted.branches}; a {wanted.model} graph of {wanted.nodes} nodes can"
        f" have {' or '.join(map(str, sorted(near))) or 'none'}"
    )
    raise ConfigError(msg)


def _task(draw: Draw, topology: Topology, seed: int) -> dict[str, Any]:
    """Targets first, or the conductances that have them; then the inputs."""
    generator = _generator(seed, _TASK)
    inputs, outputs, wanted = list(topology.inputs), list(topology.outputs), draw.targets
    shape = (draw.samples, len(outputs)) if isinstance(wanted, UniformVolts) else len(topology.branches)
    drawn = generator.uniform(wanted.low, wanted.high, shape)
    if isinstance(draw.inputs, RampInputs):
        volts = np.tile(np.linspace(draw.inputs.low, draw.inputs.high, len(inputs)), (draw.samples, 1))
    else:
        volts = generator.uniform(draw.inputs.low, draw.inputs.high, (draw.samples, len(inputs)))
    if isinstance(wanted, UniformVolts):
        targets = drawn
    else:
        states = [Boundary(dict(zip(inputs, row, strict=True))) for row in volts.tolist()]
        targets = solve(topology, drawn, states).node_voltages[:, outputs]
    return {
        "samples": [
            {"inputs": _named(topology, inputs, given), "targets": _named(topology, outputs, asked)}
            for given, asked in zip(volts, targets, strict=True)
        ]
    }


def _named(topology: Topology, nodes: Sequence[int], volts: FloatArray) -> dict[str, str]:
    """As a file has voltages, to the last bit."""
    return {topology.nodes[node]: f"{v!r} V" for node, v in zip(nodes, volts.tolist(), strict=True)}
