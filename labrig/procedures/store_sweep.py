"""A sweep from opening the instrument to the stored run."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from labrig.bench.endings import end_if_told
from labrig.bench.metering import metered
from labrig.config.instruments import AnySourceMeter
from labrig.instruments.base import Limited
from labrig.procedures.sweep_iv import SweepPlan, sweep_iv
from labrig.procedures.sweep_recording import meter_facts, sweep_attributes, sweep_columns, sweep_row
from labrig.store.catalogue import runs_folder
from labrig.store.provenance import collect
from labrig.store.writer import Run

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
            record = stack.enter_context(
                Run.create(
                    runs_folder(where.runs),
                    where.name,
                    sweep_columns(plan),
                    planned_steps=plan.levels.size,
                    attributes=sweep_attributes(
                        plan,
                        where.swept,
                        {"instrument": f"{meter.identity.model}, serial {meter.identity.serial_number}"},
                    ),
                    provenance={**collect(), **meter_facts(name, meter.identity)},
                    experiment=where.described,
                )
            )
            points = limited = 0
            begun = time.monotonic()
            for part in sweep_iv(meter, opened.guard, plan):
                for reading in part:
                    record.append(points, sweep_row(reading, begun), {})
                    points += 1
                    limited += reading.limited is not Limited.NO
                end_if_told()
                told(points, limited)
        whole = points == plan.levels.size
        ended = f"all {points} points" if whole else f"ended at a limit after {points} points"
        reason = f"{ended}; output off, read back"
        record.finish("stopped", reason)
    return Swept(record.directory, points, limited, reason)
