"""Networks of conductances: topology, what is imposed on them, and what they settle to."""

from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance, TowardTarget
from labrig.circuit.ideal import IdealNetwork
from labrig.circuit.network import Flag, NetworkStates, Nudging, Origin, PhysicalNetwork
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology

__all__ = [
    "Boundary",
    "Flag",
    "IdealNetwork",
    "NetworkStates",
    "Nudge",
    "Nudging",
    "Origin",
    "PhysicalNetwork",
    "ThroughConductance",
    "Topology",
    "TowardTarget",
    "solve",
]
