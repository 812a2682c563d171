"""Whether a simulated board can be told in the integers of the wire."""

import math
from collections.abc import Iterator

from labrig.boards.base import BoardInfo, CodeRange, Converter
from labrig.errors import ConfigError
from labrig.units import format_quantity
from labrig.wire.boundaries import Abilities
from labrig.wire.definition import (
    MAX_PAYLOAD,
    PER_10NS,
    PER_MOHM,
    PER_MV,
    PER_NS,
    PER_UV,
    HelloReply,
    Section,
)
from labrig.wire.pulsing import WireRange

_U16, _U32 = 2**16 - 1, 2**32 - 1
_NEAR = 1e-6
_BYTES_OF_PULSES = 16
_TEXTS = MAX_PAYLOAD - HelloReply.layout.size - 4
"""Characters of serial number and part together: each has a tag and a length before it."""


NO_CODES = CodeRange(0, 0, 0)
"""Of branches that have no wipers."""


def fit(info: BoardInfo) -> tuple[Converter, Converter, CodeRange]:
    """The ADC and the DAC that every board on the wire has, and its codes: `NO_CODES` of memristors.

    Raises
    ------
    ConfigError
        It lacks one of them, or has a value that the wire has no room for.
    """
    adc, dac, codes = info.adc, info.dac, info.codes
    if codes is None and info.pulses is not None:
        codes = NO_CODES
    if adc is None or dac is None or codes is None:
        parts = {"digipot elements": codes, "an adc": adc, "a dac": dac}
        missing = ", ".join(what for what, part in parts.items() if part is None)
        msg = (
            f"board {info.serial_number} cannot be served: the wire carries codes of wipers, ADC and DAC;"
            f" what the rig's board lacks is {missing}"
        )
        raise ConfigError(msg)
    for mistake in (*_arrangement(info), *_counts(info), *_analogue(info, adc, dac), *_texts(info)):
        msg = f"board {info.serial_number} cannot be served: {mistake}"
        raise ConfigError(msg)
    return adc, dac, codes


def pulse_range(info: BoardInfo) -> WireRange | None:
    """The pulses that it gives; None: none."""
    allowed = info.pulses
    if allowed is None:
        return None
    return WireRange(
        highest_set=int(allowed.highest_set * PER_MV + _NEAR),
        highest_reset=int(allowed.highest_reset * PER_MV + _NEAR),
        step=max(1, round(allowed.amplitude_step * PER_MV)),
        shortest=math.ceil(allowed.shortest * PER_10NS - _NEAR),
        longest=min(int(allowed.longest * PER_10NS + _NEAR), _U32),
    )


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


def _arrangement(info: BoardInfo) -> Iterator[str]:
    if info.dividers:
        yield "its potentiometers are dividers, and the wire knows rheostats only; open the rig itself"


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
    most = _TEXTS if info.pulses is None else _TEXTS - _BYTES_OF_PULSES
    if len(info.serial_number + info.part) > most:
        yield f"its serial number and part ({info.part}) may have {most} characters together"
