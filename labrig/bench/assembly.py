"""The composition root: from a rig's description to an opened bench, and back to safe whatever happens."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import numpy as np

from labrig.arrays import FloatArray
from labrig.bench.bench import Bench, Doubts, Scanning
from labrig.bench.calibrated import calibrated_branches
from labrig.bench.corrections import Corrections
from labrig.bench.endings import afterwards, signals_unwind
from labrig.bench.fitting import check_metered, check_network, check_valid
from labrig.bench.live import live
from labrig.bench.memristor_bench import MemristorBench
from labrig.bench.on_meters import on_source_meters
from labrig.bench.profile import Laws, limits_of, spread, tap_laws
from labrig.bench.programmer import Programmer
from labrig.bench.supervisor import Supervisor
from labrig.bench.wear import Wear, wear_folder
from labrig.bench.wiring import WiringMap, as_wired, resolve_wiring, wiring_fingerprint
from labrig.boards.base import Board, BoardInfo, BoardRequest, celsius_of
from labrig.boards.looking import Look, look
from labrig.circuit.build import build_topology
from labrig.circuit.topology import Topology
from labrig.config.boards import FirmwareBoard, SimulatedBoard
from labrig.config.calibration import Calibration, PaceCalibration
from labrig.config.faults import wire_faults
from labrig.config.plugins import PluginBoard, load_plugin
from labrig.config.rig import RigConfig
from labrig.devices.memristors import memristor
from labrig.errors import BoardFault, ConfigError
from labrig.links.base import Link


@contextmanager
def open_bench(rig: RigConfig, *, simulate: bool = False, draw: int = 0) -> Generator[Bench]:
    """Open a rig; leaving the context makes everything safe, in reverse order, and lets go.

    SIGTERM and SIGHUP end the program through here as well (exit codes 143 and 129), unless they have
    handlers already or are ignored.

    Parameters
    ----------
    simulate
        Use the simulated board of the rig (`board.model` where it is firmware) instead of the real one.
    draw
        Of a rig with a calibration, simulated: which of the boards that this leaves open; 0: as measured.

    Raises
    ------
    ConfigError
        The rig cannot be simulated, or does not fit its board.
    LinkError, ProtocolError, DeviceError
        The board does not answer as it should.
    """
    topology = build_topology(rig.network)
    with ExitStack() as stack:
        stack.enter_context(signals_unwind())
        if not simulate:
            stack.enter_context(live(rig))
        board = _open_board(rig, topology, stack, simulate=simulate, draw=draw)
        stack.enter_context(afterwards(board.close))
        if meters := {name: meter for name, meter in rig.source_meters.items() if meter.node is not None}:
            board = stack.enter_context(on_source_meters(rig, meters, board, topology))
        bench = assemble(rig, board, topology, twin=simulate)
        if isinstance(bench, MemristorBench):
            stack.enter_context(afterwards(bench.wear.save))
        stack.enter_context(afterwards(bench.make_safe))
        yield bench


@contextmanager
def looked_at(rig: RigConfig, *, simulate: bool = False) -> Generator[Look]:
    """What the board of a rig says of itself; nothing that is driven or programmed changes.

    Parameters
    ----------
    simulate
        Look at the simulated board of the rig instead of the real one.

    Raises
    ------
    ConfigError
        The rig cannot be simulated, or its board is another one.
    LinkError, ProtocolError, DeviceError
        The board does not answer as it should.
    """
    config = rig.board
    topology = build_topology(rig.network)
    with ExitStack() as stack:
        stack.enter_context(signals_unwind())
        if isinstance(config, FirmwareBoard) and not simulate:
            link = _open_firmware_link(rig, config, topology, stack)
            stack.enter_context(afterwards(link.close))
            found = look(link)
            _check_serial_number(config, found.info, link)
            yield found
        else:
            board = _open_board(rig, topology, stack, simulate=simulate)
            stack.enter_context(afterwards(board.close))
            yield Look(board.info, board.exchange(BoardRequest(boundaries=[])).boot_count, None)


def _open_board(
    rig: RigConfig, topology: Topology, stack: ExitStack, *, simulate: bool, draw: int = 0
) -> Board:
    from labrig.sim.build import build_board, simulation_of

    config = rig.board
    if simulate or isinstance(config, SimulatedBoard):
        model, serial_number = simulation_of(config)
        if simulate and rig.calibration is not None:
            wired = as_wired(rig.wiring, topology)
            return build_board(model, wired, rig.calibration.board, calibration=rig.calibration, draw=draw)
        _check_no_wire(rig)
        return build_board(model, as_wired(rig.wiring, topology), serial_number, rig.faults)
    if isinstance(config, PluginBoard):
        _check_launched(rig)
        board: Board = load_plugin(config.kind).open(config.settings, topology)
        return board
    return _open_firmware(rig, config, topology, stack)


def _open_firmware(rig: RigConfig, config: FirmwareBoard, topology: Topology, stack: ExitStack) -> Board:
    from labrig.boards.wired import open_wired

    link = _open_firmware_link(rig, config, topology, stack)
    board = open_wired(link)
    try:
        _check_serial_number(config, board.info, link)
    except ConfigError:
        board.close()
        raise
    return board


def _open_firmware_link(rig: RigConfig, config: FirmwareBoard, topology: Topology, stack: ExitStack) -> Link:
    from labrig.bench.state import state_folder
    from labrig.boards.finding import find_board
    from labrig.config.links import DEFAULT_BAUDRATE, SerialLink
    from labrig.links.opening import open_link
    from labrig.links.ports import matching_ports
    from labrig.sim.damage import damaged
    from labrig.sim.launch import launched, unnamed

    if config.launch is not None and config.model is not None:
        serial_number = config.serial_number or unnamed(config.launch, config.model)
        wired = as_wired(rig.wiring, topology)
        port = stack.enter_context(
            launched(config.launch, config.model, wired, serial_number, state_folder(), rig.faults)
        )
        return damaged(open_link(SerialLink(port=port)), rig.faults, config.model.seed)
    _check_launched(rig)
    link = config.link
    if link is None:
        return open_link(SerialLink(port=find_board(config.serial_number or "", DEFAULT_BAUDRATE)))
    if isinstance(link, SerialLink) and link.several:
        port = find_board(config.serial_number or "", link.baudrate, matching_ports(link.port))
        return open_link(SerialLink(port=port, baudrate=link.baudrate))
    return open_link(link)


def _check_launched(rig: RigConfig) -> None:
    if rig.faults:
        msg = (
            "faults: found beside a board that is neither launched nor simulated; a bench has its own:"
            " remove them, or let board.launch start the board"
        )
        raise ConfigError(msg)


def _check_no_wire(rig: RigConfig) -> None:
    if wire := wire_faults(rig.faults):
        msg = (
            f"faults: found {wire[0].kind!r}, which a board simulated in this process cannot have:"
            " it has no wire; remove it, or leave --simulate out"
        )
        raise ConfigError(msg)


def _check_serial_number(config: FirmwareBoard, info: BoardInfo, link: Link) -> None:
    if config.serial_number not in (None, info.serial_number):
        msg = (
            f"board.serial_number: found board {info.serial_number} on {link.name}, the rig is for"
            f" {config.serial_number}; connect that board or correct the rig"
        )
        raise ConfigError(msg)


def assemble(rig: RigConfig, board: Board, topology: Topology, *, twin: bool = False) -> Bench:
    """The bench around a board that is open; the caller makes it safe.

    Parameters
    ----------
    twin
        The board is built from the rig's calibration: that does not expire for it.

    Raises
    ------
    ConfigError
        The board does not fit the rig.
    LinkError, ProtocolError, DeviceError
        It does not say what its branches hold.
    """
    wiring = resolve_wiring(rig.wiring, topology, board.info)
    if board.info.pulses is not None:
        return _assemble_memristors(rig, board, topology, wiring)
    reply = board.exchange(BoardRequest(boundaries=[], read_back=True))
    if reply.program is None:
        msg = (
            f"board {board.info.serial_number} did not say what its branches hold; its backend must read back"
        )
        raise BoardFault(msg)
    calibration = rig.calibration
    if calibration is not None:
        if not twin:
            check_valid(calibration, rig, board.info, celsius_of(board))
        check_metered(calibration, rig)
        fingerprint = wiring_fingerprint(wiring, board.info, topology)
        check_network(calibration, board.info, topology, fingerprint)
    laws, held = tap_laws(board.info, len(topology.branches)), None
    sound, doubts = np.ones(len(topology.branches), dtype=np.bool_), None
    if calibration is not None and calibration.wipers is not None:
        codes = reply.program.values[wiring.wiper_of_branch].astype(np.int64)
        branches = calibrated_branches(calibration.wipers, topology, board.info, codes)
        laws, held, sound = Laws(branches.law, branches.worst), branches.held, branches.sound
        converters = calibration.converters
        doubts = Doubts(branches.doubts, 0.0 if converters is None else converters.noise)
    masked = {topology.branch_name(k): k for k in range(len(topology.branches))}
    writable = sound.copy()
    writable[[masked[name] for name in rig.mask]] = False
    settle, averages = getattr(rig.board, "settle", 0.0), getattr(rig.board, "averages", 1)
    return Bench(
        board=board,
        topology=topology,
        wiring=wiring,
        programmer=Programmer(laws.nominal, wiring, writable, held),
        worst=laws.worst,
        supervisor=Supervisor(topology, limits_of(board.info, rig.limits), settle, spread(board.info)),
        scanning=Scanning(settle, averages),
        program=reply.program,
        boot_count=reply.boot_count,
        reasons=_reasons(calibration),
        doubts=doubts,
        pace=_pace(calibration, averages),
        drives=None if calibration is None else _drives(calibration, topology, board.info),
        corrections=Corrections.of(calibration.converters, topology)
        if calibration is not None and calibration.converters is not None
        else None,
    )


def _drives(calibration: Calibration, topology: Topology, info: BoardInfo) -> FloatArray:
    """As they were measured; as the board states where they were not."""
    known = {} if calibration.drives is None else calibration.drives.lines
    return np.array([known[node].ohm if node in known else info.drive for node in topology.nodes])


def _pace(calibration: Calibration | None, averages: int) -> PaceCalibration | None:
    """Of a board that averages as it was calibrated: what a conversion takes is not known by itself."""
    found = None if calibration is None else calibration.pace
    return found if found is not None and found.averages == averages else None


def _assemble_memristors(
    rig: RigConfig, board: Board, topology: Topology, wiring: WiringMap
) -> MemristorBench:
    """The bench around a board of memristors; its branches have been read."""
    if topology.crossbar_shape is None:
        msg = "network: memristors are read row by row, so it must be a crossbar"
        raise ConfigError(msg)
    if rig.calibration is not None:
        msg = "calibration: found beside a board of memristors, which is read anew each time; leave it out"
        raise ConfigError(msg)
    info, part = board.info, memristor(board.info.part)
    names = [topology.branch_name(k) for k in range(len(topology.branches))]
    settle, averages = getattr(rig.board, "settle", 0.0), getattr(rig.board, "averages", 1)
    limits = limits_of(info, rig.limits)
    bench = MemristorBench(
        board=board,
        topology=topology,
        wiring=wiring,
        supervisor=Supervisor(topology, limits, settle),
        scanning=Scanning(settle, averages),
        writable=np.array([name not in rig.mask for name in names]),
        boot_count=board.exchange(BoardRequest(boundaries=[])).boot_count,
        part=part,
        highest_pulse=rig.limits.voltage or np.inf,
        wear=_wear(rig, info, wiring.wipers),
    )
    bench.read_array()
    return bench


def _wear(rig: RigConfig, info: BoardInfo, wipers: int) -> Wear:
    """Of the board with this serial number; a board of software has one that is no more than a name."""
    launched = isinstance(rig.board, FirmwareBoard) and rig.board.launch is not None
    if launched or info.kind in ("simulated", "twin"):
        name = f"{info.serial_number}-{info.part}-{info.inputs}x{info.outputs}"
        return Wear(wear_folder(simulated=True), name, wipers)
    return Wear(wear_folder(simulated=False), info.serial_number, wipers)


def _reasons(calibration: Calibration | None) -> dict[str, str]:
    if calibration is None or calibration.wipers is None:
        return {}
    broken = {
        name: branch.verdict
        for name, branch in calibration.wipers.branches.items()
        if branch.verdict != "sound"
    }
    return {name: f"{verdict}, by its calibration" for name, verdict in broken.items()}
