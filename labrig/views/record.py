"""What a stored training says, gathered for a picture or for a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray, IntArray, Volts
from labrig.store.reader import RunInfo


def _nothing() -> FloatArray:
    return np.empty(0)


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """One training, as far as it has come. S samples, B branches, n rows."""

    info: RunInfo
    labels: Mapping[str, Sequence[str]]
    attributes: Mapping[str, Any]
    error: FloatArray
    """Shape (n,), V."""
    measurements: FloatArray
    """Settled states scanned until then, shape (n,)."""
    squares: FloatArray
    """Σ g² of the latents, shape (n,), S²; empty where it was not stored, as the two that follow."""
    moved: FloatArray
    """Σ Δg² of each update, shape (n,), S²."""
    held: FloatArray
    """Branches that each update's projection held at a bound, shape (n,)."""
    totals: Mapping[str, float | None]
    """The newest value of each count, of ``wall``, ``error`` and ``validation_error``."""
    inputs: FloatArray | None
    """Shape (S, inputs), V."""
    targets: FloatArray | None
    """Shape (S, outputs), V; NaN where none."""
    outputs: FloatArray | None
    """Shape (S, outputs), V, each at its last reading; NaN where never read."""
    initial: BranchArray | None
    """At the start, S."""
    conductances: BranchArray | None
    """Newest, S."""
    silent: Sequence[str]
    """Branches that were found not to answer to their codes."""
    floor: BranchArray | None
    ceiling: BranchArray | None
    celsius: FloatArray = field(default_factory=_nothing)
    """Of the board, shape (n,), NaN where it was not asked; empty where it does not tell."""
    reference: FloatArray = field(default_factory=_nothing)
    """Of the branch that is watched, by the look before each row, shape (n,), S; NaN where there was none."""
    reference_uncertainty: FloatArray = field(default_factory=_nothing)
    """Standard, shape (n,), S."""
    offset_change: FloatArray = field(default_factory=_nothing)
    """Largest change of a node's reading by that look, shape (n,), V; NaN where there was none."""
    drifts: Sequence[tuple[int, str]] = ()
    """Row of each departure, and what it was and led to."""

    @property
    def looks(self) -> IntArray:
        """Rows that a look for drift came before."""
        return np.flatnonzero(np.isfinite(self.offset_change))

    @property
    def predicted_floor(self) -> Volts | None:
        """Where the error is expected to end, V."""
        value = self.attributes.get("predicted_floor")
        return float(value) if isinstance(value, int | float) and value > 0 else None

    @property
    def why_no_floor(self) -> str:
        """Why no floor is predicted; empty where there is one, or nobody said."""
        return str(self.attributes.get("no_predicted_floor") or "")

    @property
    def span(self) -> Volts | None:
        """Largest minus smallest input voltage of the task."""
        return None if self.inputs is None else float(np.nanmax(self.inputs) - np.nanmin(self.inputs))

    @property
    def crossbar_shape(self) -> tuple[int, int] | None:
        """(rows, columns) where every input is joined to every output, row by row; else None."""
        rows, columns = self.labels.get("input", []), self.labels.get("output", [])
        expected = [f"{a}-{b}" for a in rows for b in columns]
        return (
            (len(rows), len(columns))
            if expected and list(self.labels.get("branch", [])) == expected
            else None
        )

    @property
    def ends(self) -> list[tuple[int, int]] | None:
        """Two node numbers a branch, from the branches' names; None where they do not tell."""
        numbers = {name: k for k, name in enumerate(self.labels.get("node", []))}
        found = [_ends(branch, numbers) for branch in self.labels.get("branch", [])]
        known = [pair for pair in found if pair is not None]
        return known if known and len(known) == len(found) else None

    def at_floor(self, conductances: BranchArray) -> BoolArray:
        """Which branches lie at the floor, shape (B,); none that is not trained."""
        return _at(conductances, self.floor, sign=1) & ~self.pinned(conductances)

    def at_ceiling(self, conductances: BranchArray) -> BoolArray:
        """Which branches lie at the ceiling, shape (B,); none that is not trained."""
        return _at(conductances, self.ceiling, sign=-1) & ~self.pinned(conductances)

    def pinned(self, conductances: BranchArray) -> BoolArray:
        """Which branches have no room between floor and ceiling, being masked; shape (B,)."""
        if self.floor is None or self.ceiling is None:
            return np.zeros(conductances.shape, dtype=np.bool_)
        return np.broadcast_to(self.floor >= self.ceiling, conductances.shape)


def _ends(branch: str, numbers: Mapping[str, int]) -> tuple[int, int] | None:
    parts = branch.split("-")
    for cut in range(1, len(parts)):
        a, b = "-".join(parts[:cut]), "-".join(parts[cut:])
        if a in numbers and b in numbers:
            return numbers[a], numbers[b]
    return None


def _at(conductances: BranchArray, wall: BranchArray | None, *, sign: int) -> BoolArray:
    if wall is None:
        return np.zeros(conductances.shape, dtype=np.bool_)
    near = sign * (conductances - wall) <= 1e-6 * np.abs(wall)
    return np.asarray(near & np.isfinite(wall))
