"""What a calibration says of the converters: readings become volts, and volts what a DAC has to be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from labrig.arrays import FloatArray
from labrig.circuit.topology import Topology
from labrig.config.calibration import ConverterCalibration, ConvertersCalibration


@dataclass(frozen=True, slots=True)
class Scale:
    """Converters at N nodes: what is told or read of V is offset + (1 + gain) V, or the other way round."""

    offset: FloatArray
    gain: FloatArray

    @classmethod
    def of(cls, found: Mapping[str, ConverterCalibration], nodes: tuple[str, ...]) -> Self:
        """By name of node; a node that was not calibrated is taken as exact."""
        offset, gain = np.zeros(len(nodes)), np.zeros(len(nodes))
        for k, node in enumerate(nodes):
            if node in found:
                offset[k], gain[k] = found[node].offset, found[node].gain
        return cls(offset, gain)

    def given(self, volts: FloatArray, nodes: list[int] | slice = slice(None)) -> FloatArray:
        """What comes out for `volts`, the last axis over these nodes."""
        return self.offset[nodes] + (1 + self.gain[nodes]) * volts

    def taken(self, volts: FloatArray, nodes: list[int] | slice = slice(None)) -> FloatArray:
        """For what `volts` comes out, the last axis over these nodes."""
        return (volts - self.offset[nodes]) / (1 + self.gain[nodes])


@dataclass(frozen=True, slots=True)
class Corrections:
    """Scales of a board's converters on the nodes of a network."""

    lines: Scale
    sources: Scale
    levels: Scale

    @classmethod
    def of(cls, found: ConvertersCalibration, topology: Topology) -> Self:
        """From a calibration."""
        nodes = topology.nodes
        return cls(
            Scale.of(found.lines, nodes), Scale.of(found.sources, nodes), Scale.of(found.levels, nodes)
        )
