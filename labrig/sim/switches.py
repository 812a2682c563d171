"""Switches of wipers, whose resistance depends on the voltage that they have to pass."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, FloatArray, IntArray, Volts
from labrig.sim.climate import SUPPLY


@dataclass(frozen=True, slots=True)
class Switches:
    """Of B branches, each at the second of its two lines.

    A transmission gate conducts least half-way between the rails, where both of its transistors are half on:
    R_W (1 + bow 4 s (1 - s)), s the share of the supply (the shape of Microchip DS22242A's curves of R_W over
    the wiper's voltage; the form is our own).

    Parameters
    ----------
    wiper
        R_W at the rails, shape (B,), ohm.
    bow
        Relative.
    at
        Line of each, shape (B,).
    """

    wiper: FloatArray
    bow: float
    at: IntArray
    supply: Volts = SUPPLY

    def conductances(self, at_the_rails: BranchArray, volts: FloatArray) -> BranchArray:
        """Of the branches by what they conduct at the rails and by the voltages of the lines, (B,), S."""
        share = np.clip(volts[self.at] / self.supply, 0.0, 1.0)
        more = self.wiper * self.bow * 4 * share * (1 - share)
        return at_the_rails / (1 + at_the_rails * more)
