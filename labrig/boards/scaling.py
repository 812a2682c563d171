"""Volts, siemens and amperes of a boundary to codes of the wire: the one place where they are scaled."""

import math
from collections.abc import Mapping

from labrig.arrays import Volts
from labrig.boards.base import Converter
from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance, TowardTarget
from labrig.wire.boundaries import Through, Toward, WireBoundary
from labrig.wire.definition import PER_FRACTION, PER_NS, PER_PA


class BoundaryScale:
    """Turns boundaries on lines into boundaries in codes; they passed `check_request`.

    Parameters
    ----------
    inputs
        How many lines are inputs; outputs follow.
    dac
        The DAC behind every driver.
    """

    def __init__(self, inputs: int, dac: Converter) -> None:
        self._inputs = inputs
        self._lsb = dac.lsb

    def to_wire(self, boundary: Boundary) -> WireBoundary:
        """One boundary in codes, its inputs named in full."""
        first = self._inputs
        codes = self._codes(boundary.voltages)
        return WireBoundary(
            inputs={line: code for line, code in codes.items() if line < first},
            clamps={line - first: code for line, code in codes.items() if line >= first},
            toward=self._toward(boundary.nudges),
            through=self._through(boundary.nudges),
            inject={line - first: round(amperes * PER_PA) for line, amperes in boundary.currents.items()},
        )

    def _codes(self, voltages: Mapping[int, Volts]) -> dict[int, int]:
        lsb = self._lsb
        return {line: math.floor(volts / lsb + 0.5) for line, volts in voltages.items()}

    def _toward(self, nudges: Mapping[int, Nudge]) -> Toward | None:
        toward = {line: nudge for line, nudge in nudges.items() if isinstance(nudge, TowardTarget)}
        if not toward:
            return None
        fraction = round(next(iter(toward.values())).fraction * PER_FRACTION)
        return Toward(fraction, self._targets(toward))

    def _through(self, nudges: Mapping[int, Nudge]) -> Through | None:
        through = {line: nudge for line, nudge in nudges.items() if isinstance(nudge, ThroughConductance)}
        if not through:
            return None
        conductance = round(next(iter(through.values())).conductance * PER_NS)
        return Through(conductance, self._targets(through))

    def _targets(
        self, nudges: Mapping[int, TowardTarget] | Mapping[int, ThroughConductance]
    ) -> dict[int, int]:
        codes = self._codes({line: nudge.target for line, nudge in nudges.items()})
        return {line - self._inputs: code for line, code in codes.items()}
