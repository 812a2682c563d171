"""A resistor that is known, in place of a branch."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import Ohms
from labrig.bench.bench import Bench
from labrig.calibration.wipers import Readings
from labrig.errors import CalibrationError, ConfigError
from labrig.units import format_quantity

_FAR = 0.25
"""Relative, by which drive resistors may be off what is stated before something else must be wrong."""


@dataclass(frozen=True, slots=True)
class Resistor:
    """Which branch it stands in for, and what it has."""

    branch: str
    ohm: Ohms

    def place(self, bench: Bench) -> int:
        """Number of its branch.

        Raises
        ------
        ConfigError
            There is no such branch, or the rig does not mask it.
        """
        names = [bench.topology.branch_name(k) for k in range(len(bench.topology.branches))]
        if self.branch not in names:
            msg = (
                f"--reference: found {self.branch!r}, which is no branch of this network, such as {names[0]}"
            )
            raise ConfigError(msg)
        if self.branch not in bench.masked:
            msg = f"--reference: {self.branch} is a branch that labrig writes; add it to the rig's mask"
            raise ConfigError(msg)
        return names.index(self.branch)

    def scale(self, bench: Bench, readings: Readings) -> tuple[float, float]:
        """True over measured conductance and its standard uncertainty, relative, by all settings.

        Currents are read over drive resistors: where these are off together, so are all conductances.

        Raises
        ------
        CalibrationError
            What was measured cannot be this resistor.
        """
        place = self.place(bench)
        conductances, variances = readings.conductances[:, place], readings.variances[:, place]
        found = float(np.average(conductances, weights=1 / variances))
        if not abs(found * self.ohm - 1) < _FAR:
            measured = format_quantity(1 / found, "ohm") if found > 0 else "no resistance"
            msg = (
                f"--reference: {self.branch} measures {measured}, which is not"
                f" {format_quantity(self.ohm, 'ohm')}; look at the branch, and at board.drive"
            )
            raise CalibrationError(msg)
        return 1 / (self.ohm * found), float((1 / variances).sum() ** -0.5 / found)
