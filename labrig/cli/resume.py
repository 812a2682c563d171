"""``labrig resume``."""

from typing import Annotated

import typer

from labrig.cli.options import Arrays, Json, RunName, Runs


def resume(
    run: RunName,
    rewrite: Annotated[
        bool, typer.Option("--rewrite", help="Write the run's codes over what the board holds.")
    ] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Go on from the codes that the board holds now.")
    ] = False,
    runs: Runs = None,
    json: Json = False,
    arrays: Arrays = False,
) -> None:
    """Go on with a run that ended early, bit for bit.

    The board must hold what the run left there. One that lost its codes gets them back without asking; one
    that kept running with other codes is refused without --rewrite or --adopt.

    Example: labrig resume 20260101-120000-crossbar-40x30
    """
    from labrig.cli.session import carry_out
    from labrig.procedures.resume import Mismatch, open_resumed
    from labrig.store.catalogue import find_run, runs_folder

    if rewrite and adopt:
        msg = "--rewrite and --adopt exclude each other; choose one"
        raise typer.BadParameter(msg)
    policy = Mismatch.REWRITE if rewrite else Mismatch.ADOPT if adopt else Mismatch.REFUSE
    with open_resumed(find_run(run, runs_folder(runs)), policy) as resumed:
        carry_out(resumed.bench, resumed.start, json=json, arrays=arrays)
