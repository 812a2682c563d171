"""The box in which every conductance is kept."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray, Siemens
from labrig.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Walls:
    """How many branches the projection held back in one update."""

    floor: int
    ceiling: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """Lowest and highest conductance of each branch.

    Parameters
    ----------
    floor, ceiling
        Shape (B,), S. The floor is the ε of Huijzer et al. and positive; the ceiling may be infinite.

    Raises
    ------
    ConfigError
        A floor is not positive, or above its ceiling.
    """

    floor: BranchArray
    ceiling: BranchArray

    def __post_init__(self) -> None:
        wrong = np.flatnonzero(~((self.floor > 0) & (self.floor <= self.ceiling)))
        if wrong.size:
            k = int(wrong[0])
            msg = (
                f"branch {k} would be kept between {self.floor[k]:g} S and {self.ceiling[k]:g} S; "
                "the floor must be positive and not above the ceiling"
            )
            raise ConfigError(msg)

    @classmethod
    def uniform(cls, branches: int, floor: Siemens, ceiling: Siemens = np.inf) -> "Bounds":
        """Give every branch the same bounds."""
        return cls(np.full(branches, float(floor)), np.full(branches, float(ceiling)))

    def project(self, conductances: BranchArray) -> BranchArray:
        """Nearest point of the box, branch by branch."""
        return np.minimum(np.maximum(conductances, self.floor), self.ceiling)

    def along(self, conductances: BranchArray, directions: FloatArray) -> FloatArray:
        """What of directions, (…, B), the parts can follow from these conductances, (B,) S: of a box all."""
        del conductances
        return directions

    def walls(self, proposed: BranchArray, masked: BoolArray) -> Walls:
        """Branches, other than masked ones, that `project` would hold back."""
        low = (proposed < self.floor) & ~masked
        high = (proposed > self.ceiling) & ~masked
        return Walls(int(np.count_nonzero(low)), int(np.count_nonzero(high)))
