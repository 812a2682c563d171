"""Volts, siemens and amperes of a boundary to codes of the wire: the one place where they are scaled."""

import math
from collections.abc import Mapping

from labrig.boards.base import BoardInfo, Converter
from labrig.circuit.boundary import Boundary, ThroughConductance, TowardTarget
from labrig.errors import ConfigError, LimitExceeded
from labrig.wire.boundaries import Through, Toward, WireBoundary
from labrig.wire.definition import PER_FRACTION, PER_NS, PER_PA

_MOST_INJECTED = 2**31 - 1


class BoundaryScale:
    """Turns boundaries on lines into boundaries in codes, and refuses what the board cannot impose.

    Parameters
    ----------
    info
        Ranges and capabilities; it must have a DAC.
    dac
        The DAC behind every driver.
    """

    def __init__(self, info: BoardInfo, dac: Converter) -> None:
        self._info = info
        self._dac = dac
        self._lsb = dac.lsb
        self._top = (1 << dac.bits) - 1

    def to_wire(self, boundary: Boundary) -> WireBoundary:
        """One boundary in codes, its inputs named in full.

        Raises
        ------
        LimitExceeded
            A voltage, current, fraction or conductance is outside the board's range.
        ConfigError
            A line that the board does not have or cannot drive, a line named twice, a nudge that the board
            cannot carry out, or nudges of one boundary that differ in fraction or conductance.
        """
        self._check_lines(boundary)
        inputs, clamps = self._split(boundary.voltages)
        return WireBoundary(
            inputs=inputs,
            clamps=clamps,
            toward=self._toward({k: n for k, n in boundary.nudges.items() if isinstance(n, TowardTarget)}),
            through=self._through(
                {k: n for k, n in boundary.nudges.items() if isinstance(n, ThroughConductance)}
            ),
            inject=self._inject(boundary.currents),
        )

    def name(self, line: int) -> str:
        """Name a line as an error message names it."""
        inputs, outputs = self._info.inputs, self._info.outputs
        if line < inputs:
            return f"input line {line}"
        if line < inputs + outputs:
            return f"output line {line - inputs}"
        return f"hidden line {line - inputs - outputs}"

    def _check_lines(self, boundary: Boundary) -> None:
        named = [*boundary.voltages, *boundary.currents, *boundary.nudges]
        drivers = self._info.inputs + self._info.outputs
        if len(set(named)) != len(named):
            twice = next(line for line in named if named.count(line) > 1)
            msg = f"{self.name(twice)} is driven twice in one boundary"
            raise ConfigError(msg)
        for line in named:
            if not 0 <= line < drivers:
                what = "is not there" if not 0 <= line < self._info.lines else "has no driver"
                msg = f"{self.name(line)} {what}: the board drives lines 0 … {drivers - 1}"
                raise ConfigError(msg)
        for line in [*boundary.currents, *boundary.nudges]:
            if line < self._info.inputs:
                msg = f"{self.name(line)} can be forced only: nudges and currents belong to outputs"
                raise ConfigError(msg)

    def _codes(self, voltages: Mapping[int, float]) -> dict[int, int]:
        lsb = self._lsb
        # Comparing this way round refuses NaN too.
        for line, volts in voltages.items():
            if not -0.5 <= volts / lsb < self._top + 0.5:
                msg = f"{self.name(line)}: {volts:.6g} V is outside the DAC's range 0 … {self._dac.span:g} V"
                raise LimitExceeded(msg)
        return {line: math.floor(volts / lsb + 0.5) for line, volts in voltages.items()}

    def _split(self, voltages: Mapping[int, float]) -> tuple[dict[int, int], dict[int, int]]:
        inputs = self._info.inputs
        codes = self._codes(voltages)
        return (
            {line: code for line, code in codes.items() if line < inputs},
            {line - inputs: code for line, code in codes.items() if line >= inputs},
        )

    def _toward(self, nudges: Mapping[int, TowardTarget]) -> Toward | None:
        if not nudges:
            return None
        if not self._info.nudging.toward_target:
            msg = (
                "this board cannot nudge toward a target by itself: measure the free state first, then clamp"
            )
            raise ConfigError(msg)
        fraction = round(_one({n.fraction for n in nudges.values()}, "fractions") * PER_FRACTION)
        if not -(2**15) <= fraction < 2**15:
            msg = f"a nudge's fraction {fraction / PER_FRACTION:g} is outside the wire's range -2 … 2"
            raise LimitExceeded(msg)
        return Toward(fraction, self._targets(nudges))

    def _through(self, nudges: Mapping[int, ThroughConductance]) -> Through | None:
        if not nudges:
            return None
        conductance = _one({n.conductance for n in nudges.values()}, "conductances")
        if self._info.nudging.through is None:
            msg = "this board cannot nudge through a conductance: inject the current −βe instead"
            raise ConfigError(msg)
        low, high = self._info.nudging.through
        if not low <= conductance <= high:
            msg = f"a nudge through {conductance:g} S is outside the board's range {low:g} … {high:g} S"
            raise LimitExceeded(msg)
        return Through(round(conductance * PER_NS), self._targets(nudges))

    def _targets(
        self, nudges: Mapping[int, TowardTarget] | Mapping[int, ThroughConductance]
    ) -> dict[int, int]:
        codes = self._codes({line: nudge.target for line, nudge in nudges.items()})
        return {line - self._info.inputs: code for line, code in codes.items()}

    def _inject(self, currents: Mapping[int, float]) -> dict[int, int]:
        if currents and not self._info.nudging.inject:
            msg = "this board cannot inject currents into its lines"
            raise ConfigError(msg)
        scaled: dict[int, int] = {}
        for line, amperes in currents.items():
            if not abs(amperes) * PER_PA <= _MOST_INJECTED:
                most = f"±{_MOST_INJECTED / PER_PA:g} A"
                msg = f"{self.name(line)}: {amperes:g} A is outside the wire's range {most}"
                raise LimitExceeded(msg)
            scaled[line - self._info.inputs] = round(amperes * PER_PA)
        return scaled


def _one(values: set[float], what: str) -> float:
    if len(values) > 1:
        found = ", ".join(f"{value:g}" for value in sorted(values))
        msg = f"the nudges of one boundary have several {what} ({found}): use one"
        raise ConfigError(msg)
    return values.pop()
