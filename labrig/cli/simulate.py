"""``labrig simulate``: simulated devices on the wire, for other programs."""

import sys
from enum import StrEnum
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labrig.cli.groups import command_group
from labrig.cli.options import Json

if TYPE_CHECKING:
    from labrig.circuit.topology import Topology
    from labrig.cli.signals import Ending
    from labrig.config.rig import RigConfig

app = command_group("Simulated devices that other programs open.")


@app.callback()
def simulate() -> None:
    """Simulated devices that other programs open."""


class Target(StrEnum):
    """What runs compiled firmware."""

    HOST = "host"
    ATMEGA2560 = "atmega2560"


@app.command()
def board(
    rig: Annotated[Path, typer.Argument(help="A rig file; its board is simulated.", metavar="RIG")],
    listen: Annotated[
        str, typer.Option("--listen", help="Where: pty:PATH or tcp://HOST:PORT.", metavar="WHERE")
    ],
    emulate: Annotated[
        Target | None,
        typer.Option(
            "--emulate",
            help="Serve compiled firmware on the rig's circuit: a program of this computer, or an emulated"
            " microcontroller with its parts.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Serve the simulated board of a rig over the wire protocol.

    Prints "ready RESOURCE" once a client may open it: the terminal to which PATH is a link, or tcp://HOST:PORT.
    On stderr it tells how a rig names it. Clients come one after another and find the board as it is.
    Ctrl-C or SIGTERM ends it.

    The simulated chips are labrig's own, in this process; with --emulate compiled firmware answers instead.
    Its EEPROM, and with it the count of its starts, is kept for the next time.

    Example: labrig simulate board configs/rigs/digipot-40x30.yaml --listen pty:/tmp/board
    """
    from labrig.bench.wiring import as_wired
    from labrig.circuit.build import build_topology
    from labrig.cli.signals import ending_signals
    from labrig.config.loading import load_rig

    config = load_rig(rig)
    wired = as_wired(config.wiring, build_topology(config.network))
    with ending_signals() as ending:
        if emulate is None:
            _serve_chips(config, wired, listen, ending, json=json)
        else:
            _serve_firmware(emulate, config, wired, listen, ending, json=json)
        exit_code = ending.exit_code()
    raise typer.Exit(exit_code)


@app.command()
def smu(
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="keithley2400, keithley2450, keithley2600, keysight_b2900 or yokogawa_gs200.",
        ),
    ],
    listen: Annotated[
        str,
        typer.Option(
            "--listen", metavar="WHERE", help="Where: tcp://HOST:PORT, pty:PATH or hislip://HOST:PORT."
        ),
    ],
    load: Annotated[
        str | None,
        typer.Option(
            "--load", metavar="OHMS", help="A resistor at the terminals; default: nothing is there."
        ),
    ] = None,
    rig: Annotated[
        Path | None, typer.Option("--rig", metavar="RIG", help="A rig whose network is at the terminals.")
    ] = None,
    node: Annotated[
        str | None,
        typer.Option("--node", metavar="NODE", help="Of that network, whose other side is at ground."),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", metavar="FILE", help="Write messages and outputs as lines of JSON."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of the noise.", min=0)] = 0,
    json: Json = False,
) -> None:
    """Serve a simulated source meter to any program.

    A circuit is behind it. Prints "ready RESOURCE" once a client may open it; on stderr it tells the VISA
    resource. A measurement takes as long as on the real one. Ctrl-C or SIGTERM ends it.

    Example: labrig simulate smu --model keithley2400 --listen tcp://127.0.0.1:5025 --load "1 kohm"
    """
    from labrig.cli.serving import serve_meter
    from labrig.cli.signals import ending_signals

    with ending_signals() as ending:
        serve_meter(model, listen, load, rig, node, trace, seed, ending, json=json)
        exit_code = ending.exit_code()
    raise typer.Exit(exit_code)


@app.command()
def bench(
    rig: Annotated[Path, typer.Argument(help="A rig file with links.", metavar="RIG")],
    traces: Annotated[
        Path | None,
        typer.Option("--traces", metavar="DIR", help="Write what each source meter did, as lines of JSON."),
    ] = None,
    json: Json = False,
) -> None:
    """Serve a rig's board and source meters on one circuit.

    They are where the rig's links look for them. Prints one "ready RESOURCE" a device. The same rig then
    trains on it as on the bench. Ctrl-C or SIGTERM ends it.

    Example: labrig simulate bench configs/rigs/two-source-meters.yaml
    """
    from labrig.cli.serving import serve_bench
    from labrig.cli.signals import ending_signals

    with ending_signals() as ending:
        serve_bench(rig, traces, ending, json=json)
        exit_code = ending.exit_code()
    raise typer.Exit(exit_code)


def _serve_chips(
    rig: "RigConfig", topology: "Topology", listen: str, ending: "Ending", *, json: bool
) -> None:
    import time

    from labrig.config.faults import wire_faults
    from labrig.sim.build import build_hardware, simulation_of
    from labrig.sim.damage import DamagedPort
    from labrig.sim.ports.loop import serve
    from labrig.sim.ports.opening import open_port
    from labrig.sim.serving.device import Device
    from labrig.sim.serving.dispatcher import Dispatcher
    from labrig.sim.serving.server import BoardServant

    model, serial_number = simulation_of(rig.board)
    chips = build_hardware(model, topology, serial_number, rig.faults)
    dispatcher = Dispatcher(Device(chips, time.monotonic))
    with open_port(listen) as port:
        _say_ready(
            f"{chips.info.part}, serial {chips.info.serial_number}", topology, port.resource, json=json
        )
        damaged = DamagedPort(port, wire_faults(rig.faults), model.seed)
        serve([BoardServant(damaged, dispatcher)], ending)


def _serve_firmware(
    target: Target, rig: "RigConfig", topology: "Topology", listen: str, ending: "Ending", *, json: bool
) -> None:
    from labrig.bench.state import state_folder
    from labrig.config.faults import wire_faults
    from labrig.errors import ConfigError
    from labrig.sim.launch import launch_on, running
    from labrig.sim.ports.opening import read_listen

    if wire := wire_faults(rig.faults):
        msg = (
            f"faults: found {wire[0].kind!r}; compiled firmware opens its port by itself, and what is on it"
            " cannot be damaged: remove the fault, or leave --emulate out"
        )
        raise ConfigError(msg)
    where = read_listen(listen)
    launch, model, serial_number = launch_on(target.value, rig.board)
    with running(launch, model, topology, serial_number, state_folder(), where, rig.faults) as firmware:
        _say_ready(
            f"firmware on {target.value}, serial {serial_number}", topology, firmware.resource, json=json
        )
        firmware.wait(ending)


def _say_ready(what: str, topology: "Topology", resource: str, *, json: bool) -> None:
    lines = f"{len(topology.inputs)} inputs, {len(topology.outputs)} outputs"
    url = resource.replace("tcp://", "socket://")
    print(f"board   {what}, {lines}, {len(topology.branches)} branches", file=sys.stderr)
    print(f"in rigs board: {{kind: firmware, link: {{kind: serial, port: '{url}'}}}}", file=sys.stderr)
    print(dumps({"ready": resource}) if json else f"ready {resource}", flush=True)
