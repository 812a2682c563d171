"""A board in exact fractions: its circuit, its converters, its nudges, and what it answers to MEASURE."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from reference.wire import SECTIONS, bitmap, fields, pack


class Memristors(NamedTuple):
    """Devices in place of rheostats: bounds, S; by direction (set, reset) thresholds, V, and speeds, 1/s."""

    bounds: tuple[Fraction, Fraction]
    thresholds: tuple[Fraction, Fraction]
    speeds: tuple[Fraction, Fraction]
    spread: Fraction
    seed: int
    pulses: tuple[Fraction, Fraction, Fraction, Fraction, Fraction]
    """Highest that set and reset, their step, V; shortest and longest, s."""

    def text(self) -> list[str]:
        numbers = (*self.bounds, *self.thresholds, *self.speeds, self.spread)
        return [
            f"memristors {' '.join(f'{float(value):.17g}' for value in numbers)} {self.seed}",
            f"pulses {' '.join(f'{float(value):.17g}' for value in self.pulses)}",
        ]


class Circuit(NamedTuple):
    """What a circuit file says, in exact numbers."""

    inputs: int
    outputs: int
    hidden: int
    code_bits: int
    codes: tuple[int, int, int]
    steps: int
    adc: tuple[int, Fraction]
    dac: tuple[int, Fraction]
    drive: Fraction
    through: tuple[Fraction, Fraction]
    branches: tuple[tuple[int, int, Fraction, Fraction], ...]
    faults: Mapping[int, str]
    learns: bool = False
    memristors: Memristors | None = None
    """Their branches have the conductance at start, S, and 0 in place of resistances."""

    @property
    def lines(self) -> int:
        return self.inputs + self.outputs + self.hidden

    def sum_bits(self, averages: int) -> int:
        return self.adc[0] + (averages - 1).bit_length()

    def text(self) -> str:
        lines = [
            "labrig-circuit 1",
            "part TEST",
            f"lines {self.inputs} {self.outputs} {self.hidden}",
            *(self.memristors.text() if self.memristors else self.wipers()),
            f"adc {self.adc[0]} {float(self.adc[1]):.17g}",
            f"dac {self.dac[0]} {float(self.dac[1]):.17g}",
            f"drive {float(self.drive):.17g}",
            "nudge toward",
            f"nudge through {float(self.through[0]):.17g} {float(self.through[1]):.17g}",
            "nudge inject",
            *(["learn"] if self.learns else []),
            *(
                f"branch {a} {b} {float(r_ab):.17g}" + ("" if self.memristors else f" {float(r_w):.17g}")
                for a, b, r_ab, r_w in self.branches
            ),
            *(f"fault {k} {what}" for k, what in self.faults.items()),
        ]
        return "\n".join(lines) + "\n"

    def wipers(self) -> list[str]:
        return [f"codes {self.code_bits} {' '.join(map(str, self.codes))}", f"law rheostat {self.steps}"]

    def power_up(self) -> list[Any]:
        """What the branches hold at start: codes, or the states of memristors, from 0 to 1."""
        if self.memristors is None:
            return [self.codes[2]] * len(self.branches)
        least, most = self.memristors.bounds
        return [(siemens - least) / (most - least) for _, _, siemens, _ in self.branches]

    def conductance(self, branch: int, code: Any) -> Fraction:
        _, _, r_ab, r_w = self.branches[branch]
        fault = self.faults.get(branch, "")
        if self.memristors is not None:
            least, most = self.memristors.bounds
            return least + (most - least) * Fraction(code)
        if fault == "open":
            return Fraction(0)
        if fault == "short":
            return 1 / r_w
        used = int(fault.removeprefix("stuck ")) if fault else code
        return 1 / (r_w + r_ab * used / self.steps)


Source = tuple[Fraction | None, Fraction, Fraction]  # conductance (None: forced), volts, amperes
RELEASED: Source = (Fraction(0), Fraction(0), Fraction(0))


def reach(circuit: Circuit, g: Sequence[Fraction], lines: set[int]) -> set[int]:
    """The lines that branches join to any of `lines`."""
    ends = [{a, b} for k, (a, b, _, _) in enumerate(circuit.branches) if g[k]]
    more = lines.union(*(pair for pair in ends if pair & lines))
    return lines if more == lines else reach(circuit, g, more)


def solve(circuit: Circuit, codes: Sequence[Any], sources: Mapping[int, Source]) -> list[Fraction]:
    """Volts of all lines: the equations of the lines that a source of voltage reaches, by elimination."""
    g = [circuit.conductance(k, code) for k, code in enumerate(codes)]
    held = {line for line, source in sources.items() if source[0] is None or source[0] > 0}
    rows = {line: [Fraction(0)] * (circuit.lines + 1) for line in sorted(reach(circuit, g, held))}
    for line, row in rows.items():
        conductance, volts, amperes = sources.get(line, RELEASED)
        if conductance is None:
            row[line], row[-1] = Fraction(1), volts
            continue
        row[line] += conductance
        row[-1] += conductance * volts + amperes
        for k, (a, b, _, _) in enumerate(circuit.branches):
            if line in (a, b):
                row[line] += g[k]
                row[b if line == a else a] -= g[k]
    for line, row in rows.items():  # no pivot is zero
        for other, equation in rows.items():
            factor = equation[line] / row[line]
            if other != line and factor:
                equation[:] = [x - factor * y for x, y in zip(equation, row, strict=True)]
    return [rows[k][-1] / rows[k][k] if k in rows else Fraction(0) for k in range(circuit.lines)]


def convert(volts: Fraction, adc: tuple[int, Fraction]) -> int:
    """ADC code; a value that rounding errors of a double could turn is no good for a vector."""
    exact = volts / (adc[1] / (2 ** adc[0] - 1)) + Fraction(1, 2)
    if abs(exact - round(exact)) < Fraction(1, 10**6):
        raise ValueError("choose voltages that are no tie")
    return min(max(floor(exact), 0), (1 << adc[0]) - 1)


def nudge_scale(circuit: Circuit) -> int:
    """DAC codes per ADC code in 1/2**24, of the spans as told in microvolt."""
    adc, dac = (round(span * 10**6) for _, span in (circuit.adc, circuit.dac))
    exact = Fraction(adc * (2 ** circuit.dac[0] - 1), dac * (2 ** circuit.adc[0] - 1)) * 2**24
    return floor(exact + Fraction(1, 2))


def nudge_code(total: int, averages: int, scale: int, fraction: int, target: int, dac_bits: int) -> int:
    """DAC code of a clamp at x + fraction (target - x)."""
    x = Fraction(total * scale, averages * 2**24)
    clamp = x + Fraction(fraction, 2**14) * (target - x)
    return min(max(floor(clamp + Fraction(1, 2)), 0), (1 << dac_bits) - 1)


Values = Mapping[int, int]


class State(NamedTuple):
    """One boundary of a MEASURE: lines (inputs or outputs, from 0) to DAC codes or pA."""

    inputs: Values | None = None
    store: bool = False
    clamps: Values | None = None
    toward: tuple[int, Values] | None = None
    through: tuple[int, Values] | None = None
    inject: Values | None = None

    def encode(self, circuit: Circuit) -> bytes:
        bits, outputs = circuit.dac[0], circuit.outputs
        parts: list[tuple[str, bytes]] = []
        if self.inputs is not None:
            parts.append(("inputs", bitmap(self.inputs, circuit.inputs) + pack(self.inputs.values(), bits)))
        if self.store:
            parts.append(("store", b""))
        if self.clamps is not None:
            parts.append(("clamps", bitmap(self.clamps, outputs) + pack(self.clamps.values(), bits)))
        for name, pull, size in (("toward", self.toward, 2), ("through", self.through, 4)):
            if pull is not None:
                number = pull[0].to_bytes(size, "little", signed=size == 2)
                parts.append((name, bitmap(pull[1], outputs) + number + pack(pull[1].values(), bits)))
        if self.inject is not None:
            currents = b"".join(pa.to_bytes(4, "little", signed=True) for pa in self.inject.values())
            parts.append(("inject", bitmap(self.inject, outputs) + currents))
        return bytes([sum(1 << SECTIONS[name] for name, _ in parts)]) + b"".join(data for _, data in parts)


class Bench:
    """What a board should answer to MEASURE; it knows the codes, the last inputs and the stored state."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.codes = circuit.power_up()
        self.inputs: Values = {}
        self.sources: dict[int, Source] = {}
        self.stored: tuple[int, list[int]] = (1, [])

    def impose(self, state: State) -> None:
        circuit = self.circuit
        lsb = circuit.dac[1] / (2 ** circuit.dac[0] - 1)
        drive = 1 / circuit.drive if circuit.drive else None
        self.inputs = self.inputs if state.inputs is None else state.inputs
        clamps = dict(state.clamps or {})
        if state.toward is not None:
            averages, sums = self.stored
            for output, target in state.toward[1].items():
                scale = nudge_scale(circuit)
                clamps[output] = nudge_code(
                    sums[output], averages, scale, state.toward[0], target, circuit.dac[0]
                )
        self.sources = {line: (drive, code * lsb, Fraction(0)) for line, code in self.inputs.items()}
        for output, code in clamps.items():
            self.sources[circuit.inputs + output] = (drive, code * lsb, Fraction(0))
        for output, code in (state.through or (0, {}))[1].items():
            conductance = Fraction((state.through or (0, {}))[0], 10**9)
            self.sources[circuit.inputs + output] = (conductance, code * lsb, Fraction(0))
        for output, pa in (state.inject or {}).items():
            self.sources[circuit.inputs + output] = (Fraction(0), Fraction(0), Fraction(pa, 10**12))

    def scan(self, start: int, count: int, averages: int) -> bytes:
        circuit = self.circuit
        volts = solve(circuit, self.codes, self.sources)
        for driver in range(circuit.inputs + circuit.outputs):
            volts.append(self.sources.get(driver, RELEASED)[1])
        sums = [averages * convert(v, circuit.adc) for v in volts]
        self.last = (averages, sums[circuit.inputs : circuit.inputs + circuit.outputs])
        return pack(sums[start : start + count], circuit.sum_bits(averages))

    def measure(self, states: Sequence[State], start: int, count: int, averages: int) -> bytes:
        out = b""
        for state in states:
            self.impose(state)
            out += self.scan(start, count, averages)
            if state.store:
                self.stored = self.last
        return out if states else self.scan(start, count, averages)


def measure_request(
    circuit: Circuit, states: Sequence[State], start: int, count: int, averages: int = 1, settle: int = 0
) -> bytes:
    """Payload of a MEASURE."""
    head = fields(
        "measure",
        "request",
        settle=settle,
        averages=averages,
        scan_start=start,
        scan_count=count,
        boundaries=len(states),
    )
    return head + b"".join(state.encode(circuit) for state in states)


# A resistor of 100 (code + 1) ohm, an ADC and a DAC of 1 mV a code: readings that can be worked out on paper.
DIVIDER = Circuit(
    inputs=2,
    outputs=1,
    hidden=0,
    code_bits=8,
    codes=(0, 255, 9),
    steps=256,
    adc=(12, Fraction(4095, 1000)),
    dac=(12, Fraction(4095, 1000)),
    drive=Fraction(100),
    through=(Fraction(1, 10**6), Fraction(1, 1000)),
    branches=tuple((i, 2, Fraction(25600), Fraction(100)) for i in range(2)),
    faults={},
)
# Hidden lines, one of them cut off by an open branch; forced inputs; converters of unlike bits and spans.
GRAPH = Circuit(
    inputs=2,
    outputs=2,
    hidden=3,
    code_bits=9,
    codes=(0, 256, 64),
    steps=256,
    adc=(16, Fraction(4096, 1000)),
    dac=(10, Fraction(5)),
    drive=Fraction(0),
    through=(Fraction(1, 10**6), Fraction(1, 1000)),
    branches=tuple(
        (a, b, Fraction(100_000 - 1_000 * k), Fraction(75))
        for k, (a, b) in enumerate([(0, 4), (4, 2), (4, 5), (1, 5), (5, 3), (2, 3), (3, 6), (0, 5)])
    ),
    faults={6: "open", 5: "stuck 200", 7: "short"},
)
# The same resistors in a crossbar of which the board may change them by itself.
CROSSBAR = DIVIDER._replace(
    inputs=3,
    outputs=2,
    branches=tuple((k // 2, 3 + k % 2, Fraction(25600), Fraction(100)) for k in range(6)),
    learns=True,
)
# Memristors of 1 to 100 µS behind 1 kohm, a DAC of 1 mV a code and an ADC of 16 bits over 0.5 V. Setting is
# quick and resetting slow; one device does not move.
MEMRISTORS = Circuit(
    inputs=3,
    outputs=2,
    hidden=0,
    code_bits=0,
    codes=(0, 0, 0),
    steps=1,
    adc=(16, Fraction(1, 2)),
    dac=(12, Fraction(4095, 1000)),
    drive=Fraction(1000),
    through=(Fraction(1, 10**6), Fraction(1, 1000)),
    branches=tuple((k // 2, 3 + k % 2, Fraction(7 + 9 * k, 10**6), Fraction(0)) for k in range(6)),
    faults={4: "unwritable"},
    memristors=Memristors(
        bounds=(Fraction(1, 10**6), Fraction(1, 10**4)),
        thresholds=(Fraction(3, 5), Fraction(7, 10)),
        speeds=(Fraction(40_000), Fraction(15_000)),
        spread=Fraction(1, 8),
        seed=20,
        pulses=(Fraction(2), Fraction(5, 2), Fraction(1, 100), Fraction(1, 10**6), Fraction(1, 100)),
    ),
)
