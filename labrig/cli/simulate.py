"""``labrig simulate``: simulated devices on the wire, for other programs."""

import sys
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from labrig.cli.groups import command_group
from labrig.cli.options import Json

app = command_group("Simulated devices that other programs open.")


@app.callback()
def simulate() -> None:
    """Simulated devices that other programs open."""


@app.command()
def board(
    rig: Annotated[Path, typer.Argument(help="A rig file; its board is simulated.", metavar="RIG")],
    listen: Annotated[
        str, typer.Option("--listen", help="Where: pty:PATH or tcp://HOST:PORT.", metavar="WHERE")
    ],
    json: Json = False,
) -> None:
    """Serve the simulated board of a rig over the wire protocol.

    Prints "ready RESOURCE" once a client may open it: the terminal to which PATH is a link, or tcp://HOST:PORT.
    On stderr it tells how a rig names it. Clients come one after another and find the board as it is.
    Ctrl-C or SIGTERM ends it.

    Example: labrig simulate board configs/rigs/digipot-40x30.yaml --listen pty:/tmp/board
    """
    import time

    from labrig.bench.wiring import as_wired
    from labrig.circuit.build import build_topology
    from labrig.cli.signals import ending_signals
    from labrig.config.loading import load_rig
    from labrig.sim.build import build_hardware, simulation_of
    from labrig.sim.ports.opening import open_port
    from labrig.sim.serving.device import Device
    from labrig.sim.serving.dispatcher import Dispatcher
    from labrig.sim.serving.server import serve

    config = load_rig(rig)
    model, serial_number = simulation_of(config.board)
    wired = as_wired(config.wiring, build_topology(config.network))
    chips = build_hardware(model, wired, serial_number)
    dispatcher = Dispatcher(Device(chips, time.monotonic))
    with ending_signals() as ending, open_port(listen) as port:
        info = chips.info
        size = f"{info.inputs} inputs, {info.outputs} outputs, {info.branches} branches"
        url = port.resource.replace("tcp://", "socket://")
        print(f"board   {info.part}, {size}, serial {info.serial_number}", file=sys.stderr)
        print(f"in rigs board: {{kind: firmware, link: {{kind: serial, port: '{url}'}}}}", file=sys.stderr)
        print(dumps({"ready": port.resource}) if json else f"ready {port.resource}", flush=True)
        serve(port, dispatcher, ending)
        exit_code = ending.exit_code()
    raise typer.Exit(exit_code)
