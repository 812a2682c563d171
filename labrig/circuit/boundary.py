"""What is imposed on a network from outside: complete, so that a retry changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from labrig.arrays import Amperes, Siemens, Volts

_NOTHING: Mapping[int, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TowardTarget:
    """Clamp at ``x + fraction * (target - x)``; x is the node's voltage in an earlier boundary.

    Coupled learning's clamp: Stern, Hexner, Rocks, Liu, PRX 11, 021045 (2021), eq. 2.
    """

    target: Volts
    fraction: float
    reference: int
    """Index, in the same exchange, of the boundary whose settled voltage is x."""


@dataclass(frozen=True, slots=True)
class ThroughConductance:
    """A source at the target behind a conductance.

    Equilibrium propagation's nudge: Kendall et al., arXiv:2006.01981 (2020).
    """

    target: Volts
    conductance: Siemens


Nudge: TypeAlias = TowardTarget | ThroughConductance


@dataclass(frozen=True, slots=True)
class Boundary:
    """Everything that is driven; a node not named is released and draws no current.

    A node is named at most once over `voltages`, `currents` and `nudges`. The mappings are copied: what was
    admitted, sent and remembered for a boundary holds as long as it lives.
    """

    voltages: Mapping[int, Volts]
    """Node to forced potential."""
    currents: Mapping[int, Amperes] = field(default_factory=lambda: _NOTHING)
    """Node to current injected into the network."""
    nudges: Mapping[int, Nudge] = field(default_factory=lambda: MappingProxyType({}))
    """Node to a pull toward a target."""

    def __post_init__(self) -> None:
        for name in ("voltages", "currents", "nudges"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
