"""A sweep from opening the instrument to the stored run."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labrig.arrays import Amperes, Seconds, Volts
from labrig.bench.assembly import open_bench
from labrig.bench.bench import Bench
from labrig.bench.endings import end_if_told
from labrig.bench.guard import LEASE
from labrig.bench.metering import metered
from labrig.config.instruments import AnySourceMeter
from labrig.config.rig import RigConfig, has_dividers
from labrig.errors import ConfigError, LimitExceeded
from labrig.instruments.base import Limited, Reading, VoltageSource
from labrig.instruments.opening import setup_of
from labrig.instruments.safe import SafeSourceMeter
from labrig.procedures.sweeps.codes import Measure, by_a_unit, by_the_board, sweep_codes
from labrig.procedures.sweeps.iv import Lease, SweepPlan, sweep_iv
from labrig.procedures.sweeps.recording import (
    CODES,
    code_columns,
    code_row,
    meter_facts,
    sweep_attributes,
    sweep_columns,
    sweep_row,
)
from labrig.procedures.sweeps.selecting import around, select
from labrig.procedures.sweeps.words import Others
from labrig.store.catalogue import runs_folder
from labrig.store.provenance import collect
from labrig.store.writer import Run
from labrig.units import format_quantity

_LONGEST_POINT: Seconds = 20.0
Told = Callable[[int, int], None]
"""Points measured, and points at a limit."""


@dataclass(frozen=True, slots=True)
class Where:
    """How a sweep is stored.

    Parameters
    ----------
    name
        Of the run.
    described
        YAML of the rig.
    swept
        What is at the terminals, for people.
    """

    name: str
    described: str
    swept: str
    runs: Path | None = None


@dataclass(frozen=True, slots=True)
class Swept:
    """What came out."""

    run: Path
    points: int
    limited: int
    reason: str


def sweep_alone(meters: Mapping[str, AnySourceMeter], plan: SweepPlan, where: Where, told: Told) -> Swept:
    """Sweep what is at the terminals of one source-measure unit, the only one in `meters`.

    Each part is stored before the next one is asked for. The output is off, read back, before the run says
    how it ended.

    Raises
    ------
    LinkError, ProtocolError, DeviceError, SafetyError
        The instrument cannot be reached, complains, or would exceed a limit.
    RunError
        The run cannot be stored.
    """
    (name,) = meters
    with ExitStack() as stack:
        with metered(meters) as opened:
            meter = opened.meters[name]
            record = stack.enter_context(_begin(name, meter, plan, where))
            stored = _store(sweep_iv(meter, opened.guard, plan), record, told)
        return _finish(record, plan, *stored)


def sweep_branch(
    rig: RigConfig, name: str, branch: str, others: Others, plan: SweepPlan, where: Where, told: Told
) -> Swept:
    """Sweep one branch of a board between a source-measure unit and ground; the board holds other lines.

    Raises
    ------
    ConfigError
        The unit is on no end of the branch, or that is one of a divider.
    LimitExceeded
        The levels could take a branch over a limit; nothing was sent.
    LinkError, ProtocolError, DeviceError, SafetyError
        An instrument or the board cannot be reached, or complains.
    RunError
        The run cannot be stored.
    """
    _refuse_dividers(rig)
    config = rig.source_meters[name]
    with ExitStack() as stack:
        with open_bench(rig.model_copy(update={"source_meters": {}})) as bench:
            selected = select(bench.topology, branch, config.node or "no node")
            _check_branches(bench, plan)
            with metered({name: config}) as opened:
                meter = opened.meters[name]
                record = stack.enter_context(_begin(name, meter, plan, where))

                def hold(level: float) -> None:
                    bench.settle([around(bench.topology, selected, others, level)])

                hold(0.0)
                parts = sweep_iv(meter, _Both(opened.guard, bench), plan, hold)
                stored = _store(parts, record, told)
        return _finish(record, plan, *stored)


@dataclass(frozen=True, slots=True)
class CodesPlan:
    """Which codes of which branch.

    Parameters
    ----------
    branch
        Its two nodes, ``IN,OUT``; the first one is driven where the board measures alone.
    smu
        Name of the unit that drives one end; None: the board measures alone.
    """

    branch: str
    codes: Sequence[int]
    repeats: int
    level: Volts
    smu: str | None = None
    compliance: Amperes | None = None


def sweep_branch_codes(rig: RigConfig, plan: CodesPlan, where: Where, told: Told) -> Swept:
    """Measure a branch at each of its codes; the branch gets its own code back, and outputs go off.

    Raises
    ------
    ConfigError
        The board has no such codes, or the unit is on no end of the branch, or that is one of a divider.
    LimitExceeded
        A code could take the branch over a limit; it was not sent.
    LinkError, ProtocolError, DeviceError, SafetyError
        The board or the unit cannot be reached, or complains.
    RunError
        The run cannot be stored.
    """
    if plan.smu is not None:
        _refuse_dividers(rig)
    with ExitStack() as stack:
        with ExitStack() as devices:
            bench = devices.enter_context(open_bench(rig.model_copy(update={"source_meters": {}})))
            first = plan.branch.partition(",")[0].strip()
            if plan.smu is None:
                selected = select(bench.topology, plan.branch, first)
                measure = by_the_board(bench, selected, plan.level)
                instrument = f"{bench.info.part}, serial {bench.info.serial_number}"
            else:
                config = rig.source_meters[plan.smu]
                selected = select(bench.topology, plan.branch, config.node or "no node")
                opened = devices.enter_context(metered({plan.smu: config}))
                meter = opened.meters[plan.smu]
                meter.configure(setup_of(config, source="voltage", compliance=plan.compliance))
                meter.enable()
                measure = _renewed(_Both(opened.guard, bench), by_a_unit(bench, selected, plan.level, meter))
                instrument = f"{meter.identity.model}, serial {meter.identity.serial_number}"
            record = stack.enter_context(_begin_codes(plan, instrument, where))
            points = lost = 0
            begun = time.monotonic()
            for point in sweep_codes(bench, selected, plan.codes, plan.repeats, measure):
                record.append(points, code_row(point, begun), {})
                points, lost = points + 1, lost + bool(point.lost)
                end_if_told()
                told(points, lost)
        reason = f"all {points} points; the branch has its code again, outputs off"
        record.finish("stopped", reason)
        return Swept(record.directory, points, lost, reason)


def _refuse_dividers(rig: RigConfig) -> None:
    """A unit on one row of a pair supplies what flows to the other row as well."""
    if has_dividers(rig):
        msg = (
            "board: its potentiometers are dividers, where a source meter on one terminal measures what flows"
            " to both others; let the board measure the branch itself: labrig sweep codes without --smu"
        )
        raise ConfigError(msg)


def _begin_codes(plan: CodesPlan, instrument: str, where: Where) -> Run:
    return Run.create(
        runs_folder(where.runs),
        where.name,
        code_columns(),
        planned_steps=2 * plan.repeats * len(plan.codes),
        attributes={
            "procedure": CODES,
            "swept": where.swept,
            "level": plan.level,
            "repeats": plan.repeats,
            "instrument": instrument,
        },
        provenance=collect(),
        experiment=where.described,
    )


def _renewed(lease: Lease, measure: Measure) -> Measure:
    def renewing() -> tuple[Volts, Amperes, str]:
        lease.renew(_LONGEST_POINT)
        return measure()

    return renewing


@dataclass(frozen=True, slots=True)
class _Both:
    """A lease with the guard of the unit and with the keeper of the board."""

    guard: Lease
    bench: Bench

    def renew(self, seconds: Seconds = LEASE) -> None:
        """All is well, for so long at least."""
        self.guard.renew(seconds)
        self.bench.renew(seconds)


def _check_branches(bench: Bench, plan: SweepPlan) -> None:
    """Refuse levels at which the most conductive branch could exceed a limit that the compliance is above."""
    largest, limit = float(np.max(np.abs(plan.levels))), plan.setup.compliance
    span, most = (largest, limit) if isinstance(plan.setup, VoltageSource) else (limit, largest)
    limits = bench.limits
    current = min(most, span * float(bench.realised().max()))
    for value, allowed, unit in ((span, limits.voltage, "V"), (current, limits.branch_current, "A")):
        if value > allowed:
            msg = (
                f"refused: this sweep could take a branch to {format_quantity(value, unit)}, the limit is"
                f" {format_quantity(allowed, unit)}; nothing was sent. Lower the levels or the compliance"
            )
            raise LimitExceeded(msg)


def _begin(name: str, meter: SafeSourceMeter, plan: SweepPlan, where: Where) -> Run:
    identity = meter.identity
    instrument = f"{identity.model}, serial {identity.serial_number}"
    return Run.create(
        runs_folder(where.runs),
        where.name,
        sweep_columns(plan),
        planned_steps=plan.levels.size,
        attributes=sweep_attributes(plan, where.swept, {"instrument": instrument}),
        provenance={**collect(), **meter_facts(name, identity)},
        experiment=where.described,
    )


def _store(parts: Iterator[list[Reading]], record: Run, told: Told) -> tuple[int, int]:
    points = limited = 0
    begun = time.monotonic()
    for part in parts:
        for reading in part:
            record.append(points, sweep_row(reading, begun), {})
            points += 1
            limited += reading.limited is not Limited.NO
        end_if_told()
        told(points, limited)
    return points, limited


def _finish(record: Run, plan: SweepPlan, points: int, limited: int) -> Swept:
    whole = points == plan.levels.size
    ended = f"all {points} points" if whole else f"ended at a limit after {points} points"
    reason = f"{ended}; output off, read back"
    record.finish("stopped", reason)
    return Swept(record.directory, points, limited, reason)
