"""Simulated instruments, from options to a server."""

import math
import sys
import time
from contextlib import ExitStack
from json import dumps
from pathlib import Path
from typing import TextIO

from labrig.bench.wiring import as_wired
from labrig.circuit.boundary import Boundary
from labrig.circuit.build import build_topology
from labrig.cli.signals import Ending
from labrig.config.boards import FirmwareBoard
from labrig.config.rig import RigConfig
from labrig.errors import ConfigError
from labrig.sim.build import build_hardware, simulation_of
from labrig.sim.hardware import Hardware
from labrig.sim.instruments.analogue import Load, Terminals
from labrig.sim.instruments.building import build_instrument
from labrig.sim.instruments.serving import InstrumentPort, InstrumentServant, Traced
from labrig.sim.instruments.trace import Trace
from labrig.sim.ports.loop import Servant, serve
from labrig.sim.ports.naming import listen_for
from labrig.sim.ports.opening import open_instrument_port, open_port
from labrig.sim.serving.device import Device
from labrig.sim.serving.dispatcher import Dispatcher
from labrig.sim.serving.server import BoardServant
from labrig.sim.world import CircuitWorld, LineTerminals
from labrig.units import parse_quantity


def serve_meter(
    model: str,
    listen: str,
    load: str | None,
    rig: Path | None,
    node: str | None,
    trace: Path | None,
    seed: int,
    ending: Ending,
    *,
    json: bool,
) -> None:
    """Serve one source-measure unit until the end has come.

    Raises
    ------
    ConfigError
        An option is wrong, or contradicts another.
    LinkOpenError
        The port cannot be opened.
    """
    terminals = _terminals(load, rig, node)
    with ExitStack() as stack:
        writer = Trace(stack.enter_context(_opened(trace)) if trace else None, time.monotonic)
        built = build_instrument(model, [terminals], time.monotonic, writer.output, seed)
        port = stack.enter_context(open_instrument_port(listen))
        say_ready(built.identity, port, json=json)
        serve([InstrumentServant(port, Traced(built, writer))], ending)


def serve_bench(rig: Path, traces: Path | None, ending: Ending, *, json: bool) -> None:
    """Serve the board and the source-measure units of a rig, on one circuit, where the rig looks for them.

    Raises
    ------
    ConfigError
        The rig's board or one of its links cannot be simulated.
    LinkOpenError
        A port cannot be opened.
    """
    from labrig.config.loading import load_rig

    config = load_rig(rig)
    chips = _chips(config)
    with ExitStack() as stack:
        servants: list[Servant] = [_board(config, chips, stack, json=json)]
        for name, meter in config.source_meters.items():
            file = stack.enter_context(_opened(traces / f"{name}.jsonl")) if traces else None
            writer = Trace(file, time.monotonic)
            terminals = Load(math.inf) if meter.node is None else line_terminals(chips.world, meter.node)
            built = build_instrument(meter.kind, [terminals], time.monotonic, writer.output)
            listen = listen_for(meter.link, f"source_meters.{name}.link")
            port = stack.enter_context(open_instrument_port(listen))
            say_ready(f"{name}, {built.identity}", port, json=json)
            servants.append(InstrumentServant(port, Traced(built, writer)))
        serve(servants, ending)


def _board(config: RigConfig, chips: Hardware, stack: ExitStack, *, json: bool) -> Servant:
    link = config.board.link if isinstance(config.board, FirmwareBoard) else None
    if link is None:
        msg = "board.link: missing; a bench is simulated where its rig looks for it: name a link"
        raise ConfigError(msg)
    port = stack.enter_context(open_port(listen_for(link, "board.link")))
    print(f"board   {chips.info.part}, serial {chips.info.serial_number}", file=sys.stderr)
    print(dumps({"ready": port.resource}) if json else f"ready {port.resource}", flush=True)
    return BoardServant(port, Dispatcher(Device(chips, time.monotonic)))


def _chips(config: RigConfig) -> Hardware:
    wired = as_wired(config.wiring, build_topology(config.network))
    model, serial_number = simulation_of(config.board)
    return build_hardware(model, wired, serial_number, config.faults)


def say_ready(identity: str, port: InstrumentPort, *, json: bool) -> None:
    """Tell people who is served and where, and programs that they may open it."""
    print(f"meter   {identity}", file=sys.stderr)
    print(f'in rigs link: {{kind: visa, resource: "{port.visa}"}}', file=sys.stderr)
    print(dumps({"ready": port.resource}) if json else f"ready {port.resource}", flush=True)


def _terminals(load: str | None, rig: Path | None, node: str | None) -> Terminals:
    if rig is not None or node is not None:
        if load is not None:
            msg = "--load: found beside --rig or --node; leave one of the two out"
            raise ConfigError(msg)
        if rig is None or node is None:
            msg = "--rig and --node: one was found without the other; name both, or --load"
            raise ConfigError(msg)
        return _line(rig, node)
    if load is None:
        return Load(float("inf"))
    try:
        ohms = parse_quantity(load, "ohm")
    except ValueError as error:
        msg = f"--load: {error}"
        raise ConfigError(msg) from error
    if ohms < 0:
        msg = f"--load: found {load!r}; a resistance is 0 ohm or more"
        raise ConfigError(msg)
    return Load(ohms)


def _line(rig: Path, node: str) -> Terminals:
    from labrig.config.loading import load_rig

    chips = _chips(load_rig(rig))
    lines = chips.world.topology
    if node not in lines.nodes:
        msg = f"--node: found {node!r}, which is no node of {rig}; nodes are {', '.join(lines.nodes[:8])} …"
        raise ConfigError(msg)
    line = lines.nodes.index(node)
    chips.world.standing = Boundary(
        dict.fromkeys(lines.inputs if line in lines.outputs else lines.outputs, 0.0)
    )
    return LineTerminals(chips.world, line)


def line_terminals(world: CircuitWorld, node: str) -> Terminals:
    """Terminals on a node of a board's circuit."""
    return LineTerminals(world, world.topology.nodes.index(node))


def _opened(trace: Path) -> TextIO:
    try:
        return trace.open("w", encoding="utf-8")
    except OSError as error:
        msg = f"--trace: {trace} cannot be written: {error.strerror}"
        raise ConfigError(msg) from error
