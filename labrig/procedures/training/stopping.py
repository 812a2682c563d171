"""When a training ends, and with what outcome."""

from collections.abc import Callable
from dataclasses import dataclass, field

from labrig.arrays import Seconds, Volts
from labrig.circuit.topology import Topology
from labrig.config.experiment import StopConfig
from labrig.errors import BoardFault
from labrig.learning.evidence import Evidence, untrusted_nodes
from labrig.store.sessions import Outcome
from labrig.units import format_quantity

_VAIN = 3
"""Updates without a usable sample: fewer may be a disturbance."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, and the sentence that explains it."""

    outcome: Outcome
    reason: str


@dataclass(slots=True)
class VainUpdates:
    """Notices that a training goes on and changes nothing, because no sample can be used any more."""

    topology: Topology
    samples: int
    """Of the task: each must have had its turn."""
    updates: int = 0
    """Without a usable sample, in a row."""
    seen: int = 0
    """Samples in them."""

    def check(self, evidence: Evidence) -> None:
        """Count an update.

        Raises
        ------
        BoardFault
            The last updates had no usable sample, as many as it takes for all samples, and three at least.
        """
        if evidence.usable.any():
            self.updates = self.seen = 0
            return
        self.updates += 1
        self.seen += len(evidence.usable)
        if self.updates < _VAIN or self.seen < self.samples:
            return
        msg = (
            f"no sample could be used in the last {self.updates} updates, so that nothing changes any more:"
            f" {_untrusted(self.topology, evidence)}"
        )
        raise BoardFault(msg)


def check_board_may_learn(topology: Topology, evidence: Evidence) -> None:
    """Whether a board that leaves no sample out may learn from what was measured.

    Raises
    ------
    BoardFault
        Some reading cannot be used.
    """
    if not evidence.usable.all():
        msg = f"a board learns from every sample, but {_untrusted(topology, evidence)}"
        raise BoardFault(msg)


def _untrusted(topology: Topology, evidence: Evidence) -> str:
    names = ", ".join(topology.nodes[node] for node in untrusted_nodes(evidence)[:8])
    return (
        f"the reading of {names} is missing, within 1 % of a rail of its converter, or stands still while the"
        " line is driven; look at these lines and their branches with labrig board check, or lower the"
        " inputs, then resume the run"
    )


@dataclass(slots=True)
class StopRules:
    """The experiment's stop rules in order: error, whoever asks, steps, wall, still, plateau."""

    config: StopConfig
    asked: Callable[[], str | None] = lambda: None
    """Why somebody wants the run to end after this step, or None."""
    errors: list[Volts] = field(default_factory=list[Volts])
    """Of the steps so far; a resumed run brings those before it."""
    writes: list[int] = field(default_factory=list[int])
    """Branch codes sent until each step; likewise."""

    def check(self, step: int, error: Volts, wall: Seconds, writes: int, *, reached: bool) -> Ending | None:
        """Decide after a measurement, before its update.

        Parameters
        ----------
        step
            Updates applied.
        error
            ‖x − y‖ over all samples, V; NaN where unknown.
        wall
            Since the start of the run, earlier sessions included.
        writes
            Branch codes sent since the start of the run.
        reached
            Whether the error, confirmed over all samples, is at or below `stop.error`.
        """
        config = self.config
        if reached and config.error is not None:
            return Ending("converged", f"the error reached {format_quantity(config.error, 'V')}")
        if (why := self.asked()) is not None:
            return Ending("interrupted", why)
        if step >= config.steps:
            return Ending("stopped", f"all {config.steps} steps were done")
        if config.wall is not None and wall >= config.wall:
            return Ending("stopped", f"the time of {config.wall:g} s is up")
        return self._still(writes) or self._plateau(error)

    def _still(self, writes: int) -> Ending | None:
        still = self.config.still
        if still is None:
            return None
        self.writes.append(writes)
        if len(self.writes) <= still or self.writes[-1 - still] != writes:
            return None
        return Ending("stopped", f"no code was changed in {still} updates: there is nothing left to gain")

    def _plateau(self, error: Volts) -> Ending | None:
        plateau = self.config.plateau
        if plateau is None:
            return None
        self.errors.append(error)
        if len(self.errors) <= plateau.steps:
            return None
        before = self.errors[-1 - plateau.steps]
        if error >= plateau.ratio * before:
            reason = f"the error fell by less than a factor {plateau.ratio:g} in {plateau.steps} steps"
            return Ending("stopped", reason)
        return None
