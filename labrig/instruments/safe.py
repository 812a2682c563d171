"""The one way in which every source-measure unit is used: limits first, ramps always, off at the end."""

import math
import time
from dataclasses import dataclass

import numpy as np

from labrig.arrays import Amperes, FloatArray, Seconds, Volts
from labrig.errors import (
    ConfigError,
    InstrumentError,
    LabrigError,
    LimitExceeded,
    ReadbackMismatch,
    SafetyError,
)
from labrig.instruments.base import Identity, Reading, Setup, SweepPoints, Unit, limited_unit_of, unit_of
from labrig.instruments.channel import Channel
from labrig.instruments.ramping import Ramp, walk
from labrig.units import format_quantity

_PACE: Seconds = 0.01
"""Between two steps of a ramp."""
_AGREES = 0.01
"""A compliance that reads back further off than this is not the one that was asked for."""
_SLACK = 1 + 1e-9
OFF_WITHIN: Seconds = 2.0
"""An output is off after this, or after as long as a ramp from where it is takes, whichever is more."""


@dataclass(frozen=True, slots=True)
class Caps:
    """What is never asked for, as a level or as a compliance, and how fast a level may change.

    Parameters
    ----------
    slew
        V/s. A current may cross its cap in the time in which a voltage may cross its own.
    """

    volts: Volts
    amperes: Amperes
    slew: float

    def of(self, unit: Unit) -> float:
        """The cap on one quantity."""
        return self.volts if unit == "V" else self.amperes

    def rate(self, unit: Unit) -> float:
        """How fast it may change, in its unit per second."""
        return self.slew if unit == "V" else self.slew * self.amperes / self.volts


class SafeSourceMeter:
    """A channel behind its caps: the `SourceMeter` that the rest of labrig uses.

    Parameters
    ----------
    channel
        Of an instrument that has answered.
    caps
        The tighter of model and rig.
    """

    def __init__(self, channel: Channel, caps: Caps) -> None:
        self._channel = channel
        self._caps = caps
        self._setup: Setup | None = None
        self._level: float | None = None
        """The source's, while the output is on and no failure has left it who knows where."""
        self._moved: Seconds = -math.inf
        """When the level, or whether the output is on, changed last, by the monotonic clock."""

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self._channel.identity

    @property
    def name(self) -> str:
        """As an error message names it."""
        return self._channel.name

    def configure(self, setup: Setup) -> None:
        """Set everything up; an output that is on is ramped down and turned off first.

        Raises
        ------
        LimitExceeded
            The compliance is above the rig's limit; nothing was sent.
        InstrumentError
            The instrument refused a setting, in its own words.
        ReadbackMismatch
            The compliance or the function is not what was asked for.
        """
        self._check(setup.compliance, "compliance", limited_unit_of(setup))
        self._turn_off()
        self._setup = None
        self._channel.apply(setup)
        self._raise_errors("while it was set up")
        self._verify(setup)
        self._setup = setup

    def enable(self, *, level: float = 0.0) -> None:
        """Turn the output on at 0 and ramp to a level; one that is on is ramped down and turned off first.

        Raises
        ------
        LimitExceeded
            The level is above the rig's limit; nothing was sent.
        ReadbackMismatch
            Compliance or function do not read back; the output stays off.
        InstrumentError
            An error waits in the queue; the output stays off.
        """
        setup = self._configured()
        self._check(level, "level", unit_of(setup))
        self._raise_errors("before its output was turned on")
        self._verify(setup)
        self._turn_off()
        self._channel.set_level(0.0, unit_of(setup))
        self._channel.switch(on=True)
        self._level, self._moved = 0.0, time.monotonic()
        walk([self._steps(level)])
        self._raise_errors("when its output was turned on")

    def source(self, level: float) -> None:
        """Ramp to a level without measuring.

        Raises
        ------
        LimitExceeded
            The level is above the rig's limit; nothing was sent.
        """
        walk([self.ramp(level)])

    def ramp(self, level: float) -> Ramp:
        """The way to a level, for `walk`, which takes those of several units together.

        Raises
        ------
        LimitExceeded
            The level is above the rig's limit; nothing was sent.
        """
        self._check(level, "level", unit_of(self._configured()))
        return self._steps(level)

    def travel(self, distance: float) -> Seconds:
        """How long a ramp over this distance takes, V or A."""
        return distance / self._caps.rate(unit_of(self._configured()))

    @property
    def off_within(self) -> Seconds:
        """How long `make_safe` may take."""
        return OFF_WITHIN + self._caps.volts / self._caps.slew

    def source_measure(self, level: float) -> Reading:
        """Ramp to a level and measure there.

        Raises
        ------
        LimitExceeded
            The level is above the rig's limit; nothing was sent.
        InstrumentError
            The instrument complained.
        """
        self._check(level, "level", unit_of(self._configured()))
        walk([self._steps(level)])
        reading = self._channel.measure(level)
        self._raise_errors(f"at {format_quantity(level, unit_of(self._configured()))}")
        return reading

    def arrive(self) -> None:
        """Wait until the instrument has taken its level: it answers in turn, while a write waits for nothing.

        Raises
        ------
        LinkError, InstrumentError
        """
        self._channel.level(unit_of(self._configured()))

    def sweep(self, points: SweepPoints) -> list[Reading]:
        """Source and read all levels in the instrument's own engine, never faster than the slew limit.

        Parameters
        ----------
        points
            More than the instrument holds are sourced in several parts.

        Raises
        ------
        LimitExceeded
            A level is above the rig's limit; nothing was sent.
        InstrumentError
            The instrument complained.
        """
        unit = unit_of(self._configured())
        levels = points.levels
        if levels.size == 0:
            return []
        self._check(float(levels[np.argmax(np.abs(levels))]), "level", unit)
        delay = max(points.delay, self._slowed(levels, unit))
        walk([self._steps(float(levels[0]))])
        readings: list[Reading] = []
        most = self._channel.longest_sweep()
        for first in range(0, levels.size, most):
            part = levels[first : first + most]
            self._level = None
            try:
                readings += self._channel.run(SweepPoints(part, delay))
            finally:
                self._moved = time.monotonic()
            self._level = float(part[-1])
            self._raise_errors(f"after {len(readings)} of {levels.size} points")
        return readings

    def make_safe(self) -> None:
        """Ramp to zero, turn the output off, and see that it is.

        Raises
        ------
        SafetyError
            The output is on still, or nobody can tell.
        """
        try:
            with self._channel.within(self.off_within):
                self._channel.abort()
                self._turn_off()
        except LabrigError as error:
            if not self._turned_off_at_once():
                msg = (
                    f"{self.name}: its output is STILL ON as far as anybody can tell: {error}."
                    " Turn it off at the instrument"
                )
                raise SafetyError(msg) from error

    def close(self) -> None:
        """Let go of the link; the output stays as it is."""
        self._channel.close()

    def _turned_off_at_once(self) -> bool:
        """The last resort where a ramp did not go through: off without it, and whether it is."""
        try:
            with self._channel.within(OFF_WITHIN / 2):
                self._channel.abort()
                self._channel.switch(on=False)
                return not self._channel.is_on()
        except LabrigError:
            return False

    def _turn_off(self) -> None:
        channel = self._channel
        self._level = None
        if channel.is_on():
            unit = channel.sourced()
            walk([self._steps_from(channel.level(unit), 0.0, unit)])
            channel.switch(on=False)
            if channel.is_on():
                msg = f"{self.name}: was told to turn its output off, and says that it is on"
                raise ReadbackMismatch(msg)

    def _configured(self) -> Setup:
        if self._setup is None:
            msg = f"{self.name}: used before it was set up"
            raise ConfigError(msg)
        return self._setup

    def _check(self, asked: float, what: str, unit: Unit) -> None:
        cap = self._caps.of(unit)
        if not abs(asked) <= cap * _SLACK:
            msg = (
                f"{self.name}: refused a {what} of {format_quantity(asked, unit)}, the limit is"
                f" {format_quantity(cap, unit)}; nothing was sent. Lower it, or change limits in the rig"
            )
            raise LimitExceeded(msg)

    def _verify(self, setup: Setup) -> None:
        unit, limited = unit_of(setup), limited_unit_of(setup)
        if (found := self._channel.sourced()) != unit:
            msg = f"{self.name}: asked to source {unit}, it sources {found}; the output stays off"
            raise ReadbackMismatch(msg)
        got = self._channel.compliance(limited)
        if not abs(got - setup.compliance) <= _AGREES * setup.compliance:
            msg = (
                f"{self.name}: asked for a compliance of {format_quantity(setup.compliance, limited)}, it has"
                f" {format_quantity(got, limited)}; the output stays off"
            )
            raise ReadbackMismatch(msg)

    def _raise_errors(self, when: str) -> None:
        if errors := self._channel.errors():
            raise InstrumentError(f"{self.name}: {'; '.join(errors)} ({when})")

    def _steps(self, level: float) -> Ramp:
        start, unit = self._level, unit_of(self._configured())
        if start is None:
            msg = f"{self.name}: its output is off, or was interrupted on its way; it is turned on first"
            raise ConfigError(msg)
        self._level = None
        yield from self._steps_from(start, level, unit)
        self._level = level

    def _steps_from(self, start: float, level: float, unit: Unit) -> Ramp:
        """Walk from one level to another; the last step is sent even where nothing changes."""
        rate = self._caps.rate(unit)
        steps = max(1, math.ceil(abs(level - start) / (rate * _PACE * _SLACK)))
        held = abs(level - start) / steps / rate
        for k in range(1, steps + 1):
            yield self._moved + held
            try:
                self._channel.set_level(level if k == steps else start + (level - start) * k / steps, unit)
            finally:
                self._moved = time.monotonic()

    def _slowed(self, levels: FloatArray, unit: Unit) -> Seconds:
        """The delay at each point with which the largest step stays within the slew limit."""
        largest = float(np.max(np.abs(np.diff(levels)), initial=0.0))
        return largest / self._caps.rate(unit)
