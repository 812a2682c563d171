"""One of several trainings that take turns on a bench, counted by itself and stored nowhere."""

import time
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, CodeArray, Seconds, Volts
from labrig.bench.bench import Bench
from labrig.bench.memristor_bench import MemristorBench
from labrig.config.experiment import ExperimentConfig
from labrig.config.study import Budget
from labrig.errors import ConfigError, LabrigError
from labrig.learning.evaluation import LastErrors, evaluate
from labrig.learning.loop import TrainingStep, loop
from labrig.procedures.training.plan import TrainingPlan, plan_training
from labrig.procedures.training.stopping import Ending, StopRules, VainUpdates

_APART = 1.02
"""Measurements of one point of a curve over those of the one before, at least."""


@dataclass(frozen=True, slots=True)
class Point:
    """What was spent, and what was reached with it."""

    steps: int
    measurements: int
    writes: int
    seconds: Seconds
    error: Volts


class Contender:
    """A training that goes on by one update a turn.

    What it writes is counted against its own last program: what others wrote in between is not its doing.

    Parameters
    ----------
    bench
        Left with the programmer of this experiment; give it back before each turn.

    Raises
    ------
    ConfigError
        The experiment does not fit the bench, or lets the board learn by itself; or it has memristors.
    """

    def __init__(self, bench: Bench, config: ExperimentConfig, budget: Budget) -> None:
        if config.learning.where == "board" or config.learning.zero is not None:
            what = "where: board" if config.learning.where == "board" else "zero"
            msg = f"learning: found {what}, which studies and rehearsals do not know; leave it out"
            raise ConfigError(msg)
        if isinstance(bench, MemristorBench):
            msg = (
                "board: found memristors; trainings of a study take turns on a board and would wear them out"
                " by undoing each other's pulses; train them one after the other, each with labrig train"
            )
            raise ConfigError(msg)
        if config.drift is not None:
            msg = "drift: in studies and rehearsals nobody watches it; leave it out"
            raise ConfigError(msg)
        self._bench = bench
        self._budget = budget
        self.plan: TrainingPlan = plan_training(bench, config)
        """What it follows."""
        self._programmer = bench.programmer
        self._steps = loop(
            bench,
            self.plan.rule,
            self.plan.policy,
            self.plan.batches,
            initial=self.plan.initial,
            bounds=self.plan.bounds.bounds,
            mask=self.plan.mask,
        )
        self._stop = StopRules(config.stop)
        self._errors = LastErrors(len(self.plan.samples))
        self._vain = VainUpdates(bench.topology, len(self.plan.samples))
        self._held: BranchArray | CodeArray | None = None
        self._extra = 0
        self._writes = 0
        self._seconds = 0.0
        self.curve: list[Point] = []
        """Thinned out, the last one included."""
        self.step: TrainingStep | None = None
        """The newest; None before the first turn."""
        self.ending: Ending | None = None
        """None while it goes on."""

    def fail(self, error: LabrigError) -> None:
        """End with an error, which is no reason for the others to end."""
        self.ending = Ending("failed", f"{type(error).__name__}: {error}")

    def turn(self) -> None:
        """Measure once more and decide; the update is written with the next turn.

        Raises
        ------
        LimitExceeded, LinkError, ProtocolError, DeviceError
            Of the bench; `BoardFault` also where no sample can be used any more.
        """
        started = time.perf_counter()
        self._bench.use(self._programmer)
        self.step = step = next(self._steps)
        held = self._bench.branch_values()
        self._writes += held.size if self._held is None else int(np.count_nonzero(held != self._held))
        self._held = held.copy()
        error = self._error(step)
        reached = self.plan.reached(error)
        self._seconds += time.perf_counter() - started
        point = Point(step.step, step.progress.measurements + self._extra, self._writes, self._seconds, error)
        self.ending = self._stop.check(
            step.step, error, self._seconds, self._writes, reached=reached
        ) or self._spent(point)
        if self.ending is None:
            self._vain.check(step.evidence)
        if self.ending or not self.curve or point.measurements >= _APART * self.curve[-1].measurements:
            self.curve.append(point)

    def _error(self, step: TrainingStep) -> Volts:
        """Over all samples; measured afresh before it may end the training, and counted."""
        error = self._errors.take(step.evidence, step.latent)
        if not self.plan.reached(error) or self._errors.at_once:
            return error
        self._extra += len(self.plan.samples)
        return evaluate(self._bench, self.plan.samples).error

    def _spent(self, point: Point) -> Ending | None:
        budget = self._budget
        for name, most, spent in (
            ("measurements", budget.measurements, point.measurements),
            ("writes", budget.writes, point.writes),
            ("seconds", budget.seconds, point.seconds),
        ):
            if most is not None and spent >= most:
                return Ending("stopped", f"its budget of {most:g} {name} is spent")
        return None
