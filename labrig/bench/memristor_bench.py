"""An opened rig whose branches are memristors: read as an array, moved by pulses, written by write-verify."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from labrig.arrays import Amperes, BoolArray, BranchArray, CodeArray, FloatArray, IntArray, Siemens, Volts
from labrig.bench.array_reading import reading_states, solved_conductances
from labrig.bench.bench import Bench, Scanning, Scans
from labrig.bench.board_write import BoardWrite
from labrig.bench.bounds import EffectiveBounds
from labrig.bench.corrections import Corrections
from labrig.bench.endings import end_if_told
from labrig.bench.evidence import Written
from labrig.bench.ispp import Ispp
from labrig.bench.open_loop import OpenLoop
from labrig.bench.programmer import Programmer
from labrig.bench.pulse_scheme import SLACK, highest_within, on_grid, scheme_of
from labrig.bench.supervisor import Supervisor
from labrig.bench.wear import Wear
from labrig.bench.wiring import WiringMap
from labrig.boards.base import (
    Board,
    BoardReply,
    BoardRequest,
    Conductances,
    Kept,
    Program,
    Pulses,
    Verified,
    VerifyTargets,
)
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import NetworkStates
from labrig.circuit.topology import Topology
from labrig.devices.memristors import MemristorPart
from labrig.errors import BoardFault, BoardReset, ConfigError, LimitExceeded
from labrig.units import format_quantity

TOLERANCE = 0.01
"""Relative, of a write that nobody says more about."""
_MARGIN = 0.05
"""Of a converter's span, by which lines at rest stay off the rail."""
_READ_LEVELS = 7
"""From read to read: the steps of converters are then met elsewhere, and their errors average out."""
_READ_STEP = 0.01
"""Of the read voltage, from one level down to the next."""
_UNMOVED = 0.02
"""Relative change below which a branch that had all its pulses has not answered."""


class MemristorBench(Bench):
    """A board of memristors behind the rig's wiring, as the `PhysicalNetwork` that learners see.

    What the board holds is what was read of it last. `settle` with a program writes it first: by pulses, with
    reads of the whole array in between.

    Parameters
    ----------
    part
        What the branches are.
    highest_pulse
        The rig's limit of voltage, which holds for pulses as well.
    wear
        What the branches have had before.
    """

    def __init__(
        self,
        board: Board,
        topology: Topology,
        wiring: WiringMap,
        supervisor: Supervisor,
        scanning: Scanning,
        writable: BoolArray,
        boot_count: int,
        *,
        part: MemristorPart,
        highest_pulse: Volts,
        wear: Wear,
        corrections: Corrections | None = None,
    ) -> None:
        unread = Conductances(np.full(wiring.wipers, np.nan))
        super().__init__(
            board=board,
            topology=topology,
            wiring=wiring,
            programmer=Programmer(None, wiring, writable),
            worst=None,
            supervisor=supervisor,
            scanning=scanning,
            program=unread,
            boot_count=boot_count,
            corrections=corrections,
        )
        self.part = part
        self.wear = wear
        """Of all runs."""
        generator = board.info.pulses
        step = generator.amplitude_step if generator else 0.0
        self._highest_pulse = on_grid(highest_within(part, supervisor.limits, highest_pulse), step)
        self.scheme = scheme_of(
            part,
            min(self._highest_pulse, generator.highest_set if generator else 0.0),
            min(self._highest_pulse, generator.highest_reset if generator else 0.0),
        )
        """Of writes."""
        self.tolerance = TOLERANCE
        """Of writes, relative."""
        self.by_board = False
        """The board verifies writes by itself."""
        self.pulses: IntArray = np.zeros(len(topology.branches), dtype=np.int64)
        """That each branch has had since the bench was opened, shape (B,)."""
        self.uncertainty: BranchArray = np.full(len(topology.branches), np.nan)
        """Of what was read last, standard, shape (B,), S."""
        self.reads = 0
        """Of the whole array, since then."""
        self.stuck: dict[int, str] = {}
        """Branches that did not answer to all the pulses of a write, and are not written again; why."""
        self.missed = 0
        """Branches that the last write has left outside its tolerance."""
        self._failed = np.full(len(topology.branches), np.nan)
        self.open_loop: OpenLoop | None = None
        """How pulses are counted that nobody reads back; None: write-verify."""
        self._shifted = False

    @property
    def masked(self) -> dict[str, str]:
        """Branches that are never written, and why."""
        found = {self.topology.branch_name(k): reason for k, reason in self.stuck.items()}
        return {**super().masked, **found}

    def restrict(
        self,
        experiment: tuple[Siemens, Siemens | None],
        *,
        span: Volts,
        injected: Amperes = 0.0,
        learns: bool = False,
    ) -> EffectiveBounds:
        """As `Bench.restrict`; the part's own range counts too."""
        floor, ceiling = experiment
        within = max(floor, self.part.lowest), min(ceiling or np.inf, self.part.highest)
        found = super().restrict(within, span=span, injected=injected, learns=learns)
        return replace(
            found,
            floor_from="part" if within[0] > floor else found.floor_from,
            ceiling_from="part"
            if ceiling != within[1] and found.ceiling_from == "experiment"
            else found.ceiling_from,
        )

    def settle(
        self,
        boundaries: Sequence[Boundary],
        *,
        program: BranchArray | None = None,
        currents: bool = False,
    ) -> NetworkStates:
        """As `Bench.settle`; a program is written first, in exchanges of its own."""
        if program is not None:
            self._bring(program)
        return super().settle(boundaries, currents=currents)

    def scan(
        self,
        boundaries: Sequence[Boundary],
        *,
        program: BranchArray | None = None,
        codes: CodeArray | None = None,
    ) -> Scans:
        """As `Bench.scan`; a program is written first.

        Raises
        ------
        ConfigError
            Codes are to be written.
        """
        if codes is not None:
            raise ConfigError(self._no_codes())
        if program is not None:
            self._bring(program)
        return super().scan(boundaries)

    def write_codes(self, codes: CodeArray) -> None:
        """There are none.

        Raises
        ------
        ConfigError
            In any case.
        """
        del codes
        raise ConfigError(self._no_codes())

    def _no_codes(self) -> str:
        return f"board {self.info.serial_number} is of memristors: it has no codes"

    def read_back(self) -> BranchArray | CodeArray:
        """What was read last: no chip holds a copy of what a memristor conducts; shape (B,), S."""
        return self.branch_values()

    def write_program(self, program: Program) -> None:
        """Bring the branches to what was `held` before."""
        self.write(np.asarray(program.values[self.wipers], dtype=np.float64))

    def state(self) -> dict[str, Any]:
        """What a run needs beside its latents to go on as if nobody had interrupted it, in plain numbers."""
        return {
            "stuck": {str(branch): why for branch, why in self.stuck.items()},
            "failed": self._failed.tolist(),
            "held": np.asarray(self._program.values).tolist(),
            "believed": self.open_loop.states.tolist() if self.open_loop and self._shifted else None,
            "board": self._board.state() if isinstance(self._board, Kept) else None,
        }

    def restore(self, state: Mapping[str, Any], *, anew: bool) -> None:
        """Go on from there: what is known of the branches holds, and a simulated board stands where it stood.

        Parameters
        ----------
        anew
            The board's devices are not those of the run: what was believed of them does not hold.
        """
        self.stuck.update({int(branch): why for branch, why in state["stuck"].items()})
        self._failed = np.array(state["failed"])
        if state["board"] is not None and isinstance(self._board, Kept):
            self._board.restore(state["board"])
        if self.open_loop is not None and state["believed"] is not None and not anew:
            self.open_loop.states, self._shifted = np.array(state["believed"]), True
            self._program = Conductances(np.array(state["held"]))

    def write_unread(self, open_loop: OpenLoop | None) -> None:
        """Write by counted pulses from now on, after zero-shifting; None: by write-verify again.

        What the board holds is then what the nominal law makes of the pulses, and was not read.
        """
        self.open_loop, self._shifted = open_loop, False

    def _bring(self, targets: BranchArray) -> None:
        """Write as it was set up."""
        open_loop = self.open_loop
        if open_loop is None:
            self.write(targets)
            return
        writable = np.flatnonzero(self.writable)
        if not self._shifted:
            self._send(open_loop, open_loop.zero_shifting(writable))
            self._shifted = True
        self._send(open_loop, open_loop.pulses(np.where(self.writable, targets, np.nan)))
        values = np.array(self._program.values, dtype=np.float64)
        values[self.wipers[writable]] = open_loop.believed[writable]
        self._program = Conductances(values)

    def _send(self, open_loop: OpenLoop, rounds: Iterable[tuple[IntArray, FloatArray]]) -> None:
        for branches, volts in rounds:
            end_if_told()
            self.pulse_surely(branches, volts, np.full(branches.size, open_loop.width))

    def read_array(self) -> BranchArray:
        """Read all branches in one exchange, shape (B,), S; lines stay at rest afterwards.

        Raises
        ------
        ConfigError
            The board has no drive resistors.
        LinkError, ProtocolError, DeviceError, LimitExceeded
        """
        if self.info.drive == 0:
            msg = (
                f"board {self.info.serial_number} has no drive resistors, over which the currents of"
                " memristors are read; give board.drive, such as 1 kohm"
            )
            raise ConfigError(msg)
        adc = self.info.adc
        low = self.level(0.0 if adc is None else _MARGIN * adc.span)
        high = self.scheme.read * (1 - _READ_STEP * (self.exchange_index % _READ_LEVELS))
        states = [*reading_states(self.topology, low, high), Boundary({})]
        scans = super().scan(states)
        resolution = 0.0 if adc is None else adc.lsb / math.sqrt(12)
        found, by_converters = solved_conductances(
            self.topology, scans.volts[:-1], scans.sources[:-1], self.info.drive, resolution
        )
        self.uncertainty = np.hypot(by_converters, self.part.read_noise)
        values = np.array(self._program.values, dtype=np.float64)
        values[self.wipers] = found
        self._program = Conductances(values)
        self.reads += 1
        return found

    def pulse(self, branches: IntArray, volts: FloatArray, widths: FloatArray | None = None) -> None:
        """Put pulses on branches, one after the other; all lines are at 0 V.

        Parameters
        ----------
        branches
            Shape (P,).
        volts
            Above 0 sets, below 0 resets; shape (P,).
        widths
            Shape (P,), s; None: the part's.

        Raises
        ------
        LimitExceeded
            Before a byte leaves.
        LinkError, ProtocolError, DeviceError
        """
        widths = np.full(branches.size, self.scheme.width) if widths is None else widths
        self._admit_pulses(branches, volts, self.part.set.highest)
        self._carry_out(branches, volts, widths)

    def pulse_surely(self, branches: IntArray, volts: FloatArray, widths: FloatArray | None = None) -> None:
        """Put pulses that nobody makes sure of by reading and pulsing again.

        Raises
        ------
        BoardFault
            The board was reset, so that nobody knows which of them were given.
        LimitExceeded, LinkError, ProtocolError, DeviceError
        """
        resets = self.resets
        self.pulse(branches, volts, widths)
        if self.resets > resets:
            msg = (
                f"board {self.info.serial_number} was reset while it gave pulses that are not read back:"
                " nobody knows what its memristors conduct; start again"
            )
            raise BoardFault(msg)

    def form(self, branches: IntArray, volts: Volts) -> None:
        """Put one forming pulse on each of these branches, which by the last read have not formed.

        Raises
        ------
        LimitExceeded
            One has formed already, or the pulse is above the ceiling of the part or the rig.
        LinkError, ProtocolError, DeviceError
        """
        formed = branches[~(self.branch_values()[branches] < self.part.formed)]
        if formed.size:
            name = self.topology.branch_name(int(formed[0]))
            msg = f"refused: branch {name} is formed, and a forming pulse would harm it; nothing was sent"
            raise LimitExceeded(msg)
        forming = self.part.forming
        levels = np.full(branches.size, volts)
        self._admit_pulses(branches, levels, forming.ceiling)
        self._carry_out(branches, levels, np.full(branches.size, forming.width))

    def _carry_out(self, branches: IntArray, volts: FloatArray, widths: FloatArray) -> None:
        step = 0.0 if self.info.pulses is None else self.info.pulses.amplitude_step
        given = np.rint(volts / step) * step if step else volts
        pulses = Pulses(self.wipers[branches], given, widths)
        request = BoardRequest(boundaries=[], pulses=pulses, index=self.exchange_index)
        # Counted before they leave: a link that breaks may have carried them.
        counts = np.bincount(branches, minlength=self.pulses.size)
        self.pulses += counts
        self.wear.add(self.wipers, counts)
        # Its lines are at 0 V then: what comes next is held against that.
        self._exchange(
            request, [Boundary(dict.fromkeys(range(len(self.topology.nodes)), 0.0))], self._program
        )
        self.exchange_index += 1

    def write(self, targets: BranchArray) -> Written:
        """Bring branches to conductances by pulses, reading all of them after each round.

        Masked branches and those that are known to be stuck are left out, and so is one that has failed at
        this target before.

        Parameters
        ----------
        targets
            Shape (B,), S; NaN: leave the branch alone.
        """
        near = np.abs(targets - self._failed) <= self.tolerance * np.abs(self._failed)
        left_out = ~self.writable | near
        left_out[list(self.stuck)] = True
        asked = np.where(left_out, np.nan, targets)
        first = self.read_array()
        outcome = self._by_board(asked, first) if self.by_board else self._by_host(asked, first)
        wanted = self.writable & ~np.isnan(targets)
        self.missed = int(np.count_nonzero(wanted & ~outcome.reached))
        self._note_failures(targets, first, outcome)
        return outcome

    def _by_host(self, targets: BranchArray, read: BranchArray) -> Written:
        """All branches get a pulse at a time, and are read again."""
        ispp = Ispp(targets, self.tolerance, self.scheme)
        while True:
            branches, volts = ispp.take(read, self.uncertainty)
            if ispp.over:
                return ispp.outcome()
            end_if_told()
            if branches.size:
                self.pulse(branches, volts)
            read = self.read_array()

    def _by_board(self, targets: BranchArray, read: BranchArray) -> Written:
        """The board reads and pulses one branch after the other; then all are read, as the host reads."""
        write = BoardWrite(targets, self.tolerance, self.scheme)
        while True:
            asked = write.take(read, self.uncertainty)
            if write.over:
                return write.outcome()
            end_if_told()
            if asked is not None:
                write.note(asked, self._verify(asked))
            read = self.read_array()

    def _verify(self, asked: VerifyTargets) -> Verified:
        """Let the board bring branches, (B,), to conductances as it reads them."""
        wanted = np.full(self.wear.pulses.size, np.nan)
        wanted[self.wipers] = asked.conductances
        request = BoardRequest(
            boundaries=[],
            verify=replace(asked, conductances=wanted),
            averages=self.averages,
            settle=self.settling,
            index=self.exchange_index,
        )
        own, told = self.wipers, None
        try:
            told = self._exchange(request, [], self._program).verified
        finally:
            # What a write gave that broke off is not known; it was no more than this.
            most = np.where(np.isnan(asked.conductances), 0, asked.scheme.most_pulses)
            given = most if told is None else told.pulses[own]
            self.pulses += given
            self.wear.add(own, given)
        if told is None:
            msg = f"board {self.info.serial_number} was reset while it wrote its memristors; resume the run"
            raise BoardFault(msg)
        found = Verified(told.conductances[own], told.pulses[own], told.reversals[own], told.reached[own])
        self.exchange_index += 1
        self._supervisor.released()
        return found

    def _note_failures(self, targets: BranchArray, first: BranchArray, outcome: Written) -> None:
        failed = (outcome.pulses > 0) & ~outcome.reached
        self._failed = np.where(outcome.reached, np.nan, np.where(failed, targets, self._failed))
        scheme, ends = self.scheme, 3 * self.part.range_spread
        enough = max(
            (scheme.set_highest - scheme.set_start) / scheme.set_step,
            (scheme.reset_highest - scheme.reset_start) / scheme.reset_step,
        )
        # No sound device can be at the end of its own range there, and each has felt the highest pulse.
        inside = (targets > self.part.lowest * (1 + ends)) & (targets < self.part.highest * (1 - ends))
        spent = failed & (outcome.pulses > enough) & (outcome.reversals == 0) & inside
        still = spent & (np.abs(outcome.conductances - first) <= _UNMOVED * np.abs(targets))
        for branch in np.flatnonzero(still).tolist():
            seen = format_quantity(float(outcome.conductances[branch]), "S")
            pristine = outcome.conductances[branch] < self.part.lowest / 10
            hint = "; is it pristine? labrig form" if pristine else ""
            self.stuck[branch] = f"stuck: {outcome.pulses[branch]} pulses left it at {seen}{hint}"

    @property
    def highest_forming(self) -> Volts:
        """Ceiling of a forming pulse: of the part, the board's generator and the rig."""
        generator = self.info.pulses
        most = generator.highest_set if generator else 0.0
        return min(self._highest_pulse, self.part.forming.ceiling, most)

    def _admit_pulses(self, branches: IntArray, volts: FloatArray, highest_set: Volts) -> None:
        for branch, volt in zip(branches.tolist(), volts.tolist(), strict=True):
            limit = min(self._highest_pulse, highest_set if volt > 0 else self.part.reset.highest)
            if not abs(volt) <= limit * SLACK:
                msg = (
                    f"refused: a pulse of {format_quantity(volt, 'V')} for branch"
                    f" {self.topology.branch_name(branch)}, the limit is {format_quantity(limit, 'V')} by the"
                    " part and the rig; nothing was sent"
                )
                raise LimitExceeded(msg)

    def _exchange(
        self,
        request: BoardRequest,
        boundaries: Sequence[Boundary],
        wanted: Program,
        *,
        most: Program | None = None,
    ) -> BoardReply:
        """Ask the supervisor, then the board; after a reset, pulses are not sent again."""
        del most
        worst = self._worst_case(wanted)
        request = replace(request, program=None)
        self._supervisor.admit(boundaries, worst)
        try:
            reply = self.waiting.exchange(self._board, request)
        except BoardReset:
            self.resets += 1
            reply = self.waiting.exchange(self._board, replace(request, pulses=None, verify=None))
        self._supervisor.settled(boundaries, worst)
        self.boot_count = reply.boot_count
        return reply

    def _worst_case(self, program: Program) -> BranchArray:
        """What a device of the part may conduct at most, whatever was read."""
        del program
        return np.full(len(self.topology.branches), self.part.most)
