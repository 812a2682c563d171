"""``labrig calibration``."""

from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labrig.cli.groups import command_group
from labrig.cli.options import Json

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
    from labrig.views.calibration_table import branch_table, calibration_lines

    content = _load(file).model_dump(mode="json")
    if out is not None:
        from labrig.views.calibration_picture import write_calibration_picture

        write_calibration_picture(content, out)
    if json:
        print(dumps(content))
        return
    if (table := branch_table(content)) is not None:
        print_table(table)
    print("\n".join(calibration_lines(content)))
    if out is not None:
        print(f"picture {out}")


def _load(file: Path) -> "Calibration":
    from labrig.config.loading import load_calibration

    return load_calibration(file)
