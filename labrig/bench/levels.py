"""What a board's drivers can give: voltages on the grid of its DAC, rounded inward at the limit."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import FloatArray, Volts
from labrig.bench.corrections import Scale
from labrig.boards.base import Converter
from labrig.circuit.boundary import Boundary, Nudge, TowardTarget
from labrig.wire.definition import PER_FRACTION


@dataclass(frozen=True, slots=True)
class Levels:
    """The potentials that drivers can take.

    Parameters
    ----------
    dac
        None: any.
    limit
        Not to be exceeded by rounding.
    scale
        What a calibration found the DAC to give at each node for what it is told; None: just that.
    """

    dac: Converter | None
    limit: Volts
    scale: Scale | None = None

    def imposable(self, boundary: Boundary) -> Boundary:
        """What the board imposes where this is asked for; a voltage over the limit stays as it is."""
        if self.dac is None:
            return boundary
        targets = self._rounded({node: nudge.target for node, nudge in boundary.nudges.items()}, self.dac)
        nudges = {node: _nudge(nudge, targets[node]) for node, nudge in boundary.nudges.items()}
        return Boundary(self._rounded(boundary.voltages, self.dac), boundary.currents, nudges)

    def _rounded(self, voltages: Mapping[int, Volts], dac: Converter) -> dict[int, Volts]:
        if not voltages:
            return {}
        asked = np.fromiter(voltages.values(), dtype=np.float64, count=len(voltages))
        if self.scale is not None:
            given = self._calibrated(asked, list(voltages), dac, self.scale)
            return dict(zip(voltages, given.tolist(), strict=True))
        highest = math.floor(min(self.limit, dac.span) / dac.lsb * (1 + 1e-12))
        nearest = np.minimum(np.floor(asked / dac.lsb + 0.5), highest) * dac.lsb
        given = np.where(asked <= self.limit, nearest, asked)
        return dict(zip(voltages, given.tolist(), strict=True))

    def told(self, boundary: Boundary) -> Boundary:
        """What the DACs have to be told for a boundary that is `imposable`."""
        if self.scale is None:
            return boundary
        targets = {node: nudge.target for node, nudge in boundary.nudges.items()}
        nudges = {
            node: replace(boundary.nudges[node], target=volts) for node, volts in self._told(targets).items()
        }
        return Boundary(self._told(boundary.voltages), boundary.currents, nudges)

    def _told(self, voltages: Mapping[int, Volts]) -> dict[int, Volts]:
        given = np.fromiter(voltages.values(), dtype=np.float64, count=len(voltages))
        told = given if self.scale is None else self.scale.taken(given, list(voltages))
        return dict(zip(voltages, told.tolist(), strict=True))

    def _calibrated(self, asked: FloatArray, nodes: list[int], dac: Converter, scale: Scale) -> FloatArray:
        """What the nearest legal code gives; a voltage over the limit stays as it is."""
        most = np.minimum(
            np.floor(scale.taken(np.full(len(nodes), self.limit), nodes) / dac.lsb), (1 << dac.bits) - 1
        )
        codes = np.clip(np.floor(scale.taken(asked, nodes) / dac.lsb + 0.5), 0, most)
        return np.where(asked <= self.limit, scale.given(codes * dac.lsb, nodes), asked)


def _nudge(nudge: Nudge, target: Volts) -> Nudge:
    if isinstance(nudge, TowardTarget) and math.isfinite(nudge.fraction):
        return replace(nudge, target=target, fraction=round(nudge.fraction * PER_FRACTION) / PER_FRACTION)
    return replace(nudge, target=target)
