"""``labrig null``."""

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from labrig.cli.options import Json
from labrig.cli.outputs import check_picture


def null(
    rig: Annotated[Path, typer.Argument(help="A rig file.", metavar="RIG")],
    repeats: Annotated[
        int, typer.Option(min=3, max=10_000, help="Exchanges of three states each.", metavar="N")
    ] = 16,
    simulate: Annotated[bool, typer.Option("--simulate", help="Use the rig's simulated board.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Picture to write: bias of every node.")
    ] = None,
    json: Json = False,
) -> None:
    """Read one state twice: bias and noise of the readings.

    A free state is held against itself. All inputs at one potential show the offsets of the converters as
    well. No branch is written.

    Example: labrig null configs/rigs/digipot-40x30.yaml --out null.png
    """
    from labrig.bench.assembly import open_bench
    from labrig.cli.tables import print_table
    from labrig.config.loading import load_rig
    from labrig.procedures.null import null as look
    from labrig.procedures.null import null_result
    from labrig.views.null_table import null_lines, null_table
    from labrig.views.parts_progress import PartsProgress

    check_picture(out)
    with open_bench(load_rig(rig), simulate=simulate) as bench, PartsProgress("measuring") as progress:
        found = look(bench, repeats, progress.update)
    answer = {"board": bench.info.serial_number, **null_result(found)}
    if out is not None:
        from labrig.views.null_picture import write_null_picture

        answer["picture"] = str(write_null_picture(answer, out))
    if json:
        print(dumps(answer))
        return
    print_table(null_table(answer))
    print("\n".join(null_lines(answer)))
    if out is not None:
        print(f"picture {out}")
