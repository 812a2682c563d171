"""Pulse counts from latents, without reading back: what the nominal law makes of them is believed.

Sets and resets of real devices differ, and both depend on the state: counting pulses of one fixed effect
would drift to where the two are equal, whatever is asked. Two things are done about it.

Zero-shifting (Kim, Rasch, Gokmen, Ando, Miyazoe, Kim, Rozen, Kim, *Zero-shifting technique for deep neural
network training on resistive cross-point arrays*, arXiv:1907.10228): pairs of a set and a reset take every
device to its own symmetry point, where the two are equal, from wherever it was. There a training begins: what
a device adds to the pulses by itself is then zero on average. (Their second half, a reference device that
holds the symmetry point and is subtracted, has no place in a network of positive conductances.)

And counts follow from the nominal law in the direction that is asked for, from the believed state; what is
left over of a pulse stays in the difference of latent and belief, and comes in later (derived for labrig).
"""

from collections.abc import Iterator
from math import ceil, log

import numpy as np

from labrig.arrays import BranchArray, FloatArray, IntArray, Seconds, Siemens, Volts
from labrig.devices.memristors import MemristorPart, Switching, nominal_pulse, nominal_state
from labrig.errors import ConfigError
from labrig.units import format_quantity

_LEFT = 0.01
"""Of the way to the symmetry point, at which zero-shifting ends."""
MOST_A_WRITE = 100
"""Pulses on one branch in one update."""


class OpenLoop:
    """Pulses for B branches that nobody reads.

    Parameters
    ----------
    symmetry
        Where the symmetry point of a nominal device is to be, S: amplitudes are chosen so.
    step
        What a pulse moves there, as a share of the part's range.
    highest_set, highest_reset
        Ceilings, V.
    cycles
        Pairs of pulses of zero-shifting; None: until a hundredth of the way is left on a nominal device.

    Raises
    ------
    ConfigError
        The pulses that this takes are too high.
    """

    def __init__(
        self,
        part: MemristorPart,
        branches: int,
        *,
        symmetry: Siemens,
        step: float,
        highest_set: Volts,
        highest_reset: Volts,
        cycles: int | None = None,
    ) -> None:
        self._part = part
        self.width: Seconds = part.shortest
        """Of every pulse: short ones are far above the thresholds, whose spread then matters least."""
        state = float(nominal_state(part, np.array(symmetry)))
        if not 0 < state < 1:
            msg = (
                f"learning.initial: a symmetry point of {format_quantity(symmetry, 'S')} is not within the"
                f" range of {part.name}; start between {format_quantity(part.lowest, 'S')} and"
                f" {format_quantity(part.highest, 'S')}"
            )
            raise ConfigError(msg)
        self.set_volts = _amplitude(part.set, step / (1 - state) ** part.set.bound / self.width)
        self.reset_volts = _amplitude(part.reset, step / state**part.reset.bound / self.width)
        for name, volts, highest in (
            ("set", self.set_volts, highest_set),
            ("reset", self.reset_volts, highest_reset),
        ):
            if volts > highest:
                msg = (
                    f"learning.write.step: {step:g} takes {name} pulses of {format_quantity(volts, 'V')}, the"
                    f" limit is {format_quantity(highest, 'V')}; take a smaller step"
                )
                raise ConfigError(msg)
        rate = step * (part.set.bound / (1 - state) + part.reset.bound / state)
        self.cycles = ceil(log(1 / _LEFT) / rate) if cycles is None else cycles
        self.symmetry = symmetry
        self.states: FloatArray = np.full(branches, state)
        """What is believed of the branches, x by the nominal law, shape (B,)."""
        self._branches = branches

    @property
    def believed(self) -> BranchArray:
        """What the branches conduct by the nominal law, shape (B,), S."""
        return self._part.lowest + self._part.span * self.states

    def zero_shifting(self, branches: IntArray) -> Iterator[tuple[IntArray, FloatArray]]:
        """Pulses that take these branches to their symmetry points, one of each in a round."""
        for _ in range(self.cycles):
            for volts in (self.set_volts, -self.reset_volts):
                yield branches, np.full(branches.size, volts)
        self.states[branches] = nominal_state(self._part, np.array(self.symmetry))

    def pulses(self, targets: BranchArray) -> Iterator[tuple[IntArray, FloatArray]]:
        """Pulses that take the branches as near to these conductances as whole pulses do, round by round.

        Parameters
        ----------
        targets
            Shape (B,), S; NaN: leave the branch alone.
        """
        wanted = np.where(np.isnan(targets), self.states, nominal_state(self._part, targets))
        for _ in range(MOST_A_WRITE):
            volts = np.where(wanted > self.states, self.set_volts, -self.reset_volts)
            moved = nominal_pulse(self._part, self.states, volts, self.width)
            nearer = np.flatnonzero(np.abs(moved - wanted) < np.abs(self.states - wanted))
            if not nearer.size:
                return
            yield nearer, volts[nearer]
            self.states[nearer] = moved[nearer]


def _amplitude(way: Switching, rate: float) -> Volts:
    """Magnitude of pulses at which a nominal device moves at this rate in the middle of its window."""
    return float(way.threshold * (1 + (rate / way.rate) ** (1 / way.exponent)))
