"""Take the offsets of readings off, as told by states in which every node must read the same."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from labrig.arrays import BranchArray, FloatArray, Volts
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import NetworkStates, Nudging, Origin, PhysicalNetwork
from labrig.circuit.topology import Topology
from labrig.learning.evidence import trusted


class Zeroed:
    """A network whose measured voltages come less the offsets that `zero` has found.

    An equipotential state drives every input to the same voltage c. No current flows, so that each node has c
    whatever the branches conduct, and what it reads besides is the offset of its converter, known to the
    noise of a reading over the root of the repeats. Drivers that are off alike pass for such an offset;
    drivers that are off each in its own way leave the outputs somewhere in between.

    Parameters
    ----------
    network
        What is measured.
    level
        c, V; anywhere the readings are sound, such as amid the inputs of the task.
    offsets
        Known before, shape (N,), V.
    """

    def __init__(self, network: PhysicalNetwork, level: Volts, offsets: FloatArray) -> None:
        self._network = network
        self._boundary = Boundary(dict.fromkeys(network.topology.inputs, level))
        self._level = level
        self.offsets = offsets
        """By which readings are off, shape (N,), V; 0 where none was read yet."""

    @property
    def topology(self) -> Topology:
        """Of the network."""
        return self._network.topology

    @property
    def nudging(self) -> Nudging:
        """Of the network; by a board itself from what its converters read, offsets included."""
        return self._network.nudging

    def zero(self, repeats: int) -> None:
        """One exchange of so many such states; a node that gave no sound reading keeps its offset."""
        states = self._network.settle([self._boundary] * repeats)
        sound = trusted(states) & (states.voltage_origin == Origin.MEASURED)
        count = sound.sum(axis=0)
        total = np.where(sound, states.node_voltages - self._level, 0.0).sum(axis=0)
        self.offsets = np.where(count > 0, total / np.maximum(count, 1), self.offsets)

    def settle(
        self,
        boundaries: Sequence[Boundary],
        *,
        program: BranchArray | None = None,
        currents: bool = False,
    ) -> NetworkStates:
        """One exchange of the network, without the offsets."""
        states = self._network.settle(boundaries, program=program, currents=currents)
        measured = states.voltage_origin == Origin.MEASURED
        volts = states.node_voltages - np.where(measured, self.offsets, 0.0)
        return replace(states, node_voltages=volts)
