"""How memristors keep a conductance: written once, and read again and again."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, FloatArray, Seconds, Siemens
from labrig.bench.memristor_bench import MemristorBench
from labrig.errors import ConfigError
from labrig.procedures.memristors.runs import Asked, Ended, Stored, begin, chosen_branches, outcome_of, worn
from labrig.store.columns import Column, Constant

RETENTION = "retention"
_SLICE: Seconds = 0.5
"""Longest that it sleeps at once: so often it looks whether it shall end, and renews the board's lease."""
_LEASE: Seconds = 5.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, and waiting for it."""

    now: Callable[[], Seconds] = time.monotonic
    sleep: Callable[[Seconds], None] = time.sleep


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """What is asked for.

    Parameters
    ----------
    target
        To which the branches are written, S.
    times
        After the write, at which they are read, s.
    branches
        By name; empty: all that are not masked.
    """

    target: Siemens
    times: Sequence[Seconds]
    branches: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Retention:
    """What came out. C branches, n reads."""

    ended: Ended
    branches: tuple[str, ...]
    reached: tuple[bool, ...]
    """Whether the write was within its tolerance, branch by branch."""
    times: FloatArray
    """At which it was read, shape (n,), s."""
    conductances: FloatArray
    """Shape (n, C), S."""

    @property
    def change(self) -> BranchArray:
        """Last over first read, less 1, shape (C,); NaN where there are no two."""
        if len(self.conductances) < 2:
            return np.full(len(self.branches), np.nan)
        return np.asarray(self.conductances[-1] / self.conductances[0] - 1)


def spaced_times(last: Seconds, points: int) -> list[Seconds]:
    """At once, and then in equal ratios from a second on, or from a tenth of the last, if that is sooner.

    Raises
    ------
    ConfigError
        The last is not after the write, or there are fewer than two points.
    """
    if not last > 0 or points < 2:
        msg = f"--for and --points: found {last:g} s and {points}; write a time above 0, and 2 points or more"
        raise ConfigError(msg)
    if points == 2:
        return [0.0, last]
    return [0.0, *np.geomspace(min(1.0, last / 10), last, points - 1).tolist()]


def retention(
    bench: MemristorBench,
    plan: RetentionPlan,
    stored: Stored,
    told: Callable[[str, int, int], None],
    asked: Asked = lambda: None,
    clock: Clock | None = None,
) -> Retention:
    """Write by write-verify, then read at each time as it comes; every read is stored at once.

    A time that has passed already is read at once: it never waits for less than nothing.

    Raises
    ------
    ConfigError
        There is no such branch, the target is not within the part's range, or times do not rise from 0.
    LinkError, ProtocolError, DeviceError, RunError
    """
    clock = clock or Clock()
    branches = chosen_branches(bench, plan.branches)
    _check(bench, plan)
    targets = np.full(len(bench.topology.branches), np.nan)
    targets[branches] = plan.target
    rows: list[BranchArray] = []
    taken: list[Seconds] = []
    reason = None
    columns = [
        Column("due", "s", "after the write"),
        Column("time", "s", "after the write, when it was read"),
        Column("conductances", "S", "", "float64", ("branch",), (branches.size,)),
    ]
    attributes = {"target": plan.target, "tolerance": bench.tolerance}
    with begin(bench, stored, RETENTION, columns, len(plan.times), branches, attributes) as record:
        written = bench.write(targets)
        begun = clock.now()
        for number, due in enumerate(plan.times):
            reason = _wait(bench, begun + due, clock, asked)
            if reason is not None:
                break
            taken.append(clock.now() - begun)
            rows.append(bench.read_array()[branches])
            record.append(number, {"due": due, "time": taken[-1], "conductances": rows[-1]}, {})
            told("reading", number + 1, len(plan.times))
        bench.make_safe()
        outcome = outcome_of(reason)
        text = reason or f"all {len(rows)} reads; lines at 0 V"
        reached = written.reached[branches]
        results = {"reached": Constant(reached, ("branch",), "", "the write was within its tolerance")}
        record.finish(outcome, text, results | worn(bench, branches))
    return Retention(
        Ended(record.directory, outcome, text),
        tuple(bench.topology.branch_name(k) for k in branches.tolist()),
        tuple(bool(each) for each in reached),
        np.array(taken),
        np.array(rows).reshape(len(rows), branches.size),
    )


def retention_result(found: Retention) -> Mapping[str, object]:
    """The same in plain numbers, in SI units."""
    return {
        "run": str(found.ended.run),
        "outcome": found.ended.outcome,
        "reason": found.ended.reason,
        "reads": len(found.times),
        "seconds": float(found.times[-1]) if found.times.size else None,
        "branches": [
            {
                "branch": name,
                "written": found.reached[k],
                "change": float(found.change[k]) if np.isfinite(found.change[k]) else None,
            }
            for k, name in enumerate(found.branches)
        ],
    }


def _check(bench: MemristorBench, plan: RetentionPlan) -> None:
    part = bench.part
    if not part.lowest <= plan.target <= part.highest:
        msg = (
            f"--target: found {plan.target:g} S; {part.name} is used between {part.lowest:g} S and"
            f" {part.highest:g} S"
        )
        raise ConfigError(msg)
    times = np.array(plan.times)
    if not times.size or not np.all(np.isfinite(times)) or times[0] < 0 or np.any(np.diff(times) <= 0):
        msg = f"--times: found {', '.join(f'{t:g} s' for t in plan.times) or 'none'}; write times that rise"
        raise ConfigError(msg)


def _wait(bench: MemristorBench, until: Seconds, clock: Clock, asked: Asked) -> str | None:
    """Sleep until then; why it shall end, if somebody said so."""
    while True:
        if (reason := asked()) is not None:
            return reason
        left = until - clock.now()
        if left <= 0:
            return None
        bench.renew(_LEASE)
        clock.sleep(min(left, _SLICE))
