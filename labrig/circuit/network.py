"""What learners, sweeps and calibration see of a network of conductances: siemens in, volts out."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from labrig.arrays import BranchArray, FloatArray, Siemens
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology


class Origin(IntEnum):
    """Where a voltage or current comes from; the three are never mixed up."""

    UNKNOWN = 0
    MEASURED = 1
    COMMANDED = 2
    MODELLED = 3


class Flag(IntFlag):
    """What is wrong with a reading."""

    NONE = 0
    SATURATED = 1
    """Within 1 % of a rail of the converter."""
    OVERFLOW = 2
    """The instrument sent its overflow sentinel."""
    COMPLIANCE = 4
    """The source ran into its limit."""
    STUCK = 8
    """It stood still while the driver of its line moved."""


OriginArray = NDArray[np.uint8]
FlagArray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class NetworkStates:
    """M settled states of a network with N nodes and B branches."""

    node_voltages: FloatArray
    """Shape (M, N), V; NaN where unknown."""
    voltage_origin: OriginArray
    """Shape (M, N), values of `Origin`."""
    clamp_currents: FloatArray
    """Shape (M, N), A into the network at each driven node; NaN where not driven or unknown."""
    current_origin: OriginArray
    """Shape (M, N), values of `Origin`."""
    flags: FlagArray
    """Shape (M, N), bits of `Flag`."""
    conductances: BranchArray
    """Shape (B,), S, realised: by the law or calibration of the codes that are on the board."""


@dataclass(frozen=True, slots=True)
class Nudging:
    """What a network can do without waiting for the host."""

    toward_target: bool = True
    """`TowardTarget` is carried out by the board."""
    through: tuple[Siemens, Siemens] | None = (0.0, float("inf"))
    """Smallest and largest conductance of `ThroughConductance`; None: it cannot."""
    inject: bool = True
    """`Boundary.currents` can be imposed."""


class PhysicalNetwork(Protocol):
    """The first of labrig's three seams: a bench, or an ideal network in memory."""

    @property
    def topology(self) -> Topology:
        """Nodes and branches."""
        ...

    @property
    def nudging(self) -> Nudging:
        """Which second states can ride in the same exchange as the first."""
        ...

    def settle(
        self,
        boundaries: Sequence[Boundary],
        *,
        program: BranchArray | None = None,
        currents: bool = False,
    ) -> NetworkStates:
        """One exchange: set the branches, then impose, settle and scan each boundary in turn.

        Parameters
        ----------
        boundaries
            M boundaries. The last one stays imposed afterwards.
        program
            Conductance to set on each branch first, shape (B,), S; None leaves them.
        currents
            Whether clamp currents are wanted as well (on a board this costs extra readings).
        """
        ...
