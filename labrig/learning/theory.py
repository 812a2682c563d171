"""Fixed steps of contrastive learning that are known to converge, on networks without hidden nodes."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import FloatArray, Siemens
from labrig.circuit.topology import Topology
from labrig.errors import ConfigError


@dataclass(frozen=True, slots=True)
class StepBound:
    """Q has a gradient of Lipschitz constant L on the box; steps 0 < rate < 2/L converge."""

    lipschitz: float
    """L, V²/S."""

    @property
    def largest_rate(self) -> float:
        """2/L, S/V²."""
        return 2.0 / self.lipschitz


def paper_bound(topology: Topology, inputs: FloatArray, floor: Siemens) -> StepBound:
    """Compute the L of the paper: (2/ε) (‖D_I‖ + √(N_I N_O) ‖D_O‖)² ‖p_I‖², with spectral norms.

    Huijzer, Chaffey, Besselink, van Waarde, arXiv:2503.00349.

    Parameters
    ----------
    inputs
        Input potentials in the order of ``topology.inputs``, shape (N_I,), V.
    floor
        ε, the lowest conductance of any branch.

    Raises
    ------
    ConfigError
        The network has hidden nodes: Q need not be convex there and no step is guaranteed.
    """
    _refuse_hidden(topology)
    into = np.linalg.norm(topology.incidence[list(topology.inputs)], 2)
    out = np.linalg.norm(topology.incidence[list(topology.outputs)], 2)
    reach = into + np.sqrt(len(topology.inputs) * len(topology.outputs)) * out
    return StepBound(float(2.0 / floor * reach**2 * (inputs @ inputs)))


def graph_bound(topology: Topology, inputs: FloatArray, floor: Siemens) -> StepBound:
    """Bound L by (2/ε) (max p_I − min p_I)², on any graph without hidden nodes.

    The Hessian of Q is 2 diag(v) W diag(v) with λmax(W) ≤ 1/ε, and no branch sees more than the span of the
    inputs.

    Parameters
    ----------
    inputs
        Input potentials, shape (N_I,), V.
    floor
        ε, the lowest conductance of any branch.

    Raises
    ------
    ConfigError
        The network has hidden nodes.
    """
    _refuse_hidden(topology)
    return StepBound(float(2.0 / floor * np.ptp(inputs) ** 2))


def crossbar_bound(topology: Topology, inputs: FloatArray, floor: Siemens) -> StepBound:
    """Compute L = 2 Var(p_I) / ε on a crossbar, the tight bound: reached where every branch is at the floor.

    Parameters
    ----------
    inputs
        Potentials of the rows, shape (N_I,), V.
    floor
        ε, the lowest conductance of any branch; any other common conductance gives the local L there.

    Raises
    ------
    ConfigError
        The network is not a crossbar.
    """
    if topology.crossbar_shape is None:
        msg = "this step bound holds on a crossbar only; take the one for graphs"
        raise ConfigError(msg)
    return StepBound(float(2.0 * np.var(inputs) / floor))


def _refuse_hidden(topology: Topology) -> None:
    if topology.hidden:
        names = ", ".join(topology.nodes[node] for node in topology.hidden[:8])
        msg = f"no step is guaranteed on a network with hidden nodes ({names}): Q need not be convex there"
        raise ConfigError(msg)
