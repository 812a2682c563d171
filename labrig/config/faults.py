"""Faults of simulated and launched boards, by name: what a bench must get over is rehearsed first."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, Strict

from labrig.config.model import Model
from labrig.config.quantities import (
    BareQuantity,
    Count,
    NoiseSiemens,
    PositiveSeconds,
    Seconds,
    Share,
    Text,
    Tolerance,
    Volts,
)

Direction: TypeAlias = Literal["down", "up", "both"]
Code: TypeAlias = Annotated[int, Strict(), Field(ge=0, le=65535)]


class _WireFault(Model):
    """On the line between host and board."""

    direction: Direction = "both"
    """``down``: to the board; ``up``: from it."""


class _ByteFault(_WireFault):
    rate: Share
    """Of the bytes, each by itself: 1e-4 is one in ten thousand."""


class Flip(_ByteFault):
    """One bit of a byte is turned."""

    kind: Literal["flip"] = "flip"


class Drop(_ByteFault):
    """A byte is lost."""

    kind: Literal["drop"] = "drop"


class Duplicate(_ByteFault):
    """A byte comes twice."""

    kind: Literal["duplicate"] = "duplicate"


class Insert(_ByteFault):
    """A byte that nobody sent comes before one."""

    kind: Literal["insert"] = "insert"


class Truncate(_ByteFault):
    """From a byte on, the rest of its frame is lost, its delimiter included."""

    kind: Literal["truncate"] = "truncate"


class _SpellFault(_WireFault):
    at: Seconds
    """After the line was opened."""
    lasts: PositiveSeconds
    every: PositiveSeconds | None = None
    """From one beginning to the next; null: once."""


class Silence(_SpellFault):
    """Nothing comes through."""

    kind: Literal["silence"] = "silence"


class Babble(_SpellFault):
    """Bytes that nobody sent come without a pause, as fast as a line of 115200 baud carries them."""

    kind: Literal["babble"] = "babble"


class _BranchFault(Model):
    branch: Text
    """Such as ``in0-out3``."""


class _ContactFault(_BranchFault):
    """Of the wiper's contacts: its register takes what is written, and reads back right."""

    after: Annotated[int, Strict(), Field(ge=0)] = 0
    """Exchanges of the run without it; launched firmware has its faults from the start."""


class Stuck(_ContactFault):
    """The wiper stays at a code."""

    kind: Literal["stuck"] = "stuck"
    code: Code


class Open(_ContactFault):
    """The branch conducts nothing, or no more than a leak."""

    kind: Literal["open"] = "open"
    leak: NoiseSiemens = 0.0
    """What is left, of the parasitic path past a part that is off."""


class Short(_ContactFault):
    """The branch joins its nodes through no more than the resistance of its wiper."""

    kind: Literal["short"] = "short"


class BitStuck(_ContactFault):
    """One bit of the code has no effect, so that the conductance is not monotone."""

    kind: Literal["bit-stuck"] = "bit-stuck"
    bit: Annotated[int, Strict(), Field(ge=0, le=15)]
    """0: that of one tap."""
    value: Literal[0, 1] = 0
    """What it is taken for."""


class Noisy(_ContactFault):
    """The contact is bad: the conductance differs from one exchange to the next."""

    kind: Literal["noisy"] = "noisy"
    spread: Tolerance
    """Standard deviation, relative."""


class Aging(_ContactFault):
    """The conductance goes on changing: in n exchanges by a factor exp(rate n / 1000)."""

    kind: Literal["aging"] = "aging"
    rate: Annotated[float, BareQuantity("", least=-0.9, most=0.9)]
    """Relative, in 1000 exchanges."""


class Unwritable(_BranchFault):
    """The chip takes no write to the wiper: its register keeps the code of power-up, and reads back so."""

    kind: Literal["unwritable"] = "unwritable"


class StuckOn(_ContactFault):
    """A memristor that conducts what it can at most, and that no pulse moves."""

    kind: Literal["stuck-on"] = "stuck-on"


class StuckOff(_ContactFault):
    """A memristor that is almost open, and that no pulse moves."""

    kind: Literal["stuck-off"] = "stuck-off"


class AdcStuck(Model):
    """The converter gives one code for a node, whatever that has; a code at a rail: it is saturated."""

    kind: Literal["adc-stuck"] = "adc-stuck"
    node: Text
    """Such as ``out3``."""
    code: Code


class AdcOffset(Model):
    """Readings of a node are off, as by the offset of its converter."""

    kind: Literal["adc-offset"] = "adc-offset"
    node: Text
    """Such as ``out3``."""
    offset: Volts
    readings: Literal["all", "second"] = "all"
    """second: only in every second state of an exchange, as where two capacitors take turns in holding."""


class _Mishap(Model):
    """Befalls the processor of an emulated board."""

    after: Count
    """Bytes that have come to the board, so that it falls into whatever they belong to."""


class BrownOut(_Mishap):
    """The supply of an emulated board dips: its processor is reset, its parts keep what they hold."""

    kind: Literal["brown-out"] = "brown-out"


class Hang(_Mishap):
    """The firmware of an emulated board waits for ever with interrupts off, until its watchdog resets it."""

    kind: Literal["hang"] = "hang"


class Overrun(_Mishap):
    """The receiver of an emulated board loses a byte, as it does where two before it were not fetched."""

    kind: Literal["overrun"] = "overrun"


class ResetAtOpen(Model):
    """Opening the port of an emulated board resets its processor; a boot loader comes first, for 0.5 s."""

    kind: Literal["reset-at-open"] = "reset-at-open"


WireFault: TypeAlias = Flip | Drop | Duplicate | Insert | Truncate | Silence | Babble
ContactFault: TypeAlias = Stuck | Open | Short | BitStuck | Noisy | Aging
MemristorFault: TypeAlias = StuckOn | StuckOff
BranchFault: TypeAlias = ContactFault | Unwritable | MemristorFault
ChannelFault: TypeAlias = AdcStuck | AdcOffset
ProcessorFault: TypeAlias = BrownOut | Hang | Overrun | ResetAtOpen
Fault: TypeAlias = Annotated[
    WireFault | BranchFault | ChannelFault | ProcessorFault, Field(discriminator="kind")
]


def wire_faults(faults: Sequence[Fault]) -> list[WireFault]:
    """Those of the line between host and board."""
    return [fault for fault in faults if isinstance(fault, WireFault)]


def branch_faults(faults: Sequence[Fault]) -> list[BranchFault]:
    """Those of the branches."""
    return [fault for fault in faults if isinstance(fault, BranchFault)]


def channel_faults(faults: Sequence[Fault]) -> list[ChannelFault]:
    """Those of the converter that reads the nodes."""
    return [fault for fault in faults if isinstance(fault, ChannelFault)]


def processor_faults(faults: Sequence[Fault]) -> list[ProcessorFault]:
    """Those of an emulated processor, its supply and its receiver."""
    return [fault for fault in faults if isinstance(fault, ProcessorFault)]
