"""``labrig sweep``: levels and what is measured at them."""

import sys
from enum import StrEnum
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labrig.cli.groups import command_group
from labrig.cli.options import Json, Runs

if TYPE_CHECKING:
    from labrig.arrays import FloatArray
    from labrig.config.instruments import AnySourceMeter
    from labrig.config.rig import MeterRig, RigConfig
    from labrig.instruments.base import Setup
    from labrig.procedures.sweeps.iv import SweepPlan
    from labrig.procedures.sweeps.storing import Swept


class Spacing(StrEnum):
    """How levels are spaced."""

    LINEAR = "linear"
    LOG = "log"


class Limited(StrEnum):
    """What a sweep does once a limit holds."""

    KEEP = "keep"
    STEP_BACK = "step-back"
    STOP = "stop"


class Rest(StrEnum):
    """What the board does with the lines that a sweep of a branch does not need."""

    FLOAT = "float"
    GROUND = "ground"
    HALF = "v/2"
    THIRD = "v/3"


app = command_group("Sweeps: the points, and what is measured at them.")

Start = Annotated[
    str | None, typer.Option("--start", metavar="LEVEL", help="First level, such as '0 V' or '1 uA'.")
]
Stop = Annotated[str | None, typer.Option("--stop", metavar="LEVEL", help="Last level.")]
Points = Annotated[int, typer.Option("--points", metavar="N", help="From start to stop, both included.")]
ScaleOption = Annotated[Spacing, typer.Option("--scale", help="How the levels are spaced.")]
Dual = Annotated[bool, typer.Option("--dual", help="From start to stop and back.")]
Quadrants = Annotated[
    bool,
    typer.Option("--four-quadrant", help="From 0 to stop, through 0 to minus stop, and back to 0."),
]
Cycles = Annotated[int, typer.Option("--cycles", metavar="N", help="How often all of it.")]
Listed = Annotated[
    str | None,
    typer.Option("--list", metavar="LEVELS", help="Levels of your own: '0 V, 0.3 V, 0.1 V'."),
]


@app.callback()
def sweep() -> None:
    """Sweeps: the points, and what is measured at them."""


@app.command()
def points(
    start: Start = None,
    stop: Stop = None,
    number: Points = 11,
    scale: ScaleOption = Spacing.LINEAR,
    dual: Dual = False,
    four_quadrant: Quadrants = False,
    cycles: Cycles = 1,
    listed: Listed = None,
    json: Json = False,
) -> None:
    """Print the levels that a sweep goes through, one a line; no hardware.

    Example: labrig sweep points --start "0 V" --stop "1 V" --points 101 --dual
    """
    levels, unit = read_levels(start, stop, number, scale, _order(dual, four_quadrant), cycles, listed)
    if json:
        print(dumps({"unit": unit, "levels": levels.tolist()}))
        return
    print(f"level [{unit}]")
    for level in levels.tolist():
        print(f"{level:.9g}")


@app.command()
def iv(
    rig: Annotated[Path, typer.Argument(metavar="RIG", help="A rig file with source meters.")],
    smu: Annotated[str, typer.Option("--smu", metavar="NAME", help="Which of the rig's source meters.")],
    branch: Annotated[
        str | None,
        typer.Option(
            "--branch", metavar="IN,OUT", help="A branch of the rig's board; default: the terminals."
        ),
    ] = None,
    others: Annotated[
        Rest, typer.Option("--others", help="With --branch: what the board does with its other lines.")
    ] = Rest.FLOAT,
    start: Start = None,
    stop: Stop = None,
    number: Points = 11,
    scale: ScaleOption = Spacing.LINEAR,
    dual: Dual = False,
    four_quadrant: Quadrants = False,
    cycles: Cycles = 1,
    listed: Listed = None,
    compliance: Annotated[
        str | None,
        typer.Option("--compliance", metavar="LIMIT", help="Of what is measured; default: the rig's."),
    ] = None,
    nplc: Annotated[
        float | None, typer.Option("--nplc", metavar="X", help="Integration, in cycles of the power line.")
    ] = None,
    at_compliance: Annotated[
        Limited, typer.Option("--at-compliance", help="What to do once a limit holds.")
    ] = Limited.KEEP,
    pulse: Annotated[
        str | None,
        typer.Option(
            "--pulse", metavar="WIDTH", help="Hold each level for this long, and rest as long at 0."
        ),
    ] = None,
    point_by_point: Annotated[
        bool, typer.Option("--point-by-point", help="Not in the instrument's own sweep engine.")
    ] = False,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the run.")] = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Measure current over voltage with a source meter.

    Levels in V make it a source of voltage, levels in A one of current. The sweep is stored as a run, with
    a picture, as CSV and, where its package is installed, as NetCDF. However it ends, the output is ramped
    down and turned off.

    Example: labrig sweep iv rig.yaml --smu smu --start "-1 V" --stop "1 V" --points 101 --compliance "1 mA"
    """
    from dataclasses import replace

    from labrig.config.loading import load_meters
    from labrig.config.rig import RigConfig
    from labrig.config.writing import to_yaml
    from labrig.errors import ConfigError
    from labrig.procedures.sweeps.storing import Where, sweep_alone, sweep_branch
    from labrig.procedures.sweeps.words import Others
    from labrig.views.sweep_progress import SweepProgress

    config = load_meters(rig)
    levels, unit = read_levels(start, stop, number, scale, _order(dual, four_quadrant), cycles, listed)
    meter = _meter(config, smu)
    setup = _setup(meter, unit, compliance, nplc)
    plan = _plan(setup, levels, at_compliance, pulse, point_by_point=point_by_point)
    described = to_yaml(config)
    with SweepProgress(levels.size) as progress:
        if branch is None:
            where = Where(name or f"iv-{smu}", described, f"{smu}, at its terminals", runs)
            swept = sweep_alone({smu: meter}, plan, where, progress.update)
        elif isinstance(config, RigConfig):
            where = Where(name or f"iv-{branch.replace(',', '-')}", described, f"branch {branch}", runs)
            follows = others in (Rest.HALF, Rest.THIRD)
            swept = sweep_branch(
                config,
                smu,
                branch,
                Others(others),
                replace(plan, point_by_point=True) if follows else plan,
                where,
                progress.update,
            )
        else:
            msg = f"--branch: found {branch!r}, but {rig} has no board"
            raise ConfigError(msg)
    _tell(swept, json=json)


@app.command()
def codes(
    rig: Annotated[Path, typer.Argument(metavar="RIG", help="A rig file with a board of wipers.")],
    branch: Annotated[str, typer.Option("--branch", metavar="IN,OUT", help="Which branch.")],
    chosen: Annotated[
        str | None,
        typer.Option("--codes", metavar="FIRST:LAST:STEP", help="Default: all that the board has."),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", metavar="N", help="Up and down so often.", min=1)] = 1,
    level: Annotated[str, typer.Option("--level", metavar="VOLTS", help="Over the branch.")] = "0.5 V",
    smu: Annotated[
        str | None,
        typer.Option("--smu", metavar="NAME", help="A source meter on one end; default: the board itself."),
    ] = None,
    compliance: Annotated[
        str | None, typer.Option("--compliance", metavar="LIMIT", help="With --smu; default: the rig's.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the run.")] = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Measure a branch's conductance over its wiper codes.

    It goes up and down again, repeated. Without --smu the board measures by itself, by the drop over a drive
    resistor. The sweep is stored as a run, with a picture, and the branch gets its own code back.

    Example: labrig sweep codes rig.yaml --branch in0,out3 --codes 0:256:8 --repeats 3
    """
    from labrig.config.loading import load_rig
    from labrig.config.writing import to_yaml
    from labrig.procedures.sweeps.storing import CodesPlan, Where, sweep_branch_codes
    from labrig.views.sweep_progress import SweepProgress

    config = load_rig(rig)
    if smu is not None:
        _meter(config, smu)
    limit = None if compliance is None else _level("--compliance", compliance, "A")
    wanted = _codes(chosen, config)
    plan = CodesPlan(branch, wanted, repeats, _level("--level", level, "V"), smu, limit)
    where = Where(name or f"codes-{branch.replace(',', '-')}", to_yaml(config), f"branch {branch}", runs)
    with SweepProgress(2 * repeats * len(wanted)) as progress:
        swept = sweep_branch_codes(config, plan, where, progress.update)
    _tell(swept, json=json)


def _codes(text: str | None, config: "RigConfig") -> list[int]:
    """Codes from ``FIRST:LAST:STEP``, both ends included, or all of the board's part."""
    from labrig.errors import ConfigError

    model = getattr(config.board, "model", None) or config.board
    if text is None:
        from labrig.devices.parts import digipot

        elements = getattr(model, "elements", None)
        if elements is None or elements.kind != "digipot":
            msg = "--codes: missing; the rig does not say which part the board has"
            raise ConfigError(msg)
        return list(range(digipot(elements.part).code_max + 1))
    fields = text.split(":")
    if len(fields) not in (1, 2, 3) or not all(field.strip().isdecimal() for field in fields):
        msg = f"--codes: found {text!r}; write FIRST:LAST:STEP, such as 0:256:8"
        raise ConfigError(msg)
    first, last, step = [*map(int, fields), *(int(fields[0]), 1)[len(fields) - 1 :]]
    if last < first or step < 1:
        msg = f"--codes: found {text!r}, which is no range upward"
        raise ConfigError(msg)
    return list(range(first, last + 1, step))


def read_levels(
    start: str | None,
    stop: str | None,
    number: int,
    scale: Spacing,
    order: str,
    cycles: int,
    listed: str | None,
) -> "tuple[FloatArray, str]":
    """The levels that options ask for, and their unit: V or A.

    Raises
    ------
    ConfigError
        An option contradicts another, or is no level.
    """
    import numpy as np

    from labrig.errors import ConfigError
    from labrig.procedures.sweeps.points import SweepShape, listed_levels, sweep_levels
    from labrig.procedures.sweeps.words import Order, Scale

    if listed is not None:
        if start is not None or stop is not None:
            msg = "--list: found beside --start or --stop; leave one of the two out"
            raise ConfigError(msg)
        texts = [text for text in listed.split(",") if text.strip()]
        unit = _unit("--list", texts[0] if texts else "")
        values = [_level("--list", text, unit) for text in texts]
        return listed_levels(np.array(values, dtype=np.float64), cycles), unit
    if stop is None:
        msg = "--stop: missing; write --start '0 V' --stop '1 V', or --list"
        raise ConfigError(msg)
    unit = _unit("--stop", stop)
    first = 0.0 if start is None else _level("--start", start, unit)
    shape = SweepShape(first, _level("--stop", stop, unit), number, Scale(scale), Order(order), cycles)
    return sweep_levels(shape), unit


def _order(dual: bool, four_quadrant: bool) -> str:
    """Name of the way through the levels."""
    if dual and four_quadrant:
        from labrig.errors import ConfigError

        msg = "--dual: found beside --four-quadrant, which comes back by itself; leave one out"
        raise ConfigError(msg)
    return "four-quadrant" if four_quadrant else "dual" if dual else "single"


def _unit(option: str, text: str) -> str:
    from labrig.errors import ConfigError
    from labrig.units import parse_quantity

    for unit in ("V", "A"):
        try:
            parse_quantity(text, unit)
        except ValueError:
            continue
        return unit
    msg = f"{option}: found {text!r}; write a level in V or A, such as '0.5 V' or '10 uA'"
    raise ConfigError(msg)


def _level(option: str, text: str, unit: str) -> float:
    from labrig.errors import ConfigError
    from labrig.units import parse_quantity

    try:
        return parse_quantity(text, unit)
    except ValueError as error:
        msg = f"{option}: {error}"
        raise ConfigError(msg) from error


def _meter(config: "MeterRig | RigConfig", name: str) -> "AnySourceMeter":
    from labrig.errors import ConfigError

    if name not in config.source_meters:
        known = ", ".join(config.source_meters) or "none"
        msg = f"--smu: found {name!r}; the rig's source meters are {known}"
        raise ConfigError(msg)
    return config.source_meters[name]


def _setup(meter: "AnySourceMeter", unit: str, compliance: str | None, nplc: float | None) -> "Setup":
    from labrig.errors import ConfigError
    from labrig.instruments.opening import setup_of

    if nplc is not None:
        low, high = meter.capabilities.nplc or (nplc, nplc)
        if not low <= nplc <= high:
            msg = f"--nplc: found {nplc:g}; a {meter.capabilities.title} takes {low:g} … {high:g}"
            raise ConfigError(msg)
        meter = meter.model_copy(update={"nplc": nplc})
    limit = None if compliance is None else _level("--compliance", compliance, "A" if unit == "V" else "V")
    if limit is not None and limit <= 0:
        msg = f"--compliance: found {compliance!r}; it must be above 0"
        raise ConfigError(msg)
    return setup_of(meter, source="voltage" if unit == "V" else "current", compliance=limit)


def _plan(
    setup: "Setup",
    levels: "FloatArray",
    at_compliance: Limited,
    pulse: str | None,
    *,
    point_by_point: bool,
) -> "SweepPlan":
    from labrig.errors import ConfigError
    from labrig.procedures.sweeps.iv import SweepPlan
    from labrig.procedures.sweeps.words import AtCompliance

    width = None if pulse is None else _level("--pulse", pulse, "s")
    if width is not None and width <= 0:
        msg = f"--pulse: found {pulse!r}; it must be above 0"
        raise ConfigError(msg)
    return SweepPlan(setup, levels, AtCompliance(at_compliance), width, point_by_point)


def _tell(swept: "Swept", *, json: bool) -> None:
    from labrig.errors import RunError
    from labrig.store.export import export_csv, export_netcdf
    from labrig.views.gather import table_columns
    from labrig.views.summary import write_summary

    picture = write_summary(swept.run)
    csv, netcdf = swept.run / "sweep.csv", swept.run / "sweep.nc"
    export_csv(swept.run, csv, table_columns(swept.run))
    files = [picture, csv]
    try:
        export_netcdf(swept.run, netcdf, None)
        files.append(netcdf)
    except RunError as error:
        print(f"no NetCDF: {error}", file=sys.stderr)
    if json:
        counts = {"points": swept.points, "limited": swept.limited}
        print(dumps({"run": str(swept.run), "outcome": "stopped", **counts, "files": [*map(str, files)]}))
        return
    print(f"stopped: {swept.reason}")
    print(f"run     {swept.run}")
    for file in files:
        print(f"file    {file}")
