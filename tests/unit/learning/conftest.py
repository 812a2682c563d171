"""Small networks to learn on, without and with hidden nodes."""

from dataclasses import dataclass

import numpy as np
import pytest

from labrig.arrays import BranchArray
from labrig.circuit import Topology
from labrig.learning import Sample


@dataclass(frozen=True)
class Instance:
    """A network, conductances and two samples."""

    topology: Topology
    conductances: BranchArray
    samples: tuple[Sample, ...]


def _crossbar() -> Instance:
    """4 × 3; the middle column has no target."""
    rng = np.random.default_rng(1)
    inputs = [{node: float(rng.uniform()) for node in range(4)} for _ in range(2)]
    samples = (Sample(inputs[0], {4: 0.7, 6: 0.2}), Sample(inputs[1], {4: 0.4, 6: 0.9}))
    return Instance(Topology.crossbar(4, 3), rng.uniform(0.5, 2, 12), samples)


def _grid() -> Instance:
    """3 × 3 grid; three inputs, two outputs, four hidden nodes."""
    names = [f"n{k}" for k in range(9)]
    right = [(k, k + 1) for k in range(9) if k % 3 < 2]
    down = [(k, k + 3) for k in range(6)]
    pairs = [(names[a], names[b]) for a, b in right + down]
    topology = Topology.graph(names, pairs, ["n0", "n5", "n6"], ["n4", "n8"])
    samples = (
        Sample({0: 0.0, 5: 1.0, 6: 0.4}, {4: 0.7, 8: 0.3}),
        Sample({0: 0.6, 5: 0.2, 6: 1.0}, {4: 0.35, 8: 0.8}),
    )
    return Instance(topology, np.random.default_rng(2).uniform(0.5, 2, len(pairs)), samples)


@pytest.fixture(params=[_crossbar, _grid], ids=["crossbar", "hidden nodes"])
def instance(request: pytest.FixtureRequest) -> Instance:
    """One network without and one with hidden nodes."""
    made: Instance = request.param()
    return made
