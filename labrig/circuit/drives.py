"""Boundaries as arrays: what the solvers take."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import BoolArray, FloatArray, IntArray
from labrig.circuit.network import OriginArray


@dataclass(frozen=True, slots=True)
class Group:
    """M states that differ only in their levels: one factorisation serves all."""

    fixed: BoolArray
    """Shape (N,): the potential is forced."""
    shunts: FloatArray
    """Shape (N,), S: conductance from the node to a source of its own; 0 where there is none."""
    volts: FloatArray
    """Shape (M, N), V: forced potentials, 0 elsewhere."""
    sources: FloatArray
    """Shape (M, N), V: of the sources behind the shunts, 0 elsewhere."""
    injected: FloatArray
    """Shape (M, N), A."""


@dataclass(frozen=True, slots=True)
class Aims:
    """Clamps whose potential depends on an earlier boundary's state; K of them, each array (K,)."""

    boundaries: IntArray
    nodes: IntArray
    targets: FloatArray
    fractions: FloatArray
    references: IntArray


@dataclass(frozen=True, slots=True)
class Drives:
    """M boundaries over N nodes; every array has shape (M, N)."""

    fixed: BoolArray
    """The potential is forced."""
    volts: FloatArray
    """Forced potentials, 0 elsewhere, V."""
    shunts: FloatArray
    """Conductance to a source of the node's own, 0 where there is none, S."""
    sources: FloatArray
    """Voltage of that source, 0 elsewhere, V."""
    injected: FloatArray
    """Current injected, A."""
    current_origin: OriginArray
    """UNKNOWN where not driven, COMMANDED where injected, MODELLED where forced or nudged."""
    aims: Aims | None = None

    def stages(self) -> list[IntArray]:
        """Boundary numbers in an order in which each stage refers only to the ones before it."""
        if self.aims is None:
            return [np.arange(len(self.fixed))]
        level = np.zeros(len(self.fixed), dtype=np.int64)
        pairs = zip(self.aims.boundaries.tolist(), self.aims.references.tolist(), strict=True)
        for boundary, reference in sorted(set(pairs)):
            level[boundary] = max(level[boundary], level[reference] + 1)
        return [np.flatnonzero(level == stage) for stage in range(int(level.max()) + 1)]

    def at_stage(self, stage: IntArray, potentials: FloatArray) -> "Drives":
        """Pick the boundaries of a stage, clamps aimed by the potentials (M, N) of the stages before."""
        if self.aims is None:
            return self
        aims = self.aims
        mine = np.isin(aims.boundaries, stage)
        boundaries, nodes, fractions = aims.boundaries[mine], aims.nodes[mine], aims.fractions[mine]
        x = potentials[aims.references[mine], nodes]
        volts = self.volts.copy()
        volts[boundaries, nodes] = x + fractions * (aims.targets[mine] - x)
        return Drives(
            self.fixed[stage],
            volts[stage],
            self.shunts[stage],
            self.sources[stage],
            self.injected[stage],
            self.current_origin[stage],
        )

    def relative(self) -> tuple["Drives", FloatArray]:
        """Levels less what those of a state have in common, and that, (M, 1) V.

        The base is the driven voltage nearest to 0, or 0 where they have both signs or nothing is driven.
        Currents do not depend on it, and without it they lose no digits to a common voltage.
        """
        shunted = self.shunts > 0
        driven = self.fixed | shunted
        levels = np.where(self.fixed, self.volts, self.sources)
        low = levels.min(axis=1, keepdims=True, where=driven, initial=np.inf)
        high = levels.max(axis=1, keepdims=True, where=driven, initial=-np.inf)
        base = np.clip(0.0, low, high) if driven.any(axis=1).all() else np.zeros_like(low)
        volts = np.where(self.fixed, self.volts - base, 0.0)
        sources = np.where(shunted, self.sources - base, 0.0)
        return replace(self, volts=volts, sources=sources), base

    def groups(self) -> Iterator[tuple[IntArray, Group]]:
        """Boundary numbers that share forced nodes and shunts, and their arrays."""
        alike: dict[bytes, list[int]] = {}
        for row in range(len(self.fixed)):
            alike.setdefault(self.fixed[row].tobytes() + self.shunts[row].tobytes(), []).append(row)
        for members in alike.values():
            rows = np.array(members)
            group = Group(
                self.fixed[members[0]],
                self.shunts[members[0]],
                self.volts[rows],
                self.sources[rows],
                self.injected[rows],
            )
            yield rows, group
