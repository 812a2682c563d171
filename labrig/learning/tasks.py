"""Samples to be learned: input voltages, and the output voltages they shall give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from labrig.arrays import FloatArray, IntArray, Volts
from labrig.circuit.boundary import Boundary


@dataclass(frozen=True)
class Sample:
    """One input pattern and its desired outputs, by node number."""

    inputs: Mapping[int, Volts]
    targets: Mapping[int, Volts]
    """Only these outputs are clamped and counted; others float."""

    @cached_property
    def free(self) -> Boundary:
        """The inputs alone."""
        return Boundary(self.inputs)

    @cached_property
    def clamped(self) -> Boundary:
        """The inputs, and every target forced."""
        return Boundary({**self.inputs, **self.targets})

    @cached_property
    def target_nodes(self) -> IntArray:
        """Nodes that have a target, shape (T,)."""
        return np.fromiter(self.targets, dtype=np.int64, count=len(self.targets))

    @cached_property
    def target_volts(self) -> FloatArray:
        """Their targets, shape (T,), V."""
        return np.fromiter(self.targets.values(), dtype=np.float64, count=len(self.targets))


@dataclass(frozen=True, slots=True)
class Batch:
    """The samples of one update."""

    indices: tuple[int, ...]
    """Place of each sample in the task."""
    samples: tuple[Sample, ...]

    @classmethod
    def whole(cls, samples: Sequence[Sample]) -> "Batch":
        """All samples of a task, in their order."""
        return cls(tuple(range(len(samples))), tuple(samples))
