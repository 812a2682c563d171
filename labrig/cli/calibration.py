"""``labrig calibration``."""

from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labrig.cli.groups import command_group
from labrig.cli.options import Json
from labrig.cli.outputs import check_picture

if TYPE_CHECKING:
    from labrig.config.calibration import Calibration

app = command_group("Look at calibrations.")

File = Annotated[Path, typer.Argument(help="A calibration file.", metavar="FILE")]
Picture = Annotated[Path | None, typer.Option(metavar="FILE", help="Picture to write.")]


@app.command()
def show(file: File, out: Picture = None, json: Json = False) -> None:
    """What a calibration found: the board, and its branches, worst first.

    Example: labrig calibration show board-a7f3.json --out board-a7f3.png
    """
    from labrig.cli.tables import print_table
    from labrig.views.calibration_table import branch_table, calibration_lines, wire_table

    check_picture(out)
    content = _load(file).model_dump(mode="json")
    if out is not None:
        from labrig.views.calibration_picture import write_calibration_picture

        write_calibration_picture(content, out)
    if json:
        print(dumps(content))
        return
    for table in (branch_table(content), wire_table(content)):
        if table is not None:
            print_table(table)
    print("\n".join(calibration_lines(content)))
    if out is not None:
        print(f"picture {out}")


@app.command()
def diff(first: File, second: File, out: Picture = None, json: Json = False) -> None:
    """What changed between two calibrations of one board.

    Each change is told in its own uncertainties.

    Example: labrig calibration diff spring.json autumn.json
    """
    from labrig.calibration.differences import difference
    from labrig.cli.tables import print_table
    from labrig.views.calibration_diff import diff_lines, diff_table

    check_picture(out)
    found = difference(_load(first), _load(second))
    if out is not None:
        from labrig.views.calibration_diff import write_diff_picture

        write_diff_picture(found, out)
    if json:
        print(dumps(found))
        return
    print_table(diff_table(found))
    print("\n".join(diff_lines(found)))


@app.command()
def check(
    rig: Annotated[Path, typer.Argument(help="A rig file that names a calibration.", metavar="RIG")],
    json: Json = False,
) -> None:
    """Whether a rig's calibration holds for the board that is there.

    Its serial number, the age, the temperature, the network and the nodes of source meters are compared.

    Example: labrig calibration check rig.yaml
    """
    from labrig.bench.assembly import open_bench
    from labrig.config.loading import load_rig
    from labrig.errors import ConfigError

    config = load_rig(rig)
    if config.calibration is None:
        msg = f"{rig}: calibration: there is none; labrig calibrate wiper makes one"
        raise ConfigError(msg)
    with open_bench(config) as bench:
        told: dict[str, Any] = {
            "board": bench.info.serial_number,
            "sha256": config.calibration.sha256,
            "masked": bench.masked,
            "rests_on": None if config.calibration.drives is None else config.calibration.drives.rests_on,
            "accepted": list(config.accept_calibration),
        }
    if json:
        print(dumps(told))
        return
    print(f"holds   for board {told['board']}, sha256 {config.calibration.sha256[:16]}…")
    if told["rests_on"] is not None:
        print(f"scale   rests on: {told['rests_on']}")
    for name, reason in told["masked"].items():
        print(f"masked  {name}: {reason}")


def _load(file: Path) -> "Calibration":
    from labrig.config.loading import load_calibration

    return load_calibration(file)
