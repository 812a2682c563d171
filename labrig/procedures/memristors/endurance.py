"""What memristors stand: set and reset in turn, and read after each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import FloatArray, IntArray, Volts
from labrig.bench.memristor_bench import MemristorBench
from labrig.errors import ConfigError
from labrig.procedures.memristors.runs import Asked, Ended, Stored, begin, chosen_branches, outcome_of, worn
from labrig.store.columns import Column

ENDURANCE = "endurance"


@dataclass(frozen=True, slots=True)
class EndurancePlan:
    """What is asked for.

    Parameters
    ----------
    branches
        By name.
    cycles
        Pairs of a set and a reset.
    set_volts, reset_volts
        Magnitudes; None: two thirds of the way from where the part begins to its ceiling.
    window
        Ends once every branch has less than this ratio of set to reset; 1: never.
    """

    branches: Sequence[str]
    cycles: int
    set_volts: Volts | None = None
    reset_volts: Volts | None = None
    window: float = 1.0


@dataclass(frozen=True, slots=True)
class Endurance:
    """What came out. C branches, n whole cycles."""

    ended: Ended
    branches: tuple[str, ...]
    after_set: FloatArray
    """Shape (n, C), S."""
    after_reset: FloatArray
    """Shape (n, C), S."""
    wear: IntArray
    """Pulses in the life of each, shape (C,)."""


def endurance(
    bench: MemristorBench,
    plan: EndurancePlan,
    stored: Stored,
    told: Callable[[str, int, int], None],
    asked: Asked = lambda: None,
) -> Endurance:
    """Each cycle is a set, a read, a reset and a read of all chosen branches; each read is stored at once.

    Raises
    ------
    ConfigError
        There is no such branch, none was named, or cycles or window are no such numbers.
    LimitExceeded
        A pulse would be above a ceiling; nothing was sent.
    LinkError, ProtocolError, DeviceError, RunError
    """
    _check(plan)
    branches = chosen_branches(bench, plan.branches)
    levels = _levels(bench, plan)
    reads: dict[str, list[FloatArray]] = {"set": [], "reset": []}
    reason, closed = None, False
    columns = [
        Column("cycle", "", "from 0", "int64"),
        Column("state", "", "set or reset", "str"),
        Column("conductances", "S", "read after it", "float64", ("branch",), (branches.size,)),
    ]
    attributes = {"set_volts": levels["set"], "reset_volts": -levels["reset"], "window": plan.window}
    with begin(bench, stored, ENDURANCE, columns, 2 * plan.cycles, branches, attributes) as record:
        for cycle in range(plan.cycles):
            for place, state in enumerate(("set", "reset")):
                bench.pulse_surely(branches, np.full(branches.size, levels[state]))
                read = bench.read_array()[branches]
                reads[state].append(read)
                record.append(2 * cycle + place, {"cycle": cycle, "state": state, "conductances": read}, {})
            told("cycling", cycle + 1, plan.cycles)
            closed = bool(np.all(reads["set"][-1] < plan.window * reads["reset"][-1]))
            reason = asked()
            if reason is not None or (closed and plan.window > 1):
                break
        bench.make_safe()
        outcome = outcome_of(reason)
        done = len(reads["reset"])
        why = " until the window was closed" if closed and done < plan.cycles else ""
        text = reason or f"{done} cycles{why}; lines at 0 V"
        record.finish(outcome, text, worn(bench, branches))
    return Endurance(
        Ended(record.directory, outcome, text),
        tuple(bench.topology.branch_name(k) for k in branches.tolist()),
        np.array(reads["set"]),
        np.array(reads["reset"]),
        bench.wear.pulses[bench.wipers[branches]],
    )


def endurance_result(found: Endurance) -> Mapping[str, object]:
    """The same in plain numbers, in SI units."""
    return {
        "run": str(found.ended.run),
        "outcome": found.ended.outcome,
        "reason": found.ended.reason,
        "cycles": len(found.after_reset),
        "branches": [
            {
                "branch": name,
                "after_set": float(np.median(found.after_set[:, k])),
                "after_reset": float(np.median(found.after_reset[:, k])),
                "least_window": float(np.min(found.after_set[:, k] / found.after_reset[:, k])),
                "wear": int(found.wear[k]),
            }
            for k, name in enumerate(found.branches)
        ],
    }


def _check(plan: EndurancePlan) -> None:
    if not plan.branches:
        msg = "--branch: missing; endurance wears devices out, so it is told which: --branch in0,out3"
        raise ConfigError(msg)
    for option, volts in (("--set", plan.set_volts), ("--reset", plan.reset_volts)):
        if volts is not None and not volts > 0:
            msg = f"{option}: found {volts:g} V; write a magnitude above 0"
            raise ConfigError(msg)
    if plan.cycles < 1 or not plan.window >= 1:
        msg = f"--cycles and --window: found {plan.cycles} and {plan.window:g}; each is 1 or more"
        raise ConfigError(msg)


def _levels(bench: MemristorBench, plan: EndurancePlan) -> dict[str, Volts]:
    scheme = bench.scheme
    up, down = plan.set_volts, plan.reset_volts
    if up is None:
        up = scheme.set_start + 2 / 3 * (scheme.set_highest - scheme.set_start)
    if down is None:
        down = scheme.reset_start + 2 / 3 * (scheme.reset_highest - scheme.reset_start)
    return {"set": up, "reset": -down}
