"""The true memristors of a simulated crossbar, whose state nobody but their pulses moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray, IntArray, Seconds
from labrig.boards.base import Conductances, Program, Pulses
from labrig.config.boards import MemristorElements
from labrig.config.faults import BranchFault, Open, StuckOn
from labrig.devices.memristors import MemristorPart, Switching, drawn_to_end, memristor, overdrive

_DEVICES, _CYCLES, _READS, _REST = 9, 10, 11, 12
"""Places of what devices are, of pulses, of reads and of relaxation among the random streams of a seed."""
AMPLITUDE_STEP = 1e-3
"""V, of the simulated generator."""
_FARTHEST = 3.0
"""Standard deviations at which a spread from device to device is cut off."""
_LEAST = 1e-12
"""S, which a noisy reading of a device is never below."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One polarity of B devices; shape (B,) each."""

    law: Switching
    thresholds: BranchArray
    rates: BranchArray


@dataclass(frozen=True, slots=True)
class Devices:
    """What B memristors are made of, drawn once; shape (B,) each where nothing else is said."""

    part: MemristorPart
    lowest: BranchArray
    highest: BranchArray
    set: _Way
    reset: _Way
    forming: BranchArray
    """Voltage above which each forms."""
    formed_state: BranchArray
    """State x right after that, and at power-up of a board that was formed."""
    drift: BranchArray
    cycle_spread: float
    read_noise: float
    relaxation: float

    @classmethod
    def draw(cls, elements: MemristorElements, count: int, seed: int) -> Self:
        """A function of the seed alone.

        Raises
        ------
        ConfigError
            The part is not known.
        """
        part, vices = memristor(elements.part), elements.vices
        stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_DEVICES,)))
        deviations = np.clip(stream.normal(size=(8, count)), -_FARTHEST, _FARTHEST)

        def chosen(own: float | None, preset: float) -> float:
            return preset if own is None else own

        rate = chosen(vices.device_spread, part.device_spread)
        threshold = chosen(vices.threshold_spread, part.threshold_spread)
        ends = chosen(vices.range_spread, part.range_spread)
        up, down = part.set, part.reset
        return cls(
            part=part,
            lowest=part.lowest * (1 + ends * deviations[0]),
            highest=part.highest * (1 + ends * deviations[1]),
            set=_Way(
                up, up.threshold * (1 + threshold * deviations[2]), up.rate * np.exp(rate * deviations[3])
            ),
            reset=_Way(
                down,
                down.threshold * (1 + threshold * deviations[4]),
                down.rate * np.exp(rate * deviations[5]),
            ),
            forming=part.forming.voltage * (1 + part.forming.spread * deviations[6]),
            formed_state=stream.uniform(0.1, 0.5, count),
            drift=np.maximum(chosen(vices.drift, part.drift) + part.drift_spread * deviations[7], 0.0)
            if vices.drift != 0
            else np.zeros(count),
            cycle_spread=chosen(vices.cycle_spread, part.cycle_spread),
            read_noise=chosen(vices.read_noise, part.read_noise),
            relaxation=chosen(vices.relaxation, part.relaxation),
        )


class TrueMemristors:
    """Memristors of a crossbar, (rows, columns) in the order of branches, and what pulses have made of them.

    What time and reading do to a conductance is a function of the seed, the branch, the exchange and the
    exchange of the last pulse; what a pulse does, of the seed, its exchange and its place in there.

    Parameters
    ----------
    shape
        Rows (inputs) and columns (outputs).
    exchange
        Time that passes from one exchange to the next.
    broken
        What is wrong with which wiper.
    """

    def __init__(
        self,
        devices: Devices,
        shape: tuple[int, int],
        seed: int,
        *,
        formed: bool,
        exchange: Seconds,
        broken: Mapping[int, BranchFault],
    ) -> None:
        count = shape[0] * shape[1]
        self.devices = devices
        self._shape = shape
        self._seed = seed
        self._exchange = exchange
        self._broken = broken
        self.formed: BoolArray = np.full(count, formed)
        self._states = np.where(self.formed, devices.formed_state, 0.0)
        self._rest = np.zeros(count)
        self._pulsed_at = np.zeros(count, dtype=np.int64)
        self.pulses: IntArray = np.zeros(count, dtype=np.int64)
        """That each has had itself, half-selected ones left out."""

    @property
    def power_up(self) -> Conductances:
        """What they conduct before the first exchange, noise left out."""
        return Conductances(self.at_rest(0))

    def state(self) -> Mapping[str, Sequence[float]]:
        """What pulses have made of them, in plain numbers."""
        return {
            "formed": self.formed.tolist(),
            "states": self._states.tolist(),
            "rest": self._rest.tolist(),
            "pulsed_at": self._pulsed_at.tolist(),
            "pulses": self.pulses.tolist(),
        }

    def restore(self, state: Mapping[str, Sequence[float]]) -> None:
        """Put them where they stood."""
        self.formed = np.array(state["formed"], dtype=np.bool_)
        self._states = np.array(state["states"], dtype=np.float64)
        self._rest = np.array(state["rest"], dtype=np.float64)
        self._pulsed_at = np.array(state["pulsed_at"], dtype=np.int64)
        self.pulses = np.array(state["pulses"], dtype=np.int64)

    @property
    def changing(self) -> bool:
        """They do, from exchange to exchange."""
        return True

    def told(self, program: Program) -> Program:
        """Nothing but what was asked: no chip knows what a memristor conducts."""
        return program

    def at_rest(self, index: int) -> BranchArray:
        """Conductance in the exchange of this number without the noise of reading, shape (B,), S."""
        devices, part = self.devices, self.devices.part
        passed = self._exchange * np.maximum(index - self._pulsed_at, 0)
        settled = 1 - np.exp(-passed / part.relaxation_time)
        by_time = (1 + devices.relaxation * self._rest * settled) * (1 + passed) ** -devices.drift
        found = (devices.lowest + self._states * (devices.highest - devices.lowest)) * by_time
        found = np.where(self.formed, found, part.forming.pristine)
        for wiper, fault in self._faults(index).items():
            if isinstance(fault, Open):
                found[wiper] = fault.leak
            else:
                found[wiper] = devices.highest[wiper] if isinstance(fault, StuckOn) else part.forming.pristine
        return found

    def conductances(self, program: Program, index: int) -> BranchArray:
        """What an exchange meets, whatever was programmed, shape (B,), S."""
        del program
        return self.read(index, 0)

    def read(self, index: int, number: int) -> BranchArray:
        """What the read of this number in an exchange meets, noise included, shape (B,), S."""
        found = self.at_rest(index)
        noise = self.devices.read_noise * self._stream(_READS, index, number).normal(size=found.shape)
        # A device that is almost open has hardly a current that could be noisy.
        return np.where(found > 0, np.maximum(found + np.minimum(noise, found), _LEAST), 0.0)

    def pulse(self, pulses: Pulses, index: int, number: int = 0) -> None:
        """Apply pulses, one after the other.

        Each also puts half its voltage on the other devices of its row and of its column.

        Parameters
        ----------
        number
            Of this group of pulses in its exchange.
        """
        amplitudes = np.round(pulses.amplitudes / AMPLITUDE_STEP) * AMPLITUDE_STEP
        spread = self.devices.cycle_spread
        chances = np.exp(
            spread * self._stream(_CYCLES, index, number).normal(size=amplitudes.shape) - spread**2 / 2
        )
        rest = self._stream(_REST, index, number).normal(size=amplitudes.shape)
        np.add.at(self.pulses, pulses.wipers, 1)
        for group in self._groups(pulses.wipers, amplitudes):
            moved = group[~self._form(pulses.wipers[group], amplitudes[group], index)]
            widths = pulses.widths[moved] * chances[moved]
            self._move(pulses.wipers[moved], amplitudes[moved], widths, index, rest[moved])
            if group.size == 1:
                partners = self._partners(int(pulses.wipers[group[0]]))
                halves = np.full(partners.size, amplitudes[group[0]] / 2)
                widths = np.full(partners.size, float(pulses.widths[group[0]]))
                self._move(partners, halves, widths, index, np.zeros(partners.size))

    def _groups(self, wipers: IntArray, amplitudes: FloatArray) -> list[IntArray]:
        """Places of pulses that can be applied at once: one a device, where none disturbs another."""
        least = min(self.devices.set.thresholds.min(), self.devices.reset.thresholds.min())
        if wipers.size == 0:
            return []
        if np.abs(amplitudes).max() / 2 > least:
            return [np.array([k]) for k in range(wipers.size)]
        order = np.argsort(wipers, kind="stable")
        ordered = wipers[order]
        first = np.searchsorted(ordered, ordered, side="left")
        turn = np.empty(wipers.size, dtype=np.int64)
        turn[order] = np.arange(wipers.size) - first
        return [np.flatnonzero(turn == k) for k in range(int(turn.max()) + 1)]

    def _form(self, wipers: IntArray, amplitudes: FloatArray, index: int) -> BoolArray:
        """Form what these pulses form; which they are. Such a pulse does no more than that."""
        stuck = np.isin(wipers, list(self._faults(index)))
        forms = ~self.formed[wipers] & (amplitudes >= self.devices.forming[wipers]) & ~stuck
        formed = wipers[forms]
        self.formed[formed] = True
        self._states[formed] = self.devices.formed_state[formed]
        self._pulsed_at[formed] = index
        return np.asarray(forms)

    def _move(
        self, wipers: IntArray, amplitudes: FloatArray, widths: FloatArray, index: int, rest: FloatArray
    ) -> None:
        """Apply pulses at once, each on a device of its own."""
        devices = self.devices
        up, down = devices.set, devices.reset
        rising = overdrive(amplitudes, up.thresholds[wipers], up.law.exponent)
        falling = overdrive(-amplitudes, down.thresholds[wipers], down.law.exponent)
        moved = self.formed[wipers] & (rising + falling > 0) & ~np.isin(wipers, list(self._faults(index)))
        wipers, widths = wipers[moved], widths[moved]
        lowest, span = devices.lowest[wipers], (devices.highest - devices.lowest)[wipers]
        states = np.clip((self.at_rest(index)[wipers] - lowest) / span, 0.0, 1.0)
        risen = drawn_to_end(1 - states, up.rates[wipers] * widths * rising[moved], up.law.bound)
        fallen = drawn_to_end(states, down.rates[wipers] * widths * falling[moved], down.law.bound)
        self._states[wipers] = np.where(rising[moved] > 0, 1 - risen, fallen)
        self._pulsed_at[wipers] = index
        self._rest[wipers] = rest[moved]

    def _partners(self, wiper: int) -> IntArray:
        """The other devices of its row and of its column."""
        rows, columns = self._shape
        row, column = divmod(wiper, columns)
        along = row * columns + np.arange(columns)
        across = np.arange(rows) * columns + column
        both = np.concatenate([along, across])
        return np.asarray(both[both != wiper], dtype=np.int64)

    def _faults(self, index: int) -> dict[int, BranchFault]:
        return {k: fault for k, fault in self._broken.items() if index >= getattr(fault, "after", 0)}

    def _stream(self, *place: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=place))
