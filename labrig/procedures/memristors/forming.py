"""Form pristine memristors: pulses that rise until a device conducts, and no higher."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from labrig.arrays import BranchArray, FloatArray, IntArray, Siemens, Volts
from labrig.bench.memristor_bench import MemristorBench
from labrig.errors import ConfigError
from labrig.procedures.memristors.runs import Asked, Ended, Stored, begin, chosen_branches, outcome_of, worn
from labrig.store.columns import Column, Constant
from labrig.units import format_quantity

FORM = "form"


class Formed(IntEnum):
    """How a branch ended."""

    BEFORE = 0
    """It conducted enough before the first pulse."""
    NOW = 1
    CEILING = 2
    """Not at the highest pulse that is allowed."""
    PULSES = 3
    """Not after the most pulses."""


@dataclass(frozen=True, slots=True)
class FormingPlan:
    """What is asked for.

    Parameters
    ----------
    branches
        By name; empty: all that are not masked.
    target
        A branch that conducts so much is formed, S; None: the least that the part is used at.
    start, ceiling
        Amplitudes, V; None: half way from the part's set pulses to its forming voltage, and its ceiling.
    most_pulses
        On one branch.
    """

    branches: Sequence[str] = ()
    target: Siemens | None = None
    start: Volts | None = None
    ceiling: Volts | None = None
    most_pulses: int = 100


@dataclass(frozen=True, slots=True)
class Forming:
    """What came out; shape (C,) of the chosen branches each."""

    ended: Ended
    branches: tuple[str, ...]
    outcomes: IntArray
    """`Formed` of each."""
    conductances: BranchArray
    """As read last, S."""
    pulses: IntArray
    highest: FloatArray
    """Amplitude of the last pulse of each, V; 0: none."""


def form(
    bench: MemristorBench,
    plan: FormingPlan,
    stored: Stored,
    told: Callable[[str, int, int], None],
    asked: Asked = lambda: None,
) -> Forming:
    """One pulse a round on every branch that is not formed yet, and then a read of all, which is stored.

    The amplitude rises by the part's step from round to round. A branch gets no further pulse once it
    conducts the target, once the amplitude would be above the ceiling, or after its most pulses.

    Raises
    ------
    ConfigError
        There is no such branch, or the start is above the ceiling.
    LinkError, ProtocolError, DeviceError, RunError
    """
    branches, rules = chosen_branches(bench, plan.branches), bench.part.forming
    target = _target(bench, plan)
    volts, ceiling = _levels(bench, plan)
    pulses = np.zeros(branches.size, dtype=np.int64)
    highest = np.zeros(branches.size)
    read = bench.read_array()[branches]
    outcomes = np.where(read >= target, Formed.BEFORE, -1)
    reason = None
    columns = [
        Column("volts", "V", "amplitude of the pulses of this round"),
        Column("pending", "", "branches that are not formed after it", "int64"),
        Column("conductances", "S", "read after it", "float64", ("branch",), (branches.size,)),
    ]
    attributes = {"target": target, "start": volts, "ceiling": ceiling, "most_pulses": plan.most_pulses}
    with begin(bench, stored, FORM, columns, plan.most_pulses, branches, attributes) as record:
        for number in range(plan.most_pulses):
            pending = np.flatnonzero(outcomes < 0)
            reason = asked()
            if not pending.size or reason is not None or volts > ceiling:
                break
            bench.form(branches[pending], volts)
            pulses[pending] += 1
            highest[pending] = volts
            read = bench.read_array()[branches]
            outcomes[pending] = np.where(read[pending] >= target, Formed.NOW, -1)
            left = int(np.count_nonzero(outcomes < 0))
            record.append(number, {"volts": volts, "pending": left, "conductances": read}, {})
            told("forming", branches.size - left, branches.size)
            volts = round(volts + rules.step, 9)
        last = Formed.CEILING if volts > ceiling else Formed.PULSES
        if reason is None:
            outcomes = np.where(outcomes < 0, last, outcomes)
        bench.make_safe()
        outcome = outcome_of(reason)
        done = int(np.count_nonzero((outcomes == Formed.NOW) | (outcomes == Formed.BEFORE)))
        text = reason or f"{done} of {branches.size} branches are formed; lines at 0 V"
        record.finish(outcome, text, _results(outcomes, pulses, highest) | worn(bench, branches))
    names = tuple(bench.topology.branch_name(k) for k in branches.tolist())
    ended = Ended(record.directory, outcome, text)
    return Forming(ended, names, outcomes, read, pulses, highest)


def _target(bench: MemristorBench, plan: FormingPlan) -> Siemens:
    """From which on a device counts as formed."""
    formed = bench.part.formed
    target = formed if plan.target is None else plan.target
    if target > formed:
        msg = (
            f"--target: found {format_quantity(target, 'S')}; a device that conducts"
            f" {format_quantity(formed, 'S')} is formed, and more forming would harm it; name less"
        )
        raise ConfigError(msg)
    return target


def _levels(bench: MemristorBench, plan: FormingPlan) -> tuple[Volts, Volts]:
    """Amplitude of the first round, and that of none above."""
    part = bench.part
    ceiling = min(bench.highest_forming, np.inf if plan.ceiling is None else plan.ceiling)
    start = (part.set.highest + part.forming.voltage) / 2 if plan.start is None else plan.start
    if not 0 < start <= ceiling:
        msg = (
            f"forming begins at {format_quantity(start, 'V')}, but the ceiling is"
            f" {format_quantity(ceiling, 'V')} by the part, the board and the limits of the rig; lower"
            " --start, or raise limits.voltage and limits.branch_current in the rig"
        )
        raise ConfigError(msg)
    return start, ceiling


def forming_result(found: Forming) -> Mapping[str, object]:
    """The same in plain numbers, in SI units."""
    words = {Formed.BEFORE: "formed before", Formed.NOW: "formed", Formed.CEILING: "ceiling",
             Formed.PULSES: "most pulses", -1: "interrupted"}  # fmt: skip
    return {
        "run": str(found.ended.run),
        "outcome": found.ended.outcome,
        "reason": found.ended.reason,
        "branches": [
            {
                "branch": name,
                "ended": words[int(found.outcomes[k])],
                "conductance": float(found.conductances[k]),
                "pulses": int(found.pulses[k]),
                "highest": float(found.highest[k]),
            }
            for k, name in enumerate(found.branches)
        ],
    }


def _results(outcomes: IntArray, pulses: IntArray, highest: FloatArray) -> dict[str, Constant]:
    meaning = "0 formed before, 1 formed, 2 not at the ceiling, 3 not after the most pulses, -1 interrupted"
    return {
        "ended": Constant(outcomes.astype(np.int64), ("branch",), "", meaning),
        "pulses": Constant(pulses, ("branch",), "", "forming pulses"),
        "highest": Constant(highest, ("branch",), "V", "last forming pulse; 0: none"),
    }
