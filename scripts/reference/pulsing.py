"""PULSE and VERIFY in exact fractions: devices that pulses move, how a branch is read, what is answered."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import NamedTuple

from reference.board import Bench, Circuit, State, convert, solve
from reference.wire import OUTCOMES, fields

UNREAD = 2**32 - 1
FINE = 2**100
"""States are kept to so many parts: far finer than what a converter sees, and no longer than they need be."""


class Pulse(NamedTuple):
    """One pulse, in millivolt and 10 ns."""

    branch: int
    amplitude: int
    width: int

    def encode(self) -> bytes:
        return (
            self.branch.to_bytes(2, "little")
            + self.amplitude.to_bytes(2, "little", signed=True)
            + self.width.to_bytes(4, "little")
        )


class Ramp(NamedTuple):
    """Amplitudes of a direction, mV."""

    start: int
    step: int
    highest: int


class Program(NamedTuple):
    """What a VERIFY asks for beside its branches."""

    set: Ramp
    reset: Ramp
    width: int
    most_pulses: int
    most_reversals: int
    tolerance: int
    read: int
    averages: int = 1
    settle: int = 0


class Had(NamedTuple):
    """What a branch has had already: pulses, reversals, and the amplitude of the last one."""

    pulses: int = 0
    reversals: int = 0
    amplitude: int = 0


UNUSED = Had()


class Seen(NamedTuple):
    """A state in which a branch is read, in sums of conversions."""

    across: int
    dropped: int
    others: int


def draw(seed: int, branch: int, what: int) -> Fraction:
    """From -1 to 1."""
    z = ((seed << 32) + 4 * branch + what + 1) * 0x9E3779B97F4A7C15 % 2**64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ z >> shift) * factor % 2**64
    return Fraction(((z ^ z >> 31) >> 32) - 2**31, 2**31)


def moved(circuit: Circuit, branch: int, state: Fraction, volts: Fraction, seconds: Fraction) -> Fraction:
    """Where a pulse brings the state of a device."""
    model = circuit.memristors
    if model is None or branch in circuit.faults:
        return state
    down = int(volts < 0)
    threshold = model.thresholds[down] * (1 + model.spread * draw(model.seed, branch, down))
    speed = model.speeds[down] * (1 + model.spread * draw(model.seed, branch, 2 + down))
    dose = speed * seconds * max(abs(volts) / threshold - 1, Fraction(0)) ** 2
    after = state / (1 + dose) if down else 1 - (1 - state) / (1 + dose)
    return Fraction(floor(after * FINE), FINE)


def conductance(alone: Seen, all_driven: Seen, drive: int) -> int:
    """In nS, of a drive resistor in milliohm."""
    over = alone.dropped * all_driven.others - all_driven.dropped * alone.others
    under = alone.across * all_driven.others - all_driven.across * alone.others
    if under <= 0:
        return UNREAD
    parts = min(max(floor(Fraction(over * 2**29, under)), 0), 2**33 - 1)
    scaled = parts * 10**6 // 2**9 * 10**6 // drive
    return min((scaled + 2**19) // 2**20, UNREAD - 1)


class Programmer:
    """A bench whose board gives pulses; its branches are a crossbar."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.circuit = bench.circuit

    def ground(self) -> None:
        """All lines at 0 V."""
        self.bench.impose(self.at(set()))

    def at(self, driven: set[int], code: int = 0) -> State:
        """Some inputs at a code, everything else at 0."""
        inputs = {k: code if k in driven else 0 for k in range(self.circuit.inputs)}
        return State(inputs, clamps=dict.fromkeys(range(self.circuit.outputs), 0))

    def give(self, pulse: Pulse) -> None:
        """One pulse."""
        self.ground()
        states = self.bench.codes
        volts, seconds = Fraction(pulse.amplitude, 1000), Fraction(pulse.width, 10**8)
        states[pulse.branch] = moved(self.circuit, pulse.branch, states[pulse.branch], volts, seconds)

    def see(self, branch: int, driven: set[int], program: Program) -> tuple[Seen, bool]:
        """A state, and whether no reading is at the top."""
        circuit, n = self.circuit, program.averages
        i, j = divmod(branch, circuit.outputs)
        self.bench.impose(self.at(driven, program.read))
        volts = solve(circuit, self.bench.codes, self.bench.sources)
        codes = [convert(v, circuit.adc) for v in volts]
        output, side = codes[circuit.inputs + j], convert(Fraction(0), circuit.adc)
        others = [codes[k] for k in range(circuit.inputs) if k != i]
        top = 2 ** circuit.adc[0] - 1
        seen = Seen(n * (codes[i] - output), n * (output - side), n * (sum(others) - len(others) * output))
        return seen, top not in {codes[i], output, side, *others}

    def read(self, branch: int, program: Program) -> int:
        """Conductance of a branch, nS."""
        alone, good = self.see(branch, {branch // self.circuit.outputs}, program)
        together, good_too = self.see(branch, set(range(self.circuit.inputs)), program)
        return conductance(alone, together, round(self.circuit.drive * 1000)) if good and good_too else UNREAD

    def bring(self, branch: int, target: int, program: Program, had: Had) -> tuple[bytes, int]:
        """What is told of a branch, and its last amplitude."""
        pulses, reversals, amplitude = had
        while True:
            found = self.read(branch, program)
            ramp = program.set if found < target else program.reset
            sign = 1 if found < target else -1
            turns = amplitude * sign < 0
            if found == UNREAD:
                outcome = "unreadable"
            elif abs(found - target) * 2**14 <= program.tolerance * target:
                outcome = "reached"
            elif pulses == program.most_pulses or (turns and reversals == program.most_reversals):
                outcome = "missed"
            else:
                same = amplitude * sign > 0
                amplitude = sign * (min(abs(amplitude) + ramp.step, ramp.highest) if same else ramp.start)
                self.give(Pulse(branch, amplitude, program.width))
                pulses, reversals = pulses + 1, reversals + turns
                continue
            return record(found, pulses, reversals, outcome), amplitude

    def verify(self, start: int, targets: Sequence[int], program: Program, had: Had = UNUSED) -> bytes:
        """Payload of the reply."""
        out, last = b"", 0
        for place, target in enumerate(targets):
            told, last = record(0, 0, 0, "untouched"), 0
            if target:
                told, last = self.bring(start + place, target, program, UNUSED if place else had)
            out += told
        self.ground()
        return fields("verify", "reply", told=len(targets), amplitude=last) + out


def record(found: int, pulses: int, reversals: int, outcome: str) -> bytes:
    """What is told of a branch."""
    return found.to_bytes(4, "little") + pulses.to_bytes(2, "little") + bytes([reversals, OUTCOMES[outcome]])


def pulse_request(pulses: Sequence[Pulse]) -> bytes:
    """Payload of a PULSE."""
    return fields("pulse", "request", count=len(pulses)) + b"".join(pulse.encode() for pulse in pulses)


def verify_request(start: int, targets: Sequence[int], program: Program, had: Had = UNUSED) -> bytes:
    """Payload of a VERIFY."""
    head = fields(
        "verify",
        "request",
        start=start,
        count=len(targets),
        averages=program.averages,
        settle=program.settle,
        read=program.read,
        tolerance=program.tolerance,
        set_start=program.set.start,
        set_step=program.set.step,
        set_highest=program.set.highest,
        reset_start=program.reset.start,
        reset_step=program.reset.step,
        reset_highest=program.reset.highest,
        width=program.width,
        most_pulses=program.most_pulses,
        most_reversals=program.most_reversals,
        pulses=had.pulses,
        reversals=had.reversals,
        amplitude=had.amplitude,
    )
    return head + b"".join(target.to_bytes(4, "little") for target in targets)
