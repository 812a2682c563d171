"""LEARN in exact fractions: latents, the codes that follow from them, and what a board answers."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import NamedTuple

from reference.board import RELEASED, Bench, Circuit, State, convert, solve
from reference.wire import digest, fields

TOP = 2**24 - 1


class Rule(NamedTuple):
    """What a LEARN asks for beside its boundaries."""

    rate: int
    shift: int
    law: int
    offset: int
    codes: tuple[int, int]
    latents: tuple[int, int]
    averages: int = 1
    settle: int = 0


def nearest(value: Fraction) -> int:
    """Halves upward."""
    return floor(value + Fraction(1, 2))


def within_16_bits(value: int) -> int:
    """What a signed number of 16 bits can be."""
    return min(max(value, -(2**15)), 2**15 - 1)


def term(rule: Rule, free: int, clamped: int) -> tuple[int, int]:
    """Pull and level of a line."""
    mean = (free + clamped) // 2
    return within_16_bits(free - clamped), mean * rule.rate // 2**8


def change(rule: Rule, a: tuple[int, int], b: tuple[int, int]) -> int:
    """How the latent between an input and an output moves."""
    pull = within_16_bits(b[0] - a[0])
    return nearest(Fraction(pull * (b[1] - a[1]), 2**rule.shift))


def weight(rule: Rule, code: int) -> int:
    """What a latent is weighed with at a code."""
    return 128 * code + rule.offset + 64


def code_of(rule: Rule, latent: int) -> int:
    """The code of a latent."""
    low, high = rule.codes
    reached = (c for c in range(low, high + 1) if latent * weight(rule, c) >= 2**16 * rule.law)
    return next(reached, high)


class Learner:
    """A bench whose board holds latents; its branches are a crossbar."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.latents: list[int] = []

    def readings(self, state: State, averages: int) -> tuple[list[int], bool]:
        """What all lines read, in 16 bits, and whether those that float are within their range."""
        bench, circuit = self.bench, self.bench.circuit
        bench.impose(state)
        bits = circuit.sum_bits(averages)
        codes = [convert(v, circuit.adc) for v in solve(circuit, bench.codes, bench.sources)]
        if state.store:
            outputs = codes[circuit.inputs : circuit.inputs + circuit.outputs]
            bench.stored = (averages, [averages * code for code in outputs])
        floating = [code for line, code in enumerate(codes) if bench.sources.get(line, RELEASED) == RELEASED]
        scale = averages * Fraction(2) ** (16 - bits)
        top = nearest((2 ** circuit.adc[0] - 1) * scale)
        usable = all(0 < nearest(code * scale) < top for code in floating)
        return [nearest(code * scale) for code in codes], usable

    def step(self, rule: Rule, states: Sequence[State]) -> tuple[int, int, int]:
        """Latents at the floor, at the ceiling, and samples that were not used."""
        circuit, unused = self.bench.circuit, 0
        for free, clamped in zip(states[::2], states[1::2], strict=True):
            u, good = self.readings(free, rule.averages)
            v, good_too = self.readings(clamped, rule.averages)
            unused += not (good and good_too)
            for k in range(len(self.latents)) if good and good_too else ():
                a, b, _, _ = circuit.branches[k]
                moved = self.latents[k] + change(rule, term(rule, u[a], v[a]), term(rule, u[b], v[b]))
                self.latents[k] = min(max(moved, 0), TOP)
        low, high = rule.latents
        at_floor = at_ceiling = 0
        for k, latent in enumerate(self.latents):
            self.bench.codes[k] = code = code_of(rule, latent)
            if code == rule.codes[1] and latent < low:
                self.latents[k] = low
                at_floor += 1
            if code == rule.codes[0] and self.latents[k] > high:
                self.latents[k] = high
                at_ceiling += 1
        return at_floor, at_ceiling, unused

    def learn(self, rule: Rule, states: Sequence[State], steps: int) -> bytes:
        """Payload of the reply."""
        done = [self.step(rule, states) for _ in range(steps)]
        return fields(
            "learn",
            "reply",
            digest=digest(self.bench.codes),
            boot_count=1,
            steps=steps,
            at_floor=done[-1][0],
            at_ceiling=done[-1][1],
            unused=sum(unused for _, _, unused in done),
        )


def learn_request(circuit: Circuit, rule: Rule, states: Sequence[State], steps: int) -> bytes:
    """Payload of a LEARN."""
    head = fields(
        "learn",
        "request",
        settle=rule.settle,
        averages=rule.averages,
        steps=steps,
        rate=rule.rate,
        shift=rule.shift,
        law=rule.law,
        offset=rule.offset,
        lowest=rule.codes[0],
        highest=rule.codes[1],
        floor=rule.latents[0],
        ceiling=rule.latents[1],
        boundaries=len(states),
    )
    return head + b"".join(state.encode(circuit) for state in states)
