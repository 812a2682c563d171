"""Whether the outputs of a network can be moved in every direction by its conductances."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, FloatArray, Volts
from labrig.circuit.boundary import Boundary
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology

_NOTHING = 1e-9
"""A singular value below this share of the greatest one counts as zero."""


@dataclass(frozen=True, slots=True)
class Coercivity:
    """The singular values of J = ∂x/∂g at one vector of conductances."""

    singular_values: FloatArray
    """Descending, shape (O,), V/S."""
    weakest: FloatArray
    """The combination of outputs that conductances move least, of length 1, shape (O,)."""

    @property
    def rank(self) -> int:
        """Directions in which the outputs can be moved."""
        greatest = self.singular_values[0] if self.singular_values.size else 0.0
        return int(np.count_nonzero(self.singular_values > _NOTHING * greatest))

    @property
    def is_coercive(self) -> bool:
        """Every direction: equilibrium propagation then has d‖e‖²/dt ≤ −2 σ_min² ‖e‖²."""
        return self.rank == self.singular_values.size

    @property
    def least(self) -> float:
        """σ_min, V/S."""
        return float(self.singular_values[-1])


def coercivity(
    topology: Topology,
    conductances: BranchArray,
    inputs: Mapping[int, Volts],
    outputs: Sequence[int],
    along: Callable[[BranchArray, FloatArray], FloatArray] | None = None,
) -> Coercivity:
    """Singular values of the derivative of some outputs by the conductances.

    McGinnis, Li, Mori, arXiv:2606.15443: learning converges exponentially where J has the rank of the number
    of outputs; a symmetry of network, conductances and inputs can spoil it.

    Parameters
    ----------
    conductances
        Shape (B,), S.
    inputs
        Forced, V; all other nodes float.
    outputs
        Those that matter.
    along
        What conductances that do not move one by one can follow of directions, (…, B); None: all.

    Raises
    ------
    CircuitError
        A node has no conducting path to an input.
    """
    derivative = output_derivative(topology, conductances, inputs, outputs)
    if along is not None:
        derivative = along(conductances, derivative)
    left, values, _ = np.linalg.svd(derivative, full_matrices=False)
    return Coercivity(values, left[:, -1])


def output_derivative(
    topology: Topology, conductances: BranchArray, inputs: Mapping[int, Volts], outputs: Sequence[int]
) -> FloatArray:
    """J = ∂x/∂g, shape (outputs, B), V/S: each branch injects −v dg at its one end and draws it at the other.

    Raises
    ------
    CircuitError
        A node has no conducting path to an input.
    """
    volts = solve(topology, conductances, [Boundary(inputs)]).node_voltages[0]
    free = np.array([node not in inputs for node in range(len(topology.nodes))])
    floating = topology.incidence[free]
    laplacian = (floating * conductances) @ floating.T
    moved = np.zeros(topology.incidence.shape)
    moved[free] = -np.linalg.solve(laplacian, floating * topology.branch_voltages(volts))
    return moved[list(outputs)]
