"""What forming, retention and endurance have in common: which branches, and where it is stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labrig.arrays import IntArray
from labrig.bench.bench import Bench
from labrig.bench.memristor_bench import MemristorBench
from labrig.errors import ConfigError
from labrig.store.catalogue import runs_folder
from labrig.store.columns import Column, Constant
from labrig.store.provenance import collect
from labrig.store.sessions import Outcome
from labrig.store.tables import Json
from labrig.store.writer import Run

Asked = Callable[[], str | None]
"""Why it shall end, or None; looked at between two exchanges."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a procedure is stored.

    Parameters
    ----------
    name
        Of the run.
    described
        YAML of the rig.
    """

    name: str
    described: str
    runs: Path | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended."""

    run: Path
    outcome: Outcome
    reason: str


def outcome_of(reason: str | None) -> Outcome:
    """Of a procedure that somebody ended for this reason, or nobody."""
    return "stopped" if reason is None else "interrupted"


def memristors_of(bench: Bench) -> MemristorBench:
    """The same bench, where its branches are memristors.

    Raises
    ------
    ConfigError
        They are not.
    """
    if not isinstance(bench, MemristorBench):
        msg = f"board {bench.info.serial_number} has no memristors; it is made of {bench.info.part}"
        raise ConfigError(msg)
    return bench


def chosen_branches(bench: MemristorBench, names: Sequence[str]) -> IntArray:
    """Branches by name, ``in0-out3`` or ``in0,out3``; none named: all that the rig does not mask.

    Raises
    ------
    ConfigError
        There is no such branch, or it is masked.
    """
    if not names:
        return np.flatnonzero(bench.writable)
    numbers = {bench.topology.branch_name(k): k for k in range(len(bench.topology.branches))}
    found: list[int] = []
    for name in names:
        number = numbers.get(name.replace(",", "-").replace(" ", ""))
        if number is None:
            msg = f"--branch: found {name!r}, which is no branch; write its two nodes, such as 'in0,out3'"
            raise ConfigError(msg)
        if not bench.writable[number]:
            msg = f"--branch: found {name!r}, which the rig's mask protects"
            raise ConfigError(msg)
        found.append(number)
    return np.unique(np.array(found, dtype=np.int64))


def begin(
    bench: MemristorBench,
    stored: Stored,
    procedure: str,
    columns: Sequence[Column],
    steps: int,
    branches: IntArray,
    attributes: Mapping[str, Json],
) -> Run:
    """A run whose rows tell the chosen branches along ``branch``."""
    return Run.create(
        runs_folder(stored.runs),
        stored.name,
        columns,
        planned_steps=steps,
        labels={"branch": [bench.topology.branch_name(k) for k in branches.tolist()]},
        attributes={
            "procedure": procedure,
            "memristor": bench.part.name,
            "serial_number": bench.info.serial_number,
            **attributes,
        },
        provenance=collect(),
        experiment=stored.described,
    )


def worn(bench: MemristorBench, branches: IntArray) -> dict[str, Constant]:
    """What the chosen branches have had in their lives."""
    wear = bench.wear.pulses[bench.wipers[branches]]
    return {"branch_wear": Constant(wear, ("branch",), "", "pulses in the life of each branch")}
