"""Source-measure units: how each is reached, what it forces and measures, and what it must never exceed."""

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, Strict, model_validator

from labrig.config.capabilities import (
    CAPABILITIES,
    KEITHLEY_2600,
    Capabilities,
    Keithley2600Model,
    OffMode,
    Terminals,
)
from labrig.config.links import LinkConfig
from labrig.config.model import Model, Place, mistakes
from labrig.config.quantities import (
    Flag,
    PositiveAmperes,
    PositiveNumber,
    PositiveSlew,
    PositiveVolts,
    Seconds,
    Text,
)
from labrig.units import format_quantity

DEFAULT_CAP = 10.0
"""V; what a source may reach where the rig names no limit."""
HARMLESS = 42.0
"""V; above it a rig has to say that it means it."""


class SourceLimits(Model):
    """What a source-measure unit is never asked to exceed, as a level or as a compliance."""

    voltage: PositiveVolts = DEFAULT_CAP
    current: PositiveAmperes | None = None
    """null: what the model can."""
    above_42_volts: Flag = False
    """Has to be true where the voltage limit is above 42 V."""


class SourceMeterConfig(Model):
    """What all models have in common."""

    link: LinkConfig
    fallbacks: tuple[LinkConfig, ...] = ()
    """Other ways to the same instrument, tried in this order when the link is lost."""
    serial_number: Text | None = None
    """null: whichever answers."""
    node: Text | None = None
    """Of the rig's network that the channel is joined to."""
    channel: Annotated[int, Strict(), Field(ge=1)] = 1
    source: Literal["voltage", "current"] = "voltage"
    compliance_voltage: PositiveVolts | None = None
    """While it sources current; null: the voltage limit."""
    compliance_current: PositiveAmperes | None = None
    """While it sources voltage; null: a command has to say it."""
    range_voltage: PositiveVolts | None = None
    """null: chosen by the instrument."""
    range_current: PositiveAmperes | None = None
    nplc: PositiveNumber = 1.0
    """Integration time, in cycles of the power line."""
    wires: Literal[2, 4] = 2
    autozero: Flag = True
    delay: Seconds = 0.0
    """Between a level and its measurement."""
    off_mode: OffMode = "normal"
    terminals: Terminals | None = None
    """null: left as they are."""
    slew: PositiveSlew = 100.0
    """How fast a level may change. A current takes as long for its limit as a voltage for its own."""
    limits: SourceLimits = SourceLimits()

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _the_model_can(self) -> "SourceMeterConfig":
        if found := list(_beyond(self, self.capabilities)):
            raise mistakes(type(self).__name__, found)
        return self


class Keithley2400(SourceMeterConfig):
    """Keithley series 2400, in SCPI."""

    kind: Literal["keithley2400"] = "keithley2400"

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do."""
        return CAPABILITIES[self.kind]


class Keithley2450(SourceMeterConfig):
    """Keithley 2450, in its SCPI command set."""

    kind: Literal["keithley2450"] = "keithley2450"

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do."""
        return CAPABILITIES[self.kind]


class Keithley2600(SourceMeterConfig):
    """A channel of a Keithley series 2600B, in TSP; channel 1 is A, 2 is B."""

    kind: Literal["keithley2600"] = "keithley2600"
    model: Keithley2600Model = "2602B"

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do."""
        return KEITHLEY_2600[self.model]


class KeysightB2900(SourceMeterConfig):
    """A channel of a Keysight B2900, in SCPI."""

    kind: Literal["keysight_b2900"] = "keysight_b2900"

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do."""
        return CAPABILITIES[self.kind]


class YokogawaGS200(SourceMeterConfig):
    """Yokogawa GS200, whose monitor option measures what it does not source."""

    kind: Literal["yokogawa_gs200"] = "yokogawa_gs200"

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do."""
        return CAPABILITIES[self.kind]


AnySourceMeter: TypeAlias = Annotated[
    Keithley2400 | Keithley2450 | Keithley2600 | KeysightB2900 | YokogawaGS200, Field(discriminator="kind")
]


def _beyond(config: SourceMeterConfig, can: Capabilities) -> Iterator[tuple[Place, str]]:
    yield from _out_of_bounds(config, can)
    limits = config.limits
    if limits.voltage > HARMLESS and not limits.above_42_volts:
        text = (
            f"found {format_quantity(limits.voltage, 'V')}, which is dangerous to touch;"
            " say above_42_volts: true beside it if it is meant"
        )
        yield ("limits", "voltage"), text
    if can.nplc is not None and not can.nplc[0] <= config.nplc <= can.nplc[1]:
        yield ("nplc",), f"found {config.nplc:g}; a {can.title} takes {can.nplc[0]:g} … {can.nplc[1]:g}"
    if config.off_mode not in can.off_modes:
        yield ("off_mode",), f"found {config.off_mode!r}; a {can.title} has {', '.join(can.off_modes)}"
    if config.terminals is not None and config.terminals not in can.terminals:
        yield ("terminals",), f"found {config.terminals!r}; a {can.title} has one pair: leave it out"
    if config.channel > can.channels:
        yield ("channel",), f"found {config.channel}; a {can.title} has {can.channels}"
    if config.wires == 4 and not can.four_wire:
        yield ("wires",), f"found 4; a {can.title} has no sense terminals"
    if not config.autozero and not can.autozero:
        yield ("autozero",), f"found false; a {can.title} cannot be told so: leave it out"


def _out_of_bounds(config: SourceMeterConfig, can: Capabilities) -> Iterator[tuple[Place, str]]:
    limits = config.limits
    current = can.most_amperes if limits.current is None else limits.current
    volts, amperes = min(limits.voltage, can.most_volts), min(current, can.most_amperes)
    quantities = (
        (("limits", "voltage"), limits.voltage, 0.0, can.most_volts, "V"),
        (("limits", "current"), current, 0.0, can.most_amperes, "A"),
        (("compliance_voltage",), config.compliance_voltage, can.least_volts, volts, "V"),
        (("compliance_current",), config.compliance_current, can.least_amperes, amperes, "A"),
        (("range_voltage",), config.range_voltage, 0.0, can.most_volts, "V"),
        (("range_current",), config.range_current, 0.0, can.most_amperes, "A"),
    )
    for place, asked, least, most, unit in quantities:
        if asked is not None and asked > most:
            allowed = f"a {can.title} goes to {format_quantity(most, unit)} here"
            yield place, f"found {format_quantity(asked, unit)}; {allowed}"
        elif asked is not None and asked < least:
            allowed = f"a {can.title} limits at {format_quantity(least, unit)} or more"
            yield place, f"found {format_quantity(asked, unit)}; {allowed}"
