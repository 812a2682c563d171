"""Whether a simulated board can be told in the integers of the wire."""

from collections.abc import Iterator

from labrig.boards.base import BoardInfo, CodeRange, Converter
from labrig.errors import ConfigError
from labrig.units import format_quantity
from labrig.wire.boundaries import Abilities
from labrig.wire.definition import MAX_PAYLOAD, PER_MOHM, PER_NS, PER_UV, HelloReply, Section

_U16, _U32 = 2**16 - 1, 2**32 - 1
_TEXTS = MAX_PAYLOAD - HelloReply.layout.size - 4
"""Characters of serial number and part together: each has a tag and a length before it."""


def fit(info: BoardInfo) -> tuple[Converter, Converter, CodeRange]:
    """The ADC, the DAC and the codes that every board on the wire has.

    Raises
    ------
    ConfigError
        It lacks one of them, or has a value that the wire has no room for.
    """
    adc, dac, codes = info.adc, info.dac, info.codes
    if adc is None or dac is None or codes is None:
        parts = {"digipot elements": codes, "an adc": adc, "a dac": dac}
        missing = ", ".join(what for what, part in parts.items() if part is None)
        msg = (
            f"board {info.serial_number} cannot be served: the wire carries codes of wipers, ADC and DAC;"
            f" what the rig's board lacks is {missing}"
        )
        raise ConfigError(msg)
    for mistake in (*_counts(info), *_analogue(info, adc, dac), *_texts(info)):
        msg = f"board {info.serial_number} cannot be served: {mistake}"
        raise ConfigError(msg)
    return adc, dac, codes


def abilities(info: BoardInfo) -> Abilities:
    """What it can be asked for in a boundary."""
    sections = Section.INPUTS | Section.STORE | Section.CLAMPS
    if info.nudging.toward_target:
        sections |= Section.TOWARD
    if info.nudging.through is not None:
        sections |= Section.THROUGH
    if info.nudging.inject:
        sections |= Section.INJECT
    low, high = info.nudging.through or (0.0, 0.0)
    return Abilities(sections, range(round(low * PER_NS), round(high * PER_NS) + 1))


def _counts(info: BoardInfo) -> Iterator[str]:
    for what, count in (
        ("inputs", info.inputs),
        ("outputs", info.outputs),
        ("hidden nodes", info.hidden),
        ("branches", info.branches),
    ):
        if count > _U16:
            yield f"it has {count} {what}, the wire counts up to {_U16}; take a smaller network"


def _analogue(info: BoardInfo, adc: Converter, dac: Converter) -> Iterator[str]:
    for key, value, unit, per_unit, least in (
        ("adc.span", adc.span, "V", PER_UV, 1),
        ("dac.span", dac.span, "V", PER_UV, 1),
        ("drive", info.drive, "ohm", PER_MOHM, 0),
    ):
        if not least <= round(value * per_unit) <= _U32:
            low, high = (format_quantity(limit / per_unit, unit) for limit in (least, _U32))
            yield f"its {key} is {format_quantity(value, unit)}, the wire carries {low} … {high}"


def _texts(info: BoardInfo) -> Iterator[str]:
    if not (info.serial_number + info.part).isascii():
        yield f"its serial number or part ({info.part}) is not ASCII"
    if len(info.serial_number + info.part) > _TEXTS:
        yield f"its serial number and part ({info.part}) may have {_TEXTS} characters together"
