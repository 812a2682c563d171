"""Resistances of a simulated crossbar's lines."""

import numpy as np

from labrig.arrays import FloatArray
from labrig.circuit.topology import Topology
from labrig.circuit.wires import Wires, meshed
from labrig.config.boards import WiresConfig
from labrig.sim.world import Inside

_LINES = 24
"""Place of their spread among the random streams of a seed."""


def draw_wires(config: WiresConfig, lines: Topology, seed: int) -> Wires:
    """Of every line, inputs first: a function of the seed alone."""
    stream = np.random.SeedSequence(seed, spawn_key=(_LINES,))
    factors = 1 + config.spread * np.random.default_rng(stream).uniform(-1, 1, len(lines.nodes))
    counts = len(lines.inputs), len(lines.outputs)
    ends: FloatArray = np.repeat([config.rows.end, config.columns.end], counts)
    segments: FloatArray = np.repeat([config.rows.segment, config.columns.segment], counts)
    return Wires(factors * ends, factors * segments)


def inside_wires(topology: Topology, wires: Wires) -> Inside:
    """The circuit with the nodes inside its lines, and the conductances of the pieces of wire."""
    mesh = meshed(topology, wires)
    inner = (f"inside {k}" for k in range(mesh.nodes - mesh.terminals))
    ends = tuple((int(a), int(b)) for a, b in mesh.ends)
    whole = Topology((*topology.nodes, *inner), ends, topology.inputs, topology.outputs)
    return Inside(whole, mesh.conductances(wires))
