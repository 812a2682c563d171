"""Trainings on the boards that a calibration leaves open: what the bench may do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labrig.arrays import FloatArray, IntArray, Seconds, Volts
from labrig.bench.assembly import open_bench
from labrig.bench.bench import Bench
from labrig.config.loading import Experiment
from labrig.config.rig import has_dividers
from labrig.config.study import Budget
from labrig.errors import ConfigError
from labrig.learning.evaluation import evaluate
from labrig.procedures.contender import Contender
from labrig.procedures.training.answering import asks, silent_branches
from labrig.procedures.training.reading_back import check_written
from labrig.store.columns import Constant

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Drawn:
    """How one training ended."""

    error: Volts
    outputs: FloatArray
    """Shape (K, O), V: of each sample the last free state."""
    codes: IntArray
    """Shape (B,)."""
    steps: int
    exchanges: int
    writes: int
    """Codes sent."""
    waits: Seconds
    """For the board, by its calibration; NaN where that has not timed it."""


def draw_trainings(experiment: Experiment, count: int, progress: Progress) -> list[Drawn]:
    """Train so many boards that the calibration cannot tell from its own, each with noise of its own.

    Branches and converters are drawn within their uncertainties. What the host knows of the board is always
    what was calibrated. Nothing is stored.

    Raises
    ------
    ConfigError
        The rig has no calibration of wipers, or the experiment cannot be rehearsed like this.
    LinkError, ProtocolError, DeviceError, SafetyError
        A training failed.
    """
    check_rehearsable(experiment)
    found: list[Drawn] = []
    for draw in range(1, count + 1):
        progress("draws", draw - 1, count)
        with open_bench(experiment.config.rig, simulate=True, draw=draw) as bench:
            found.append(_drawn(bench, experiment))
    return found


def check_rehearsable(experiment: Experiment) -> None:
    """Whether there is a calibration that says what boards are to be drawn.

    Raises
    ------
    ConfigError
        There is none, or can be none.
    """
    if has_dividers(experiment.rig):
        msg = (
            "rig: found dividers, of which there is no calibration yet whose uncertainties say what may come"
            " out; rehearse once with labrig train --simulate"
        )
        raise ConfigError(msg)
    calibration = experiment.rig.calibration
    if calibration is None or calibration.wipers is None:
        msg = (
            "rig: found no calibration of wipers, whose uncertainties say what may come out; make one with"
            " labrig calibrate wiper and let the rig name it, or rehearse once with labrig train --simulate"
        )
        raise ConfigError(msg)


def _drawn(bench: Bench, experiment: Experiment) -> Drawn:
    """As `labrig.procedures.train` has it, with what a miss costs in the end."""
    contender = Contender(bench, experiment.config, Budget())
    topology = bench.topology
    outputs = np.full((len(experiment.config.task.samples), len(topology.outputs)), np.nan)
    while contender.ending is None:
        contender.turn()
        step = contender.step
        if step is None:
            msg = "a turn made no step"
            raise RuntimeError(msg)
        outputs[list(step.samples)] = step.evidence.free.node_voltages[:, list(topology.outputs)]
        if len(contender.curve) == 1 and step.step == 0:
            check_written(bench)
    check_written(bench)
    if contender.plan.validation:
        evaluate(bench, contender.plan.validation)
    last, plan = contender.curve[-1], contender.plan
    codes = bench.branch_values().astype(np.int64)
    if plan.law is not None and asks(plan, topology, contender.ending.outcome, last.error):
        silent_branches(bench, plan.law, plan.samples[0])
    return Drawn(
        error=last.error,
        outputs=outputs,
        codes=codes,
        steps=last.steps,
        exchanges=bench.exchange_index,
        writes=bench.counters.writes,
        waits=np.nan if bench.waiting.pace is None else bench.waiting.predicted,
    )


def drawn_constants(drawn: Sequence[Drawn]) -> dict[str, Constant]:
    """As a run stores them."""

    def stored(name: str, dims: tuple[str, ...], unit: str, description: str) -> Constant:
        values: Any = np.array([getattr(one, name) for one in drawn])
        return Constant(values, ("draw", *dims), unit, description)

    return {
        "drawn_error": stored("error", (), "V", "‖x − y‖ at the end, on boards that the calibration allows"),
        "drawn_outputs": stored("outputs", ("sample", "output"), "V", "last free states on these boards"),
        "drawn_codes": stored("codes", ("branch",), "", "at the end on these boards"),
        "drawn_steps": stored("steps", (), "", "on these boards"),
        "drawn_exchanges": stored("exchanges", (), "", "on these boards"),
        "drawn_writes": stored("writes", (), "", "branch codes sent to these boards"),
        "drawn_waits": stored("waits", (), "s", "for these boards, by the calibration"),
    }
