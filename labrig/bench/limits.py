"""What must never be exceeded on a bench."""

import math
from dataclasses import dataclass

from labrig.arrays import Amperes, Siemens, Volts

_INFINITE = math.inf


@dataclass(frozen=True, slots=True)
class BenchLimits:
    """The limits in force; infinite where nothing limits."""

    voltage: Volts = _INFINITE
    branch_current: Amperes = _INFINITE
    branch_power: float = _INFINITE
    """W."""
    conductance: Siemens = _INFINITE
    slew: float = _INFINITE
    """V/s."""

    def tighter(self, other: "BenchLimits") -> "BenchLimits":
        """The smaller of each."""
        return BenchLimits(
            min(self.voltage, other.voltage),
            min(self.branch_current, other.branch_current),
            min(self.branch_power, other.branch_power),
            min(self.conductance, other.conductance),
            min(self.slew, other.slew),
        )

    def largest_conductance(self, span: Volts, injected: Amperes = 0.0) -> Siemens:
        """What a branch may conduct under `span` volts, with `injected` amperes on top of that current.

        Not positive where the injected current alone is too much.
        """
        if span <= 0:
            return self.conductance
        by_current = (self.branch_current - injected) / span
        return min(self.conductance, by_current, self._largest_by_power(span, injected))

    def largest_span(self, conductance: Siemens) -> Volts:
        """What a branch that conducts so much may have over it by its current and power."""
        if conductance <= 0:
            return self.voltage
        by_power = math.sqrt(self.branch_power / conductance)
        return min(self.voltage, self.branch_current / conductance, by_power)

    def _largest_by_power(self, span: Volts, injected: Amperes) -> Siemens:
        """The larger root of (span g + injected)² / g = branch_power."""
        if self.branch_power == _INFINITE:
            return _INFINITE
        middle = self.branch_power / 2 - span * injected
        rest = middle**2 - (span * injected) ** 2
        return (middle + math.sqrt(rest)) / span**2 if rest >= 0 and middle > 0 else 0.0
