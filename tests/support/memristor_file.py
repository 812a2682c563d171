"""Memristors of the host target's circuit files, for boards that this process simulates."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, FloatArray
from labrig.boards.base import Codes, Program, PulseRange, Pulses

RANGE = PulseRange(2.0, 2.5, 0.01, 1e-6, 1e-2)


@dataclass(frozen=True)
class MemristorFile:
    """The lines `memristors`, `pulses` and `branch` of a circuit file of memristors."""

    bounds: tuple[float, float] = (1e-6, 1e-4)
    thresholds: tuple[float, float] = (0.6, 0.7)
    speeds: tuple[float, float] = (40_000.0, 15_000.0)
    spread: float = 0.1
    seed: int = 1
    range: PulseRange = RANGE
    initial: float = 5e-6

    def lines(self) -> list[str]:
        model = (*self.bounds, *self.thresholds, *self.speeds, self.spread)
        pulses = self.range
        limits = (
            pulses.highest_set,
            pulses.highest_reset,
            pulses.amplitude_step,
            pulses.shortest,
            pulses.longest,
        )
        return [
            f"memristors {' '.join(map(repr, model))} {self.seed}",
            f"pulses {' '.join(map(repr, limits))}",
        ]


def read_model(words: list[str], pulses: list[str]) -> MemristorFile:
    """From the words behind `memristors` and behind `pulses`."""
    least, most, set_from, reset_from, setting, resetting, spread = map(float, words[:7])
    return MemristorFile(
        bounds=(least, most),
        thresholds=(set_from, reset_from),
        speeds=(setting, resetting),
        spread=spread,
        seed=int(words[7]),
        range=PulseRange(*map(float, pulses)),
    )


def drawn(seed: int, branch: int, what: int) -> float:
    """As memristor.h of the host target says."""
    z = ((seed << 32) + 4 * branch + what + 1) * 0x9E3779B97F4A7C15 & 2**64 - 1
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & 2**64 - 1
    z = (z ^ z >> 27) * 0x94D049BB133111EB & 2**64 - 1
    return float(((z ^ z >> 31) >> 32) / 2**31 - 1)


class Memristors:
    """Devices that pulses move; they are told no program."""

    def __init__(
        self, model: MemristorFile, conductances: FloatArray, stuck: list[int], broken: list[int]
    ) -> None:
        least, most = model.bounds
        self.model = model
        self.states = (conductances - least) / (most - least)
        self.stuck = {*stuck, *broken}
        self.open = broken
        self.given: list[tuple[int, float, float, int]] = []

    @property
    def power_up(self) -> Codes:
        return Codes(np.zeros(len(self.states), dtype=np.int64))

    @property
    def changing(self) -> bool:
        return False

    def conductances(self, program: Program, index: int) -> BranchArray:
        least, most = self.model.bounds
        found = least + (most - least) * self.states
        found[self.open] = 0.0
        return found

    def told(self, program: Program) -> Program:
        return program

    def pulse(self, pulses: Pulses, index: int, number: int) -> None:
        del index
        each = (pulses.wipers.tolist(), pulses.amplitudes.tolist(), pulses.widths.tolist())
        for wiper, volts, seconds in zip(*each, strict=True):
            self.given.append((wiper, volts, seconds, number))
            if wiper not in self.stuck:
                self._move(wiper, volts, seconds)

    def _move(self, wiper: int, volts: float, seconds: float) -> None:
        way, model = int(volts < 0), self.model
        threshold = model.thresholds[way] * (1 + model.spread * drawn(model.seed, wiper, way))
        speed = model.speeds[way] * (1 + model.spread * drawn(model.seed, wiper, 2 + way))
        kept = 1 / (1 + speed * seconds * max(abs(volts) / threshold - 1, 0.0) ** 2)
        state = self.states[wiper]
        self.states[wiper] = state * kept if way else 1 - (1 - state) * kept
