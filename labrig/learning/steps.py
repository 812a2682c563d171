"""How far to go along a rule's contrast."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from labrig.arrays import BranchArray, FloatArray
from labrig.learning.bounds import Bounds
from labrig.learning.evidence import Evidence, States

PolicyState: TypeAlias = Mapping[str, Any]
"""Plain numbers, lists and strings: can be written as JSON."""


class StepPolicy(Protocol):
    """Branch by branch, from everything measured. The loop projects what is proposed."""

    def wants(self) -> States:
        """States that the next proposal needs."""
        ...

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Latent conductances that the policy would like next, shape (B,), S; need not lie in the bounds.

        Parameters
        ----------
        contrast
            The rule's direction, shape (B,); zero where no sample was measured in both states.
        latent
            Conductances that were asked for when the evidence was measured, shape (B,), S.
        """
        ...

    def state(self) -> PolicyState:
        """Tell `restore` how to go on with the next proposal."""
        ...

    def restore(self, state: PolicyState) -> None:
        """Go on where `state` was taken."""
        ...


class Forgetful:
    """A policy to which every step is like the first."""

    __slots__ = ()

    def state(self) -> PolicyState:
        """Nothing."""
        return {}

    def restore(self, state: PolicyState) -> None:
        """Nothing to restore."""


def remembered(policy: object, names: Iterable[str]) -> PolicyState:
    """Arrays of a policy by name, as lists; JSON knows neither NaN nor infinity, so both are None."""
    return {name: _listed(getattr(policy, name)) for name in names}


def remind(policy: object, names: Iterable[str], state: PolicyState) -> None:
    """Put back what `remembered` has told; None becomes NaN."""
    for name in names:
        before: FloatArray = getattr(policy, name)
        shape = before.shape if before.size else -1
        values = np.array(state[name], dtype=np.float64).reshape(shape)
        setattr(policy, name, values.astype(before.dtype))


def _listed(values: FloatArray) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.ravel().tolist()]


@dataclass(frozen=True, slots=True)
class FixedStep(Forgetful):
    """``Δg = rate * contrast``."""

    rate: float
    """In the rule's unit: S/V² (contrastive, coupled), S²/V² (equilibrium)."""

    def wants(self) -> States:
        """Both states."""
        return States.BOTH

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Proposal of one fixed step."""
        del evidence, bounds
        return latent + self.rate * contrast


@dataclass(frozen=True, slots=True)
class DiminishingStep(Forgetful):
    """``Δg = scale / (offset + t) * contrast``, t the updates applied so far (Huijzer, Algorithm 2)."""

    scale: float
    """In the rule's unit: S/V² (contrastive, coupled), S²/V² (equilibrium)."""
    offset: float
    """Positive."""

    def wants(self) -> States:
        """Both states."""
        return States.BOTH

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Proposal of one step that shrinks as one over t."""
        del bounds
        return latent + self.scale / (self.offset + evidence.step) * contrast
