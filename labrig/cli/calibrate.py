"""``labrig calibrate``."""

from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labrig.cli.groups import command_group
from labrig.cli.options import Json
from labrig.cli.outputs import check_folder

if TYPE_CHECKING:
    from labrig.bench.bench import Bench
    from labrig.config.calibration import ConvertersCalibration
    from labrig.config.rig import RigConfig
    from labrig.procedures.calibrating.resistor import Resistor
    from labrig.procedures.calibrating.standard import Standard

app = command_group("Find out what a board is, with uncertainties, into a file.")

Rig = Annotated[Path, typer.Argument(help="A rig file.", metavar="RIG")]
Simulate = Annotated[bool, typer.Option("--simulate", help="Use the rig's simulated board.")]
Out = Annotated[
    Path | None, typer.Option(metavar="FILE", help="To write; default: named after board and time.")
]
Days = Annotated[float, typer.Option("--days", min=0.01, help="Age at which it expires.", metavar="N")]
Kelvin = Annotated[
    float,
    typer.Option("--kelvin", min=0.1, help="Distance in temperature up to which it holds.", metavar="K"),
]


@app.command()
def adc(
    rig: Rig,
    smu: Annotated[
        str | None, typer.Option("--smu", metavar="NAME", help="A source meter on a node, as reference.")
    ] = None,
    out: Out = None,
    days: Days = 90.0,
    kelvin: Kelvin = 5.0,
    simulate: Simulate = False,
    json: Json = False,
) -> None:
    """Offset and gain of every DAC and ADC.

    One driver after another holds the whole board, so that every line must read the same. With --smu volts
    are those of the instrument, else those of the board's ADC on average. No branch is written.

    Example: labrig calibrate adc rig.yaml --smu smu --out converters.json
    """
    from labrig.bench.assembly import open_bench
    from labrig.config.loading import load_rig
    from labrig.procedures.calibrating.calibrate import calibrate_adc
    from labrig.procedures.calibrating.standard import node_of
    from labrig.views.parts_progress import PartsProgress

    _check_out(out)
    config, node = load_rig(rig).model_copy(update={"calibration": None}), None
    if smu is not None:
        node = node_of(config, smu)
    with open_bench(config, simulate=simulate) as bench, PartsProgress("calibrating") as progress:
        where = None if node is None else bench.topology.nodes.index(node)
        found = calibrate_adc(bench, where, smu, progress.update)
        _finish(bench, found, out, days, kelvin, json=json)


@app.command()
def wiper(
    rig: Rig,
    codes: Annotated[
        str | None,
        typer.Option(
            metavar="LIST", help="Codes to measure, such as 0,64,128,192,256; default: a good choice."
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="BRANCH=OHM", help="A known resistor in place of a masked branch: in0-out0='10 kohm'."
        ),
    ] = None,
    smu: Annotated[
        str | None,
        typer.Option(
            "--smu", metavar="NAME", help="A source meter on an input, with four wires, as reference."
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, max=1000, help="Times up and down.", metavar="N")] = 2,
    out: Out = None,
    days: Days = 90.0,
    kelvin: Kelvin = 5.0,
    simulate: Simulate = False,
    json: Json = False,
) -> None:
    """Code to conductance of every branch, and which are broken.

    All branches of a crossbar are measured at once, up and down.

    Where the rig has no calibration of its converters by an instrument, these come first. The
    board gets its own codes back. Currents are read over the drive resistors, which are compared with
    each other. The mean of their conductances is taken as stated, or as the rig's calibration has it
    by a reference, unless there is one now: a known resistor, or a source meter in the place of an
    input's driver, in whose volts and amperes everything is then measured. Resistances of lines that
    the rig's calibration has are put on the same scale.

    Example: labrig calibrate wiper rig.yaml --out board-a7f3.json
    """
    from labrig.bench.assembly import open_bench
    from labrig.config.loading import load_rig
    from labrig.procedures.calibrating.calibrate import calibrate_wiper
    from labrig.views.parts_progress import PartsProgress

    _check_out(out)
    config = load_rig(rig)
    before = config.calibration
    wires, drives = (None, None) if before is None else (before.wires, before.drives)
    standard = _standard(config, smu, reference)
    if standard is not None:
        config = config.model_copy(update={"calibration": None})  # its volts are those of this instrument
    config, known = _with_what_is_known(config)
    with open_bench(config, simulate=simulate) as bench, PartsProgress("calibrating") as progress:
        told = standard or _resistor(bench, reference)
        found = calibrate_wiper(bench, _codes(codes), repeats, known, progress.update, wires, told, drives)
        _finish(bench, found, out, days, kelvin, json=json)


@app.command()
def line(
    rig: Rig,
    full: Annotated[
        bool, typer.Option("--full", help="Also from branch to branch, not only up to the first one.")
    ] = False,
    out: Out = None,
    days: Days = 90.0,
    kelvin: Kelvin = 5.0,
    simulate: Simulate = False,
    json: Json = False,
) -> None:
    """Resistance of every row and column of a crossbar.

    Half of the branches are made to conduct as much as they can, and all lines are driven at once. A
    calibration of the wipers that is made with this one in the rig takes off what the lines drop.

    Where the rig has no calibration of its converters by an instrument, these come first. The
    board gets its own codes back.

    Example: labrig calibrate line rig.yaml --full --out lines.json
    """
    from labrig.bench.assembly import open_bench
    from labrig.config.loading import load_rig
    from labrig.procedures.calibrating.calibrate import calibrate_line
    from labrig.views.parts_progress import PartsProgress

    _check_out(out)
    config, known = _with_what_is_known(load_rig(rig))
    drives = None if config.calibration is None else config.calibration.drives
    with open_bench(config, simulate=simulate) as bench, PartsProgress("calibrating") as progress:
        found = calibrate_line(bench, known, progress.update, drives, full=full)
        _finish(bench, found, out, days, kelvin, json=json)


def _with_what_is_known(config: "RigConfig") -> "tuple[RigConfig, ConvertersCalibration | None]":
    """The rig without what is to be found out, and its converters where an instrument has told them.

    Drive resistors stay as well where an instrument or a resistor has told their scale.
    """
    found = config.calibration
    if found is None:
        return config, None
    known = found.converters if found.converters is not None and found.converters.absolute else None
    if known is None and (found.drives is None or found.drives.standard is None):
        return config.model_copy(update={"calibration": None}), None
    left = found.model_copy(update={"converters": known, "wipers": None, "wires": None})
    return config.model_copy(update={"calibration": left}), known


def _check_out(out: Path | None) -> None:
    from labrig.procedures.calibrating.sealing import check_free

    if out is not None:
        check_folder(out)
        check_free(out)


def _standard(config: "RigConfig", smu: str | None, reference: str | None) -> "Standard | None":
    """Looked up in the rig before anything is opened."""
    from labrig.errors import ConfigError
    from labrig.procedures.calibrating.standard import Standard

    if smu is None:
        return None
    if reference is not None:
        msg = "--smu: found beside --reference; one of the two tells the scale: leave the other out"
        raise ConfigError(msg)
    return Standard.of(config, smu)


def _resistor(bench: "Bench", text: str | None) -> "Resistor | None":
    """Looked up on the board before anything is measured."""
    from labrig.config.quantities import Quantity
    from labrig.errors import ConfigError
    from labrig.procedures.calibrating.resistor import Resistor

    if text is None:
        return None
    branch, equals, value = text.partition("=")
    try:
        found = Resistor(branch, Quantity("ohm", above=0.0).read(value)) if equals else None
    except ValueError as error:
        msg = f"--reference: {error}"
        raise ConfigError(msg) from None
    if found is None:
        msg = f"--reference: found {text!r}; write a branch, = and a resistance, such as in0-out0='10 kohm'"
        raise ConfigError(msg)
    found.place(bench)
    return found


def _codes(text: str | None) -> list[int]:
    from labrig.errors import ConfigError

    try:
        return [] if text is None else [int(word) for word in text.split(",")]
    except ValueError:
        msg = f"--codes: found {text!r}; write whole numbers with commas between them"
        raise ConfigError(msg) from None


def _finish(bench: Any, found: Any, out: Path | None, days: float, kelvin: float, *, json: bool) -> None:
    from datetime import UTC, datetime

    from labrig.cli.tables import print_table
    from labrig.procedures.calibrating.sealing import write_calibration
    from labrig.views.calibration_table import branch_table, calibration_lines, wire_table

    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = out or Path(f"calibration-{bench.info.serial_number}-{stamp}.json")
    calibration = write_calibration(found, bench, path, days, kelvin)
    content = calibration.model_dump(mode="json")
    if json:
        print(dumps({"calibration": str(path), **content}))
        return
    for table in (branch_table(content), wire_table(content)):
        if table is not None:
            print_table(table)
    print("\n".join(calibration_lines(content)))
    print(f"wrote   {path}")
