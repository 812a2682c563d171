"""``labrig board``: what a board says of itself, and whether it is sound."""

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from labrig.cli.groups import command_group
from labrig.cli.options import Json
from labrig.cli.outputs import check_picture
from labrig.cli.tables import print_table

app = command_group("Boards: what they say of themselves, whether they are sound.")

Rig = Annotated[Path, typer.Argument(help="A rig file.", metavar="RIG")]
Simulate = Annotated[bool, typer.Option("--simulate", help="Use the rig's simulated board.")]


@app.command()
def info(rig: Rig, simulate: Simulate = False, json: Json = False) -> None:
    """Say who a board is, what it can do and how it is.

    Nothing changes: no session begins, no output moves. A rig with launch starts the board first.

    Example: labrig board info configs/rigs/digipot-40x30-firmware.yaml
    """
    from labrig.bench.assembly import looked_at
    from labrig.cli.boards import board_facts, board_json
    from labrig.config.loading import load_rig
    from labrig.views.board_tables import facts_table

    with looked_at(load_rig(rig), simulate=simulate) as found:
        if json:
            print(dumps(board_json(found)))
        else:
            print_table(facts_table(board_facts(found)))


@app.command()
def check(
    rig: Rig,
    simulate: Simulate = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Picture to write: a map of all branches.")
    ] = None,
    json: Json = False,
) -> None:
    """Check link, supply, converters, switches, wiring and every branch.

    The lines are driven within the limits of the rig; the board gets its codes back and ends released. Of the
    rig's calibration only what it says of converters is used.
    Exit code 5 where something fails.

    Example: labrig board check configs/rigs/digipot-40x30-firmware.yaml --out board.png
    """
    from labrig.bench.assembly import open_bench
    from labrig.cli.boards import board_map, check_json
    from labrig.config.loading import load_rig
    from labrig.config.rig import converters_only
    from labrig.errors import DeviceError
    from labrig.procedures.board_check.report import report
    from labrig.procedures.check_board import check_board
    from labrig.views.board_tables import check_table
    from labrig.views.parts_progress import PartsProgress

    check_picture(out)
    config = converters_only(load_rig(rig))
    with open_bench(config, simulate=simulate) as bench, PartsProgress() as progress:
        found = check_board(bench, progress.update)
    told = report(found)
    answer = check_json(found, told)
    if out is not None:
        from labrig.views.board_picture import write_board_picture

        answer["picture"] = str(write_board_picture(board_map(found, told), out))
    if json:
        print(dumps(answer))
    else:
        title = f"board {found.serial_number}, {found.part}"
        print_table(check_table(title, answer["checks"], told.faults, told.not_checked))
        if out is not None:
            print(f"picture {out}")
    if not told.passed:
        raise typer.Exit(DeviceError.exit_code)
