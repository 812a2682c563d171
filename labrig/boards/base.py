"""The pluggable backend: what a board of programmable branches is asked, and what it answers.

A board knows *lines*, not the experiment's nodes: line numbers run over its inputs, then its outputs, then
its hidden (sense-only) lines. `labrig.bench` maps nodes to lines and branches to wipers by the rig's wiring.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from labrig.arrays import BoolArray, BranchArray, CodeArray, FloatArray, IntArray, Ohms, Seconds, Volts
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import Nudging
from labrig.wire.digest import image_digest
from labrig.wire.learning import LearnTerms


@dataclass(frozen=True, slots=True)
class Converter:
    """An ADC or DAC: ``code = floor(v / lsb + 1/2)``, kept within 0 … 2**bits - 1."""

    bits: int
    span: Volts

    @property
    def lsb(self) -> Volts:
        """One code step: span / (2**bits - 1)."""
        return self.span / ((1 << self.bits) - 1)

    def volts(self, codes: CodeArray | FloatArray) -> FloatArray:
        """Voltage of each code (or mean of codes)."""
        return np.asarray(codes, dtype=np.float64) * self.lsb


@dataclass(frozen=True, slots=True)
class CodeRange:
    """Legal wiper codes, both ends included, and the bits one takes on the wire."""

    minimum: int
    maximum: int
    bits: int


@dataclass(frozen=True, slots=True)
class PulseRange:
    """Voltage pulses that a board can give to its memristors."""

    highest_set: Volts
    highest_reset: Volts
    """Magnitudes, V."""
    amplitude_step: Volts
    """Every amplitude is a multiple of it."""
    shortest: Seconds
    longest: Seconds


@dataclass(frozen=True, slots=True)
class BoardInfo:
    """Who a board is and what it can do; fixed while it is open."""

    kind: str
    serial_number: str
    firmware: str
    fingerprint: int | None
    """Of the protocol definition the firmware was built from; None in process."""
    inputs: int
    outputs: int
    hidden: int
    branches: int
    codes: CodeRange | None
    """None: the branches take conductances, not codes."""
    part: str
    adc: Converter | None
    """None: readings are exact."""
    dac: Converter | None
    """None: voltages are imposed exactly."""
    drive: Ohms
    """Resistor between each driver and its line; 0: the line is forced."""
    nudging: Nudging
    heartbeat: Seconds | None
    """Silence after which the board releases all drivers by itself; None: it cannot."""
    max_averages: int = 16
    learns: bool = False
    """It updates the conductances of its crossbar by itself."""
    payload: int | None = None
    """Bytes that a frame to it carries; None: it has no line."""
    pulses: PulseRange | None = None
    """None: this board has no pulses."""
    verifies: bool = False
    """It brings the memristors of its crossbar to conductances by itself."""
    dividers: bool = False
    """Each wiper is that of a potentiometer with three terminals: two branches of a crossbar share it."""

    @property
    def lines(self) -> int:
        """Lines of all kinds."""
        return self.inputs + self.outputs + self.hidden


@dataclass(frozen=True, slots=True)
class Codes:
    """Absolute wiper codes of all branches, shape (W,)."""

    values: CodeArray


@dataclass(frozen=True, slots=True)
class Conductances:
    """Conductances of all branches of a continuous board, shape (W,), S."""

    values: BranchArray


Program: TypeAlias = Codes | Conductances


@dataclass(frozen=True, slots=True)
class LearnSteps:
    """Steps of the contrastive rule that the board takes by itself, from these latents on."""

    latents: CodeArray
    """Before the first step, shape (W,); the request's program holds their codes."""
    steps: int
    terms: LearnTerms


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a board's own steps came to."""

    latents: CodeArray
    """Shape (W,)."""
    codes: CodeArray
    """That belong to them and are on the chips, shape (W,)."""
    at_floor: int
    at_ceiling: int
    """Latents that the last step held at a bound."""
    unused: int
    """Samples, of all steps, that moved nothing because a reading was at the end of its range."""

    @property
    def digest(self) -> int:
        """Digest of the codes."""
        return program_digest(Codes(self.codes))


@dataclass(frozen=True, slots=True)
class Pulses:
    """Voltage pulses on branches, one after the other.

    Not absolute: they are never sent twice, see `BoardRequest.pulses`.
    """

    wipers: IntArray
    """Which branch (board numbering), shape (P,)."""
    amplitudes: FloatArray
    """Shape (P,), V; above 0 sets (raises the conductance), below 0 resets."""
    widths: FloatArray
    """Shape (P,), s."""


@dataclass(frozen=True, slots=True)
class PulseScheme:
    """Amplitudes that grow from pulse to pulse (incremental-step pulse programming, ISPP), and bounds."""

    set_start: Volts
    set_step: Volts
    set_highest: Volts
    reset_start: Volts
    reset_step: Volts
    reset_highest: Volts
    """Magnitudes, all above 0."""
    width: Seconds
    most_pulses: int
    most_reversals: int
    """Of one branch: changes from setting to resetting or back."""
    read: Volts
    """What an input is driven to while a branch is read."""


@dataclass(frozen=True, slots=True)
class VerifyTargets:
    """Conductances that the board is to reach by pulses of its own, reading in between."""

    conductances: BranchArray
    """Shape (W,), S; NaN: leave this branch alone."""
    tolerance: float
    """Relative, of the target."""
    scheme: PulseScheme


@dataclass(frozen=True, slots=True)
class Verified:
    """How a write by pulses ended, branch by branch; shape (W,) each."""

    conductances: BranchArray
    """As read last, S; NaN where untouched."""
    pulses: IntArray
    reversals: IntArray
    reached: BoolArray
    """Within the tolerance."""


@dataclass(frozen=True, slots=True)
class BoardRequest:
    """One exchange. Complete: it does not depend on any earlier one, so it may be sent again.

    With pulses, or targets to be reached by them, it may not: what was given is given.
    """

    boundaries: Sequence[Boundary]
    """On line numbers."""
    program: Program | None = None
    learn: LearnSteps | None = None
    """Behind the program, before the scan: steps on the boundaries, a free and a clamped one in turn."""
    pulses: Pulses | None = None
    """Before the boundaries; all lines go to 0 V and stay there. Never given twice, whatever gets lost."""
    verify: VerifyTargets | None = None
    """Before the boundaries, likewise. At most one of program, learn, pulses and verify is asked for."""
    settle: Seconds = 0.0
    """Wait between imposing a boundary and scanning it."""
    averages: int = 1
    """Scans of a boundary that are averaged."""
    sources: bool = False
    """Also read the driver's side of each drive resistor."""
    read_back: bool = False
    """Read the program back from the chips."""
    index: int = 0
    """Number of this exchange in the run; simulated noise is a function of (seed, part, index)."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Since the board was opened, as counted on the host's side of the link (or by the simulation)."""

    exchanges: int = 0
    turn_arounds: int = 0
    """Times the host could not build its next frame without a reply of the same exchange."""
    frames: int = 0
    bytes_down: int = 0
    bytes_up: int = 0
    retries: int = 0
    damaged: int = 0
    """Frames that came from the board and could not be read."""
    measurements: int = 0
    """Settled states scanned."""
    writes: int = 0
    """Branch codes sent, or pulses of memristors given."""


@dataclass(frozen=True, slots=True)
class BoardReply:
    """What an exchange gave. M boundaries, L lines."""

    voltages: FloatArray
    """Line side of the drive resistors, shape (M, L), V."""
    sources: FloatArray
    """Driver side, shape (M, L), V; NaN where not driven or not asked for."""
    saturated: BoolArray
    """Shape (M, L): the reading of the line side is within 1 % of a rail."""
    program: Program | None
    """Read back from the chips where asked for: codes, or the conductances of a continuous board."""
    digest: int
    """Of all that is applied, see `program_digest`."""
    boot_count: int
    learnt: Learnt | None = None
    """Where the board was to learn."""
    verified: Verified | None = None
    """Where the board was to reach conductances by pulses."""
    amperes: FloatArray | None = None
    """Into each line, as an instrument there measured it, shape (M, L), A; NaN where there is none, or where
    it was at a limit. None: no line has one."""


@dataclass(frozen=True, slots=True)
class Health:
    """What a board counts and measures of itself; the counts are since its reset."""

    boot_count: int
    uptime: Seconds
    armed: bool
    driven: int
    """Drivers that are not released."""
    fault: str
    """Why it refused a request last; empty: it has refused none."""
    heartbeat_expired: int
    frames_good: int
    frames_bad: int
    """Damaged, or no requests."""
    overruns: int
    states: int
    """Settled states scanned."""
    codes_written: int
    supply: Volts
    temperature: float
    """Degrees Celsius."""


@runtime_checkable
class Monitored(Protocol):
    """What a board behind a link can be asked beyond `Board`; no driver and no branch changes by it."""

    @property
    def resets_at_open(self) -> bool:
        """Opening its port has reset it."""
        ...

    def echo(self, data: bytes) -> bytes:
        """Send bytes there and back: one turn-around."""
        ...

    def health(self) -> Health:
        """What the board says of itself."""
        ...

    def line_bytes(self, request: "BoardRequest") -> int:
        """Bytes that an exchange takes the line for, in the direction that carries more; nothing is sent."""
        ...


@runtime_checkable
class Kept(Protocol):
    """A board whose branches take no program, but can be put where they stood: a simulated one."""

    def state(self) -> Mapping[str, Sequence[float]]:
        """Of its branches, in plain numbers."""
        ...

    def restore(self, state: Mapping[str, Sequence[float]]) -> None:
        """Put the branches there."""
        ...


@runtime_checkable
class Thermometer(Protocol):
    """What a board can be asked for that knows its temperature without a frame on a line."""

    def celsius(self) -> float | None:
        """Degrees Celsius; None: not this one."""
        ...


class Board(Protocol):
    """The second seam. `exchange` is the only call that moves anything."""

    @property
    def info(self) -> BoardInfo:
        """Identity, ranges and capabilities."""
        ...

    @property
    def counters(self) -> Counters:
        """What crossed the link so far."""
        ...

    def exchange(self, request: BoardRequest) -> BoardReply:
        """Program the branches, then impose, settle and scan each boundary: one turn-around.

        The last boundary stays imposed until the next exchange, `make_safe` or the heartbeat's expiry.

        Raises
        ------
        ConfigError, LimitExceeded
            The board cannot do that, see `labrig.boards.checking.check_request`; nothing has changed.
        LinkClosed
            The board was closed.
        LinkError, ProtocolError, DeviceError
        """
        ...

    def digest(self) -> int:
        """Digest of the codes that are on the board now."""
        ...

    def renew(self, seconds: Seconds) -> None:
        """Renew the main loop's lease for this long: heartbeats go on meanwhile. `exchange` renews it too."""
        ...

    def make_safe(self) -> None:
        """Clamps open, drivers at 0 V and released; branches keep their program. Allowed at any time."""
        ...

    def close(self) -> None:
        """Make safe, then let go of the link; twice is fine."""
        ...


def celsius_of(board: Board) -> float | None:
    """Temperature of a board, in degrees Celsius; None where it does not tell."""
    if isinstance(board, Thermometer):
        return board.celsius()
    return board.health().temperature if isinstance(board, Monitored) else None


def program_digest(program: Program) -> int:
    """Of codes that of the wire protocol, of conductances the CRC-32 of their float64, little-endian."""
    if isinstance(program, Codes):
        return image_digest(program.values)
    return zlib.crc32(np.ascontiguousarray(program.values, dtype="<f8").tobytes())


def saturation(codes: NDArray[np.float64] | CodeArray, converter: Converter) -> BoolArray:
    """Which readings lie within 1 % of a rail."""
    full = 2**converter.bits - 1
    return np.asarray((codes < 0.01 * full) | (codes > 0.99 * full))
