"""From the learner's siemens to what a board takes: codes, or conductances on a continuous board."""

from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import BoolArray, BranchArray, CodeArray
from labrig.bench.wiring import WiringMap
from labrig.boards.base import Codes, Conductances, Program
from labrig.devices.laws import ConductanceLaw, TapLaw


@dataclass(frozen=True, slots=True)
class Programmer:
    """Turns latent conductances into programs of the whole board.

    Masked branches, and wipers that belong to no branch, keep what the board holds.

    Parameters
    ----------
    law
        Tap law of the branches, (B,); None on a continuous board.
    wiring
        Branch to wiper.
    writable
        Which branches may be written, shape (B,).
    held
        What broken branches conduct whatever they hold, shape (B,), S, NaN of the others; None: none is.
    """

    law: TapLaw | None
    wiring: WiringMap
    writable: BoolArray
    held: BranchArray | None = None

    def within(self, floor: BranchArray, ceiling: BranchArray) -> "Programmer":
        """The same, writing only codes whose conductance lies in [floor, ceiling]."""
        return self if self.law is None else replace(self, law=self.law.within(floor, ceiling))

    def up_to(self, code: int) -> "Programmer":
        """The same, writing no code above this one."""
        if self.law is None:
            return self
        return replace(self, law=self.law.between(self.law.lowest, self.law.highest.clip(max=code)))

    def program(self, latent: BranchArray, held: Program) -> Program:
        """What to send for these conductances, (B,) S, to a board that holds `held`."""
        wipers = self.wiring.wiper_of_branch[self.writable]
        values = held.values.copy()
        if self.law is None:
            values[wipers] = latent[self.writable]
            return Conductances(np.asarray(values, dtype=np.float64))
        values[wipers] = self.law.codes(latent)[self.writable]
        return Codes(np.asarray(values, dtype=np.int64))

    def realised(self, program: Program) -> BranchArray:
        """Conductance of each branch under a program, by the law or calibration, (B,) S."""
        return realise(self.law, program.values[self.wiring.wiper_of_branch], self.held)


def realise(
    law: ConductanceLaw | None, values: CodeArray | BranchArray, held: BranchArray | None = None
) -> BranchArray:
    """Conductances of codes by a law, or of a continuous board's values as they are; (B,) S.

    Parameters
    ----------
    held
        What broken branches conduct instead, NaN of the others.
    """
    if law is None:
        found = np.asarray(values, dtype=np.float64)
    else:
        found = law.conductances(np.asarray(values, dtype=np.int64))
    return found if held is None else np.where(np.isnan(held), found, held)
