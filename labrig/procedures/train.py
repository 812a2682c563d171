"""Train an opened bench: the pure loop, plus the store, the stop rules and safety."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np

from labrig.arrays import FloatArray, Seconds, Volts
from labrig.bench.bench import Bench
from labrig.bench.endings import end_if_told, undisturbed
from labrig.boards.base import program_digest
from labrig.circuit.network import PhysicalNetwork
from labrig.config.loading import Experiment
from labrig.errors import DeviceError, LabrigError, LinkError, ProtocolError, RunError, SafetyError
from labrig.learning.evaluation import Evaluation, LastErrors, evaluate
from labrig.learning.loop import Progress, TrainingStep, loop
from labrig.learning.steps import Certifying
from labrig.learning.tasks import Sample
from labrig.learning.zeroing import Zeroed
from labrig.procedures.training.answering import asks, silent_branches
from labrig.procedures.training.board_learning import board_loop
from labrig.procedures.training.checkpoint import Checkpoint, Tally
from labrig.procedures.training.drifting import Drifting
from labrig.procedures.training.plan import TrainingPlan, plan_training
from labrig.procedures.training.pulsing import (
    memristor_state,
    pulse_attributes,
    pulse_results,
    pulse_row,
    pulsed,
)
from labrig.procedures.training.reading_back import check_written
from labrig.procedures.training.recording import (
    bench_facts,
    keep_policy,
    plan_columns,
    training_attributes,
    training_constants,
    training_labels,
    training_results,
    training_row,
)
from labrig.procedures.training.stopping import Ending, StopRules, VainUpdates
from labrig.store.catalogue import runs_folder
from labrig.store.columns import Constant, Value
from labrig.store.database import Synchronous
from labrig.store.provenance import collect
from labrig.store.writer import Run

_WARMTH = 100
"""Steps from one look at the temperature to the next, where asking takes a turn-around."""


class Training:
    """A training that is stored while it runs. Iterate to run it, one update an iteration.

    Each step is committed before the next write leaves. The chips are read back before the first is and
    after the last. However the iteration ends, the bench is made safe and the run says how it ended.

    Parameters
    ----------
    bench, plan
        What is trained, and how.
    record
        Where it is stored.
    start
        Where to go on.
    asked
        Says why somebody wants the run to end after the present step, or None.
    past_errors, past_writes
        Of the steps before `start`: errors, V, and branch codes sent until then.
    """

    def __init__(
        self,
        bench: Bench,
        plan: TrainingPlan,
        record: Run,
        start: Checkpoint,
        asked: Callable[[], str | None] = lambda: None,
        past_errors: Sequence[Volts] = (),
        past_writes: Sequence[int] = (),
    ) -> None:
        self._bench = bench
        self._plan = plan
        self._record = record
        self._start = start
        self._stop = StopRules(plan.config.stop, asked, list(past_errors), list(past_writes))
        self._vain = VainUpdates(bench.topology, len(plan.samples))
        self._errors = LastErrors(len(plan.samples))
        self._errors.errors[:] = start.last_errors
        self._outputs = start.last_outputs.copy()
        self._progress = start.progress
        zero = plan.config.learning.zero
        offsets = start.offsets if start.offsets.size else np.zeros(len(bench.topology.nodes))
        self._unzeroed = offsets
        self._zeroed = None if zero is None else Zeroed(bench, bench.level(plan.middle), offsets)
        self._network: PhysicalNetwork = bench if self._zeroed is None else self._zeroed
        self._drifting = None if plan.drift is None else Drifting(bench, plan.drift, record.directory)
        if self._drifting is not None:
            self._drifting.restore(start.drift)
        self._clock = time.monotonic()
        self._counters = bench.counters
        self._waited = replace(bench.waiting)
        self._pulsed = pulsed(bench)
        self._beside = (
            start.tally.exchanges - start.progress.exchanges,
            start.tally.measurements - start.progress.measurements,
        )
        self.ending: Ending | None = None
        """How it ended; None while it runs."""
        self.not_asked: str | None = None
        """Why branches could not be asked whether they answer, where they should have been."""
        self.not_drawn: str | None = None
        """Why there is no picture, where there should be one."""

    @property
    def run(self) -> Path:
        """The run's directory."""
        return self._record.directory

    @property
    def plan(self) -> TrainingPlan:
        """Bounds, start and what is expected."""
        return self._plan

    @property
    def error(self) -> Volts:
        """‖x − y‖ over all samples, each at its last free measurement, V."""
        return self._errors.error

    @property
    def unreachable(self) -> list[str]:
        """Outputs of which the board has shown that they cannot come to their targets, by name."""
        policy, topology = self._plan.policy, self._bench.topology
        if not isinstance(policy, Certifying):
            return []
        return [topology.nodes[topology.outputs[k]] for k in np.flatnonzero(policy.unreachable).tolist()]

    def tally(self) -> Tally:
        """What the run has cost so far, earlier sessions included."""
        before, now, then = self._start.tally, self._bench.counters, self._counters
        exchanges, measurements = self._beside
        wall = time.monotonic() - self._clock
        waited = self._bench.waiting.measured - self._waited.measured
        pulses, reads = np.subtract(pulsed(self._bench), self._pulsed).tolist()
        return Tally(
            wall=before.wall + wall,
            exchanges=self._progress.exchanges + exchanges,
            measurements=self._progress.measurements + measurements,
            frames=before.frames + now.frames - then.frames,
            writes=before.writes + now.writes - then.writes,
            waited=before.waited + waited,
            expected=before.expected + self._expected(wall - waited),
            pulses=before.pulses + pulses,
            reads=before.reads + reads,
        )

    def _expected(self, host: Seconds) -> Seconds:
        """What the host took of this session, and what the board takes by its calibration."""
        waiting = self._bench.waiting
        return 0.0 if waiting.pace is None else host + waiting.predicted - self._waited.predicted

    def __iter__(self) -> Iterator[TrainingStep]:
        if self.ending is not None:
            msg = f"{self.run} has ended: {self.ending.reason}; start another training"
            raise RunError(msg)
        try:
            yield from self._steps()
        except BaseException as error:
            if self.ending is None:
                self._end(_ending_of(error))
            raise

    def finish(self) -> Ending:
        """Run to the end, without looking at the steps."""
        for _ in self:
            pass
        if self.ending is None:
            msg = "a training ended without saying how"
            raise RuntimeError(msg)
        return self.ending

    def _steps(self) -> Iterator[TrainingStep]:
        plan = self._plan
        begun = False
        self._before(self._progress.step)
        for step in self._loop():
            self._progress = step.progress
            self._outputs[list(step.samples)] = step.evidence.free.node_voltages[
                :, self._bench.topology.outputs
            ]
            error = self._errors.take(step.evidence, step.latent)
            if not self._errors.at_once:
                error = self._confirmed(error)
            tally = self.tally()
            ending = self._stop.check(step.step, error, tally.wall, tally.writes, reached=plan.reached(error))
            if ending is None and self._drifting is not None and self._drifting.pause is not None:
                ending = Ending("paused", self._drifting.pause)
            if not begun:
                check_written(self._bench)
                begun = True
            self._store(step, error)
            yield step
            if ending is not None:
                self._end(ending)
                return
            self._vain.check(step.evidence)
            self._before(step.next_progress.step)

    def _before(self, step: int) -> None:
        """Read the offsets anew, and look for drift, where it is due before the measurement of this step."""
        zero = self._plan.config.learning.zero
        if zero is not None and step % zero.every == 0:
            self._zero()
        drifting = self._drifting
        if drifting is None or not drifting.due(step):
            return
        exchanges, measurements = self._bench.exchange_index, self._bench.counters.measurements
        drifting.look(step)
        self._counted(
            self._bench.counters.measurements - measurements, self._bench.exchange_index - exchanges
        )
        if drifting.zero:
            drifting.zero = False
            self._zero()

    def _zero(self) -> None:
        zero = self._plan.config.learning.zero
        if zero is not None and self._zeroed is not None:
            self._zeroed.zero(zero.repeats)
            self._counted(zero.repeats)

    def _loop(self) -> Iterator[TrainingStep]:
        plan, start = self._plan, self._start
        if plan.board is not None:
            return board_loop(self._bench, plan.board, start.latent, start.progress)
        plan.batches.restore(start.order)
        plan.policy.restore(start.policy)
        return loop(
            self._network,
            plan.rule,
            plan.policy,
            plan.batches,
            initial=start.latent,
            bounds=plan.bounds.bounds,
            mask=plan.mask,
            start=start.progress,
        )

    def _confirmed(self, error: Volts) -> Volts:
        """Measure all samples afresh before a stop by error, since each was seen at other conductances."""
        if not self._plan.reached(error):
            return error
        return self._measure(self._plan.samples).error

    def _measure(self, samples: Sequence[Sample]) -> Evaluation:
        self._counted(len(samples))
        return evaluate(self._network, samples)

    @property
    def _offsets(self) -> FloatArray:
        return self._unzeroed if self._zeroed is None else self._zeroed.offsets

    def _counted(self, measurements: int, exchanges: int = 1) -> None:
        """Exchanges beside the loop's."""
        before, scanned = self._beside
        self._beside = (before + exchanges, scanned + measurements)

    def _told(self, step: int) -> dict[str, Value]:
        """What the look before this step came to, and the temperature of the board."""
        drifting = self._drifting
        told = {} if drifting is None else drifting.row()
        free = self._bench.monitored is None
        if "celsius" not in self._record.columns:  # the board has no thermometer, or an older labrig began it
            told.pop("celsius", None)
        elif not told and (free or (drifting is None and step % _WARMTH == 0)):
            told["celsius"] = self._bench.celsius()
        return told

    def _store(self, step: TrainingStep, error: Volts) -> None:
        tally = self.tally()
        row = {
            **training_row(self._bench, step, error, tally),
            **pulse_row(self._bench, tally),
            **self._told(step.step),
        }
        checkpoint = Checkpoint(
            latent=step.next_latent,
            progress=step.next_progress,
            order=self._plan.batches.state(),
            policy=self._plan.policy.state(),
            exchange_index=self._bench.exchange_index,
            last_errors=self._errors.errors,
            last_outputs=self._outputs,
            offsets=self._offsets,
            digest=program_digest(self._bench.held()),
            next_digest=program_digest(self._bench.program_of(step.next_latent)),
            boot_count=self._bench.boot_count,
            tally=tally,
            drift="" if self._drifting is None else self._drifting.state(),
            memristors=memristor_state(self._bench),
        )
        end_if_told()
        with undisturbed():
            self._record.append(step.step, row, checkpoint.values())

    def _validated(self) -> dict[str, Constant]:
        if not self._plan.validation:
            return {}
        error = self._measure(self._plan.validation).error
        return {"final_validation_error": Constant(error, (), "V", "‖x − y‖ over the validation samples")}

    def _silent(self, ending: Ending) -> dict[str, Constant]:
        """Branches that do not answer, where the training has missed what was wanted or predicted."""
        plan = self._plan
        if plan.law is None or not asks(plan, self._bench.topology, ending.outcome, self.error):
            return {}
        before = self._bench.exchange_index
        try:
            found = silent_branches(self._bench, plan.law, plan.samples[0])
        except (LinkError, ProtocolError, DeviceError) as error:
            self.not_asked = str(error)
            return {}
        finally:
            for _ in range(self._bench.exchange_index - before):
                self._counted(1)
        return {"silent": Constant(found, ("branch",), "", "branches that do not answer to their codes")}

    def _end(self, ending: Ending) -> None:
        """Read back and validate where all went well, make safe, then say in the run how it ended."""
        results: dict[str, Constant] = {}
        if ending.outcome in {"converged", "stopped"}:
            try:
                check_written(self._bench)
                results = self._validated()
                results |= self._silent(ending)
            except LabrigError as error:
                ending = _ending_of(error)
        try:
            self._bench.make_safe()
        except Exception as error:  # noqa: BLE001 - whatever it is, the run says how it ended
            ending = Ending("failed", f"{ending.reason}; then it could not be made safe: {error}")
        self.ending = ending
        results |= training_results(self._bench, self._outputs, self._offsets, self.tally())
        results |= pulse_results(self._bench)
        with undisturbed():
            self._record.finish(ending.outcome, ending.reason, results)
        from labrig.views.summary import write_summary  # matplotlib, which no step needs

        try:
            write_summary(self.run)
        except Exception as error:  # noqa: BLE001 - a picture changes nothing about how a training ended
            self.not_drawn = str(error) or type(error).__name__


def train(
    bench: Bench,
    experiment: Experiment,
    *,
    runs: str | PathLike[str] | None = None,
    name: str | None = None,
    asked: Callable[[], str | None] = lambda: None,
    beside: Mapping[str, Constant] | None = None,
) -> Training:
    """Start a training that is stored under `runs`; iterate over what is returned to run it.

    Parameters
    ----------
    runs
        Folder of runs; by default ``LABRIG_RUNS`` or ``runs``.
    name
        Of the run; by default the experiment's.
    asked
        Looked at after each step: says why the run shall end, or None.
    beside
        What else is stored with it.

    Raises
    ------
    ConfigError
        The experiment does not fit this bench.
    RunError
        The folder cannot be written.
    """
    plan = plan_training(bench, experiment.config)
    topology = bench.topology
    record = Run.create(
        runs_folder(None if runs is None else Path(runs)),
        name or experiment.name,
        plan_columns(bench, plan),
        planned_steps=plan.config.stop.steps + 1,
        keep=keep_policy(plan.config.keep),
        synchronous=synchronous_for(bench),
        labels=training_labels(topology, plan.phases),
        constants={**training_constants(bench, plan), **(beside or {})},
        attributes={**training_attributes(bench, plan), **pulse_attributes(bench)},
        provenance={**collect(experiment.path), **bench_facts(bench, plan.config)},
        experiment=experiment.text,
    )
    return Training(bench, plan, record, first_checkpoint(bench, plan), asked)


def first_checkpoint(bench: Bench, plan: TrainingPlan) -> Checkpoint:
    """Where a training starts."""
    unread = np.full((len(plan.samples), len(bench.topology.outputs)), np.nan)
    return Checkpoint(
        latent=plan.initial,
        progress=Progress(),
        order=plan.batches.state(),
        policy=plan.policy.state(),
        exchange_index=0,
        last_errors=unread[:, 0].copy(),
        last_outputs=unread,
        offsets=np.zeros(len(bench.topology.nodes)),
        digest=program_digest(bench.held()),
        next_digest=program_digest(bench.program_of(plan.initial)),
        boot_count=bench.boot_count,
        tally=Tally(),
    )


def synchronous_for(bench: Bench) -> Synchronous:
    """On a bench each step survives a power cut; in simulation, the end of the process.

    A twin does as its bench does, so that it takes the same time.
    """
    return "normal" if bench.info.kind == "simulated" else "full"


def _ending_of(error: BaseException) -> Ending:
    if isinstance(error, SafetyError):
        return Ending("tripped", str(error))
    if isinstance(error, GeneratorExit):
        return Ending("interrupted", "the program left the loop")
    if isinstance(error, KeyboardInterrupt):
        return Ending("interrupted", "Ctrl-C")
    if isinstance(error, SystemExit):
        return Ending("interrupted", f"terminated (exit code {error.code})")
    return Ending("failed", f"{type(error).__name__}: {error}")
