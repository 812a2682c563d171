"""How far to go along a rule's contrast."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray
from labrig.devices.laws import TapLaw
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


@runtime_checkable
class Certifying(Protocol):
    """A policy of one sample that can show on the board that an output cannot come to its target."""

    @property
    def unreachable(self) -> BoolArray:
        """Outputs of the topology of which it was shown, shape (O,)."""
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


@dataclass(frozen=True, slots=True)
class SignStep(Forgetful):
    """One tap up or down by the sign of the contrast, and none where it is zero.

    Dillavou, Stern, Liu, Durian, *Demonstration of decentralized physics-driven learning*, Phys. Rev. Applied
    18, 014040 (2022), arXiv:2108.00275, whose branches count up or down by a comparator. It comes to rest
    nowhere: near the target it goes on stepping to and fro.
    """

    law: TapLaw
    """Of the codes that may be written."""

    def wants(self) -> States:
        """Both states."""
        return States.BOTH

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Conductances one code away; a higher code conducts less."""
        del evidence, bounds
        codes = self.law.codes(latent) - np.sign(contrast).astype(np.int64)
        return self.law.conductances(np.clip(codes, self.law.lowest, self.law.highest))


class Desynchronous:
    """Each proposal of another policy is carried out on branches that are drawn, each with the same chance.

    Wycoff, Dillavou, Stern, Liu, Durian, *Desynchronous learning in a physics-driven learning network*,
    J. Chem. Phys. 156, 144903 (2022), arXiv:2201.04626.
    """

    def __init__(self, policy: StepPolicy, fraction: float, generator: np.random.Generator) -> None:
        self._policy = policy
        self._fraction = fraction
        self._generator = generator

    def wants(self) -> States:
        """As the other policy."""
        return self._policy.wants()

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """The other policy's proposal where a branch was drawn, else its latent as it is."""
        proposed = self._policy.propose(evidence, contrast, latent, bounds)
        drawn = self._generator.random(latent.shape) < self._fraction
        return np.where(drawn, proposed, latent)

    def state(self) -> PolicyState:
        """Of the other policy, and of the generator."""
        return {"policy": self._policy.state(), "generator": self._generator.bit_generator.state}

    def restore(self, state: PolicyState) -> None:
        """Go on where `state` was taken."""
        if state:
            self._policy.restore(state["policy"])
            self._generator.bit_generator.state = state["generator"]
