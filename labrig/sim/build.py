"""Simulated boards from their configuration."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from labrig.boards.base import BoardInfo, CodeRange, Converter, PulseRange
from labrig.circuit.network import Nudging
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel, DigipotElements, FirmwareBoard, MemristorElements
from labrig.config.boards import SimulatedBoard as SimulatedBoardConfig
from labrig.config.calibration import Calibration
from labrig.config.faults import BranchFault, Fault
from labrig.config.rig import BoardConfig
from labrig.devices.memristors import memristor
from labrig.devices.parts import digipot
from labrig.errors import ConfigError
from labrig.sim.board import SimulatedBoard
from labrig.sim.branches import TrueBranches, TrueContinuous
from labrig.sim.broken import break_branches, check_no_processor, faults_by_wiper
from labrig.sim.channels import BadChannels, bad_channels
from labrig.sim.converters import THROUGH_RANGE, Driver, Reader
from labrig.sim.dividers import TrueDividers, inside_dividers
from labrig.sim.drives import drawn_drives
from labrig.sim.hardware import Hardware
from labrig.sim.lines import line_topology
from labrig.sim.memristor_board import MemristorBoard
from labrig.sim.memristors import AMPLITUDE_STEP, Devices, TrueMemristors
from labrig.sim.scales import Scales
from labrig.sim.switches import Switches
from labrig.sim.twin import Parts, drawn_parts, measured_parts
from labrig.sim.wires import inside_wires
from labrig.sim.world import CircuitWorld, Inside


def simulation_of(board: BoardConfig) -> tuple[BoardModel, str | None]:
    """What a rig's board is in simulation, and its serial number where the rig names one.

    Raises
    ------
    ConfigError
        The rig does not describe it.
    """
    if isinstance(board, SimulatedBoardConfig):
        return board, None
    if isinstance(board, FirmwareBoard) and board.model is not None:
        return board.model, board.serial_number
    msg = "this rig's board has no model to simulate; add board.model (elements, adc, dac, drive)"
    raise ConfigError(msg)


def build_hardware(
    model: BoardModel,
    topology: Topology,
    serial_number: str | None = None,
    faults: Sequence[Fault] = (),
    calibration: Calibration | None = None,
    draw: int = 0,
) -> Hardware:
    """Simulated chips on this network; all their randomness comes from the model's seed.

    Parameters
    ----------
    calibration
        Of a board whose twin this is to be; None: its parts are drawn from the seed.
    draw
        Which of the boards that the calibration leaves open; 0: as it was measured.

    Raises
    ------
    ConfigError
        The part is not known, the board cannot have such a fault, or its branches have no programs.
    """
    if isinstance(model.elements, MemristorElements):
        return _memristor_hardware(model, model.elements, topology, serial_number, faults)
    check_no_processor(faults)
    lines = line_topology(topology)
    parts = (
        drawn_parts(model, lines)
        if calibration is None
        else measured_parts(model, calibration, topology, draw)
    )
    inside = _inside(parts, lines)
    branches = _broken(parts, faults_by_wiper(faults, topology, model.elements), model.seed)
    switches = _switches(model, parts, lines if inside is None else inside.circuit, calibration)
    world = CircuitWorld(lines, branches.conductances(branches.power_up, 0), inside, switches)
    adc = Converter(model.adc.bits, model.adc.span) if model.adc else None
    dac = Converter(model.dac.bits, model.dac.span) if model.dac else None
    scales = parts.scales
    climate = parts.climate
    bad = bad_channels(faults, topology, model.adc)
    reader = Reader(adc, parts.noise, parts.noise_seed, bad, scales.adc, climate)
    return Hardware(
        info=replace(
            _info(model, topology, adc, dac, serial_number or f"SIM{model.seed}"),
            kind="simulated" if calibration is None else "twin",
            payload=None if calibration is None or calibration.pace is None else calibration.pace.payload,
        ),
        world=world,
        branches=branches,
        reader=reader,
        sensor=replace(reader, bad=BadChannels(), scale=scales.sense),
        driver=Driver(dac, model.drive, scales.dac, climate, parts.drives),
        boot_count=time.time_ns() // 1_000_000 % 2**32,
        climate=climate,
    )


def _inside(parts: Parts, lines: Topology) -> Inside | None:
    if isinstance(parts.branches, TrueDividers):
        return inside_dividers(lines)
    return None if parts.wires is None else inside_wires(lines, parts.wires)


def _broken(parts: Parts, broken: Mapping[int, BranchFault], seed: int) -> TrueBranches:
    if not isinstance(parts.branches, TrueDividers):
        return break_branches(parts.branches, broken, seed)
    if broken:
        msg = f"faults: {next(iter(broken.values())).kind}: dividers are simulated without faults of branches"
        raise ConfigError(msg)
    return parts.branches


def _switches(
    model: BoardModel, parts: Parts, circuit: Topology, calibration: Calibration | None
) -> Switches | None:
    """What depends on the voltage at it. A twin has none: its wipers are as they were met."""
    vices = model.elements.vices if isinstance(model.elements, DigipotElements) else None
    if vices is None or vices.wiper_bow == 0 or calibration is not None:
        return None
    if isinstance(parts.branches, TrueContinuous):
        return None
    wiper = parts.branches.switches
    return Switches(wiper, vices.wiper_bow, circuit.ends[: len(wiper), 1])


def build_board(
    model: BoardModel,
    topology: Topology,
    serial_number: str | None = None,
    faults: Sequence[Fault] = (),
    calibration: Calibration | None = None,
    draw: int = 0,
) -> SimulatedBoard:
    """`build_hardware` behind the `Board` of this process; memristors have a `Board` of their own."""
    chips = build_hardware(model, topology, serial_number, faults, calibration, draw)
    if isinstance(chips.branches, TrueMemristors):
        return MemristorBoard(chips, chips.branches)
    return SimulatedBoard(chips)


def _memristor_hardware(
    model: BoardModel,
    elements: MemristorElements,
    topology: Topology,
    serial_number: str | None,
    faults: Sequence[Fault],
) -> Hardware:
    check_no_processor(faults)
    lines, shape = line_topology(topology), topology.crossbar_shape
    if shape is None:
        msg = "board: memristors are read row by row, so their network must be a crossbar"
        raise ConfigError(msg)
    memristors = TrueMemristors(
        Devices.draw(elements, len(lines.branches), model.seed),
        shape,
        model.seed,
        formed=elements.formed,
        exchange=elements.exchange,
        broken=faults_by_wiper(faults, topology, elements),
    )
    adc = Converter(model.adc.bits, model.adc.span) if model.adc else None
    dac = Converter(model.dac.bits, model.dac.span) if model.dac else None
    scales = Scales.draw(model.adc, model.dac, len(lines.nodes), model.seed)
    noise = model.adc.noise if model.adc else 0.0
    reader = Reader(adc, noise, model.seed, bad_channels(faults, topology, model.adc), scales.adc)
    part = memristor(elements.part)
    info = replace(
        _info(model, topology, adc, dac, serial_number or f"SIM{model.seed}"),
        part=part.name,
        pulses=PulseRange(
            part.forming.ceiling, part.reset.highest, AMPLITUDE_STEP, part.shortest, part.longest
        ),
        verifies=model.drive > 0,
    )
    return Hardware(
        info=info,
        world=CircuitWorld(lines, memristors.read(0, 0)),
        branches=memristors,
        reader=reader,
        sensor=replace(reader, bad=BadChannels(), scale=scales.sense),
        driver=Driver(dac, model.drive, scales.dac, drives=drawn_drives(model, len(lines.nodes))),
        boot_count=time.time_ns() // 1_000_000 % 2**32,
    )


def _info(
    model: BoardModel, topology: Topology, adc: Converter | None, dac: Converter | None, serial_number: str
) -> BoardInfo:
    part = digipot(model.elements.part) if isinstance(model.elements, DigipotElements) else None
    return BoardInfo(
        kind="simulated",
        serial_number=serial_number,
        firmware="in process",
        fingerprint=None,
        inputs=len(topology.inputs),
        outputs=len(topology.outputs),
        hidden=len(topology.hidden),
        branches=len(topology.branches) // (2 if model.dividers else 1),
        codes=CodeRange(0, part.code_max, part.code_bits) if part else None,
        part=part.name if part else "ideal",
        adc=adc,
        dac=dac,
        drive=model.drive,
        nudging=Nudging(
            toward_target=model.nudge.toward,
            through=((0.0, float("inf")) if dac is None else THROUGH_RANGE) if model.nudge.through else None,
            inject=model.nudge.inject,
        ),
        heartbeat=None,
        learns=part is not None and topology.crossbar_shape is not None and not model.dividers,
        dividers=model.dividers,
    )
