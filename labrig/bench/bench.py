"""The opened rig: a physical network whose limits are watched and whose outputs end up off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import (
    Amperes,
    BoolArray,
    BranchArray,
    CodeArray,
    FloatArray,
    IntArray,
    Seconds,
    Siemens,
    Volts,
)
from labrig.bench.bounds import EffectiveBounds, effective_bounds
from labrig.bench.calibrated import DEVIATIONS
from labrig.bench.corrections import Corrections
from labrig.bench.currents import driver_currents, injected, injected_across
from labrig.bench.levels import Levels
from labrig.bench.limits import BenchLimits
from labrig.bench.line_meter import FunctionChanges
from labrig.bench.metered_board import MeteredBoard
from labrig.bench.programmer import Programmer, realise
from labrig.bench.stillness import Stillness
from labrig.bench.supervisor import Supervisor
from labrig.bench.waiting import Waiting
from labrig.bench.wiring import WiringMap, line_names, wiring_fingerprint
from labrig.boards.base import (
    Board,
    BoardInfo,
    BoardReply,
    BoardRequest,
    Codes,
    Counters,
    LearnSteps,
    Learnt,
    Monitored,
    Program,
    celsius_of,
)
from labrig.boards.learning import plan_learn
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import Flag, NetworkStates, Nudging, Origin
from labrig.circuit.remembered import Remembered
from labrig.circuit.topology import Topology
from labrig.config.calibration import PaceCalibration
from labrig.devices.dividers import DividerLaw
from labrig.devices.laws import ConductanceLaw
from labrig.errors import BoardReset, ConfigError, LabrigError
from labrig.instruments.base import Identity
from labrig.wire.learning import MOST_CODE, LearnTerms


@dataclass(frozen=True, slots=True)
class Scanning:
    """How a state is read."""

    settle: Seconds = 0.0
    averages: int = 1


@dataclass(frozen=True, slots=True)
class Scans:
    """M settled states as they were read, N nodes."""

    imposed: Sequence[Boundary]
    """On nodes: what the drivers were told, on the grid of their DACs."""
    volts: FloatArray
    """Node side of the drive resistors, shape (M, N), V."""
    sources: FloatArray
    """Driver side, shape (M, N), V; NaN where it was not read."""
    amperes: FloatArray
    """Into each node, as an instrument there measured it, shape (M, N), A; NaN where there is none, or where
    it was at a limit."""


@dataclass(frozen=True, slots=True)
class _Upcoming:
    """The program that was last asked for: a step asks for its digest before the next one writes it."""

    programmer: Programmer
    held: Program
    latent: BranchArray
    program: Program

    def answers(self, programmer: Programmer, held: Program, latent: BranchArray) -> bool:
        """Whether these would give the same program."""
        return self.programmer is programmer and self.held is held and np.array_equal(self.latent, latent)


@dataclass(frozen=True, slots=True)
class Doubts:
    """How well a calibration knows a board."""

    conductances: FloatArray
    """Standard uncertainty of what each branch conducts at each code, shape (B, codes), S."""
    noise: Volts
    """Standard deviation of one reading, its steps included."""


class Bench:
    """A board behind the rig's wiring, as the `PhysicalNetwork` that learners see.

    Made by `labrig.open_bench`, used as a context manager: leaving it, in whatever way, makes the board safe.

    Parameters
    ----------
    program, boot_count
        What the board held and told when it was opened.
    worst
        Tap law of parts at the conductive end of their tolerance, for the limits; None on a continuous board.
    corrections
        What a calibration found of the converters; None: they are taken as exact.
    reasons
        Why branches are not to be written, by name, where it is not the rig that masks them.
    doubts
        How well a calibration knows the board; None: it has none.
    pace
        How long the board takes, by its calibration; None: it is not known.
    drives
        Resistor between each node and its driver, shape (N,), ohm; None: all as the board states.
    """

    def __init__(
        self,
        board: Board,
        topology: Topology,
        wiring: WiringMap,
        programmer: Programmer,
        worst: ConductanceLaw | None,
        supervisor: Supervisor,
        scanning: Scanning,
        program: Program,
        boot_count: int,
        corrections: Corrections | None = None,
        reasons: Mapping[str, str] | None = None,
        doubts: Doubts | None = None,
        pace: PaceCalibration | None = None,
        drives: FloatArray | None = None,
    ) -> None:
        self._board = board
        self._topology = topology
        self._wiring = wiring
        self._whole = self._programmer = programmer
        self._worst = worst
        self._supervisor = supervisor
        self._scanning = scanning
        self._reasons = reasons or {}
        self.drives = np.full(len(topology.nodes), board.info.drive) if drives is None else drives
        """Resistor between each node and its driver, shape (N,), ohm."""
        self.doubts = doubts
        """How well a calibration knows the board; None: it has none."""
        self.waiting = Waiting(pace)
        """For the board: what its exchanges took, and what they should take."""
        self.correct(corrections)
        adc = board.info.adc
        self._stillness = None if adc is None else Stillness(len(topology.nodes), adc.span)
        self._upcoming: _Upcoming | None = None
        self._program = program
        self._is_held = True
        """The board holds `_program` for certain: no exchange broke off since."""
        self.boot_count = boot_count
        """Of the board, as of its last reply."""
        self.exchange_index: int = 0
        """Number of the next exchange of the run; simulated noise is a function of it. Set by a resume."""
        self.resets: int = 0
        """Times the board was found reset and was restored."""

    @property
    def topology(self) -> Topology:
        """Nodes and branches of the rig."""
        return self._topology

    @property
    def nudging(self) -> Nudging:
        """What the board can impose without waiting for the host.

        No pull from its own reading where a calibration corrects readings: the board does not know that.
        """
        nudging = self._board.info.nudging
        return nudging if self._corrections is None else replace(nudging, toward_target=False)

    @property
    def info(self) -> BoardInfo:
        """Identity and ranges of the board."""
        return self._board.info

    @property
    def counters(self) -> Counters:
        """What crossed the link so far."""
        return self._board.counters

    @property
    def monitored(self) -> Monitored | None:
        """The board again where it can be asked for an echo and for its health; None where it has no link."""
        return self._board if isinstance(self._board, Monitored) else None

    @property
    def function_changes(self) -> FunctionChanges:
        """What it cost source meters to change between driving a node and listening to it."""
        return self._board.function_changes if isinstance(self._board, MeteredBoard) else FunctionChanges()

    @property
    def instruments(self) -> dict[int, Identity]:
        """Who the source meters on nodes are."""
        if not isinstance(self._board, MeteredBoard):
            return {}
        node_of = {line: node for node, line in enumerate(self._wiring.line_of_node.tolist())}
        return {node_of[line]: identity for line, identity in self._board.identities.items()}

    @property
    def line_names(self) -> list[str]:
        """The board's line at each node, as `wiring` in a rig has it: ``dac0``, ``adc3``, ``sense1``."""
        return line_names(self._wiring, self.info)

    @property
    def line_of_node(self) -> IntArray:
        """Number of the board's line at each node, shape (N,): those of inputs first, then of outputs."""
        return self._wiring.line_of_node

    @property
    def wiring_fingerprint(self) -> str:
        """Of which line each node has, and which wiper each branch."""
        return wiring_fingerprint(self._wiring, self.info, self._topology)

    @property
    def writable(self) -> BoolArray:
        """Which branches may be written: all that the rig does not mask; shape (B,)."""
        return self._programmer.writable

    @property
    def masked(self) -> dict[str, str]:
        """Branches that are never written, and why."""
        names = (self._topology.branch_name(k) for k in range(len(self._topology.branches)))
        return {
            name: self._reasons.get(name, "masked by the rig")
            for name, writable in zip(names, self.writable, strict=True)
            if not writable
        }

    @property
    def wipers(self) -> IntArray:
        """Number of each branch's wiper on the board, shape (B,)."""
        return self._wiring.wiper_of_branch

    @property
    def programmer(self) -> Programmer:
        """How siemens become codes."""
        return self._programmer

    @property
    def limits(self) -> BenchLimits:
        """The limits in force: the tighter of device and rig."""
        return self._supervisor.limits

    def restrict(
        self,
        experiment: tuple[Siemens, Siemens | None],
        *,
        span: Volts,
        injected: Amperes = 0.0,
        learns: bool = False,
    ) -> EffectiveBounds:
        """Write only codes that experiment, part and limits allow at the voltages of a task, rounding inward.

        Parameters
        ----------
        experiment
            Floor ε and ceiling, S; None: no ceiling of its own.
        span
            Highest minus lowest voltage that will be driven, V.
        injected
            Most current that will be injected at once, A.
        learns
            The board changes the codes by itself, which it can up to code 255.

        Raises
        ------
        ConfigError
            Nothing is left between floor and ceiling.
        """
        branches = len(self.topology.branches)
        allowed = self._supervisor.limits.largest_conductance(span, injected)
        part = "code 255, the highest that the board learns with" if learns else "part"
        whole = self._whole.up_to(MOST_CODE) if learns else self._whole
        found = effective_bounds(experiment, whole.law, self._worst, allowed, span, branches, least_from=part)
        self._programmer = whole.within(found.bounds.floor, found.bounds.ceiling)
        return found

    def correct(self, corrections: Corrections | None) -> None:
        """Take the converters to be as a calibration found them from now on; None: as exact."""
        scale = None if corrections is None else corrections.levels
        levels = Levels(self._board.info.dac, self._supervisor.limits.voltage, scale)
        self._corrections = corrections
        self._imposable = Remembered[Boundary, Sequence[Boundary]](
            lambda boundaries: tuple(levels.imposable(boundary) for boundary in boundaries)
        )
        self._on_lines = Remembered[Boundary, Sequence[Boundary]](
            lambda boundaries: tuple(self._wiring.to_lines(levels.told(boundary)) for boundary in boundaries)
        )

    def use(self, programmer: Programmer) -> None:
        """Write as `restrict` had left it for one of several experiments that take turns on this bench."""
        self._programmer = programmer

    @property
    def averages(self) -> int:
        """Conversions a reading."""
        return self._scanning.averages

    def check_learning(self) -> None:
        """Whether the board may learn by itself on this rig.

        Raises
        ------
        ConfigError
            It cannot, or the rig is not the crossbar that it knows.
        """
        info, topology, wiring = self.info, self._topology, self._wiring
        number, why = info.serial_number, None
        if not info.learns:
            why = f"board {number} cannot learn by itself"
        elif topology.crossbar_shape != (info.inputs, info.outputs):
            why = f"board {number} learns on its own crossbar of {info.inputs} × {info.outputs} only"
        elif np.any(np.diff(wiring.wiper_of_branch) != 1) or np.any(np.diff(self._drivers()) != 1):
            why = f"board {number} learns only where lines and wipers are wired in order"
        elif not self._programmer.writable.all():
            why = f"board {number} learns on all branches, but the rig's mask keeps some of them"
        if why is not None:
            msg = f"learning.where: {why}; set it to host"
            raise ConfigError(msg)

    def _drivers(self) -> IntArray:
        """Lines of the inputs, then of the outputs."""
        topology = self._topology
        return self._wiring.line_of_node[[*topology.inputs, *topology.outputs]]

    def check_learning_frame(self, terms: LearnTerms, boundaries: Sequence[Boundary]) -> None:
        """Whether the board can be told these boundaries.

        Raises
        ------
        ConfigError
            They are too many for one frame.
        """
        lines = self._on_lines(self._imposable(boundaries))
        plan_learn(terms, 1, lines, self._scanning.averages, 0, self.info)

    def learn(
        self, boundaries: Sequence[Boundary], terms: LearnTerms, latents: CodeArray, steps: int
    ) -> tuple[NetworkStates, Learnt | None]:
        """One exchange: let the board take steps from these latents on, (B,); then as `settle`.

        Parameters
        ----------
        boundaries
            A free and a clamped one in turn.
        steps
            0: bring the codes of the latents to the board and measure.

        Raises
        ------
        LimitExceeded
            Some code that the board may choose could take a branch over a limit; before a byte leaves.
        LinkError, ProtocolError, DeviceError
        """
        program = Codes(terms.codes(latents))
        imposed = self._imposable(boundaries)
        request = BoardRequest(
            boundaries=self._on_lines(imposed),
            program=program,
            learn=LearnSteps(latents, steps, terms) if steps else None,
            settle=self._scanning.settle,
            averages=self._scanning.averages,
            index=self.exchange_index,
        )
        # Each step begins where the one before ended, at any of the codes that the terms allow.
        most = Codes(np.full(latents.shape, terms.lowest, dtype=np.int64))
        reply = self._exchange(request, [*imposed, *imposed], program, most=most)
        self.exchange_index += 1
        states = self._states(imposed, reply, self._programmer.realised(self._program), currents=False)
        return states, reply.learnt

    def settle(
        self,
        boundaries: Sequence[Boundary],
        *,
        program: BranchArray | None = None,
        currents: bool = False,
    ) -> NetworkStates:
        """One exchange, as `PhysicalNetwork.settle` has it.

        A board that was reset in between gets its codes back and the exchange is done again, once.

        Raises
        ------
        LimitExceeded
            Before a byte leaves.
        LinkError, ProtocolError, DeviceError
        """
        sources = currents and self.info.drive > 0
        imposed, reply = self._imposed(boundaries, self._wanted(program), sources=sources)
        return self._states(imposed, reply, self.realised(), currents=currents)

    def level(self, volts: Volts) -> Volts:
        """What the drivers make of a voltage: the nearest step of their DAC."""
        (imposed,) = self._imposable([Boundary({self.topology.inputs[0]: volts})])
        return imposed.voltages[self.topology.inputs[0]]

    def line_bytes(self, boundaries: Sequence[Boundary]) -> int | None:
        """Bytes of a `settle` that changes every code; nothing is sent. None: no line, or no codes."""
        if self.monitored is None or not isinstance(self._program, Codes):
            return None
        held, codes = self._program.values, self.info.codes
        request = BoardRequest(
            boundaries=self._on_lines(self._imposable(boundaries)),
            program=Codes(np.where(held > (codes.minimum if codes else 0), held - 1, held + 1)),
            settle=self._scanning.settle,
            averages=self._scanning.averages,
        )
        return self.monitored.line_bytes(request)

    @property
    def settling(self) -> Seconds:
        """Wait before each state is read."""
        return self._scanning.settle

    def scan(
        self,
        boundaries: Sequence[Boundary],
        *,
        program: BranchArray | None = None,
        codes: CodeArray | None = None,
    ) -> Scans:
        """One exchange like `settle`, with every reading as the converters gave it, near a rail or not.

        Parameters
        ----------
        codes
            To write first, instead of a program in siemens, shape (B,).

        Raises
        ------
        LimitExceeded
            Before a byte leaves.
        LinkError, ProtocolError, DeviceError
        """
        wanted = self._wanted(program) if codes is None else self._with_codes(codes)
        imposed, reply = self._imposed(boundaries, wanted, sources=self.info.drive > 0)
        volts, sources = self._readings(reply)
        amperes = np.full(volts.shape, np.nan)
        if reply.amperes is not None:
            amperes = reply.amperes[:, self._wiring.line_of_node]
        return Scans(imposed, volts, sources, amperes)

    def read_back(self) -> BranchArray | CodeArray:
        """What the chips say that they hold, branch by branch: codes, or S on a continuous board; (B,)."""
        written = None if self._is_held else self._program
        request = BoardRequest(boundaries=[], program=written, read_back=True)
        reply = self._exchange(request, [], self._program)
        told = self._program if reply.program is None else reply.program
        return told.values[self._wiring.wiper_of_branch]

    def program_of(self, latent: BranchArray) -> Program:
        """The program that `settle` would send for these conductances, (B,) S."""
        known = self._upcoming
        if known is None or not known.answers(self._programmer, self._program, latent):
            program = self._programmer.program(latent, self._program)
            known = self._upcoming = _Upcoming(self._programmer, self._program, latent.copy(), program)
        return known.program

    def held(self) -> Program:
        """What the board holds, as far as the host knows: read back at opening, written since."""
        return self._program

    def branch_values(self) -> BranchArray | CodeArray:
        """`held`, branch by branch: codes, or S on a continuous board; shape (B,)."""
        return self._program.values[self._wiring.wiper_of_branch]

    def realised(self) -> BranchArray:
        """Conductance of each branch by what the board holds, shape (B,), S."""
        return self._programmer.realised(self._program)

    def codes_of(self, latent: BranchArray) -> CodeArray:
        """Codes that `settle` would write for these conductances, (B,) S to (B,)."""
        return np.asarray(self.program_of(latent).values[self._wiring.wiper_of_branch], dtype=np.int64)

    def write_codes(self, codes: CodeArray) -> None:
        """Put these codes on the branches, shape (B,): an exchange without boundaries."""
        self.write_program(self._with_codes(codes))

    def most_conductive(self, codes: CodeArray) -> BranchArray:
        """The most that each branch may conduct at its code, by part or calibration, shape (B,), S."""
        return self._worst_case(self._with_codes(codes))

    def write_program(self, program: Program) -> None:
        """Put a whole program on the board, such as one that was `held` before."""
        self._exchange(BoardRequest(boundaries=[], program=program), [], program)

    def digest(self) -> int:
        """Digest of the program that is on the board now, asked from the board."""
        return self._board.digest()

    def celsius(self) -> float | None:
        """Temperature of the board in degrees Celsius, one turn-around on a link; None: it does not tell."""
        return celsius_of(self._board)

    def renew(self, seconds: Seconds) -> None:
        """Tell the board's keeper that the main loop lives and may be silent for this long."""
        self._board.renew(seconds)

    def make_safe(self) -> None:
        """Drivers at 0 V and released; branches keep their program."""
        try:
            self._board.make_safe()
        except LabrigError:
            if isinstance(self._board, MeteredBoard) and self._board.floating:
                self._supervisor.released()
            raise
        self._supervisor.released()

    def close(self) -> None:
        """Make safe and let go of the board."""
        self._board.close()

    def _imposed(
        self, boundaries: Sequence[Boundary], wanted: Program | None, *, sources: bool
    ) -> tuple[Sequence[Boundary], BoardReply]:
        """One numbered exchange that scans these states: boundaries as they were imposed, and the reply."""
        imposed = self._imposable(boundaries)
        request = BoardRequest(
            boundaries=self._on_lines(imposed),
            program=self._program if wanted is None and not self._is_held else wanted,
            settle=self._scanning.settle,
            averages=self._scanning.averages,
            sources=sources,
            index=self.exchange_index,
        )
        reply = self._exchange(request, imposed, self._program if wanted is None else wanted)
        self.exchange_index += 1
        return imposed, reply

    def _wanted(self, program: BranchArray | None) -> Program | None:
        return None if program is None else self.program_of(program)

    def _with_codes(self, codes: CodeArray) -> Codes:
        values, wipers = self._program.values.copy(), self._wiring.wiper_of_branch
        values[wipers] = codes
        if (other := np.flatnonzero(values[wipers] != codes)).size:
            sharing: list[int] = np.flatnonzero(wipers == wipers[other[0]]).tolist()
            first, second = map(self._topology.branch_name, sharing)
            msg = f"codes: {first} and {second} have one wiper, and so one code; give both the same"
            raise ConfigError(msg)
        return Codes(np.asarray(values, dtype=np.int64))

    def _exchange(
        self,
        request: BoardRequest,
        boundaries: Sequence[Boundary],
        wanted: Program,
        *,
        most: Program | None = None,
    ) -> BoardReply:
        """Ask the supervisor, then the board.

        Parameters
        ----------
        boundaries
            The request's, on nodes.
        wanted
            What the board holds once it is programmed.
        most
            The most conductive program that it may come to by itself; None: `wanted`.
        """
        worst = self._worst_case(wanted if most is None else most)
        self._supervisor.admit(boundaries, worst)
        self._is_held = False
        try:
            reply = self.waiting.exchange(self._board, request)
        except BoardReset:
            self.resets += 1
            reply = self.waiting.exchange(self._board, replace(request, program=wanted))
        held = wanted if reply.learnt is None else Codes(reply.learnt.codes)
        self._supervisor.settled(boundaries, self._worst_case(held))
        self._program, self._is_held = held, True
        self.boot_count = reply.boot_count
        return reply

    def _worst_case(self, program: Program) -> BranchArray:
        codes, held = program.values[self._wiring.wiper_of_branch], self._whole.held
        if held is not None and self.doubts is not None:
            known = self.doubts.conductances[np.arange(len(held)), codes.astype(np.int64)]
            held = held + DEVIATIONS * known
        return realise(self._worst, codes, held)

    def _readings(self, reply: BoardReply) -> tuple[FloatArray, FloatArray]:
        """Node side and driver side of the drive resistors as volts, each of shape (M, N)."""
        lines = self._wiring.line_of_node
        volts, sources = reply.voltages[:, lines], reply.sources[:, lines]
        if self._corrections is None:
            return volts, sources
        return self._corrections.lines.taken(volts), self._corrections.sources.taken(sources)

    def _states(
        self, boundaries: Sequence[Boundary], reply: BoardReply, conductances: BranchArray, *, currents: bool
    ) -> NetworkStates:
        lines = self._wiring.line_of_node
        volts, sources = self._readings(reply)
        flags = np.where(reply.saturated[:, lines], Flag.SATURATED, Flag.NONE).astype(np.uint8)
        origin = np.full(volts.shape, Origin.MEASURED, dtype=np.uint8)
        for row in np.flatnonzero(flags.any(axis=1)).tolist():
            asked = boundaries[row].voltages
            flagged = [node for node in asked if flags[row, node]]
            volts[row, flagged] = [asked[node] for node in flagged]
            origin[row, flagged] = Origin.COMMANDED
        if self._stillness is not None and boundaries:
            flags[:, self._stillness(boundaries, reply.voltages[:, lines])] |= np.uint8(Flag.STUCK)
        amperes = np.full(volts.shape, np.nan)
        current_origin = np.full(volts.shape, Origin.UNKNOWN, dtype=np.uint8)
        if currents:
            for row, boundary in enumerate(boundaries):
                driven = [*boundary.voltages, *boundary.currents, *boundary.nudges]
                over = driver_currents(boundary, self.drives, sources[row], volts[row])
                known = over[driven]
                modelled = self._modelled(conductances, volts[row])[driven]
                unknown = np.isnan(known)
                amperes[row, driven] = np.where(unknown, modelled, known)
                current_origin[row, driven] = np.where(unknown, Origin.MODELLED, Origin.MEASURED)
        return NetworkStates(volts, origin, amperes, current_origin, flags, conductances)

    def _modelled(self, conductances: BranchArray, volts: FloatArray) -> FloatArray:
        """Current into each node by what the branches are taken to conduct, shape (N,), A."""
        found, law = injected(self.topology, conductances, volts), self._whole.law
        if isinstance(law, DividerLaw):
            found += injected_across(self.topology, law, conductances, volts)
        return found
