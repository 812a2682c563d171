"""One boundary of a MEASURE request: a byte of section bits, then the sections, each ending on a byte."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from struct import Struct
from types import MappingProxyType

import numpy as np

from labrig.errors import FrameError
from labrig.wire.definition import Section
from labrig.wire.packing import bitmap, bitmap_items, pack, packed_size, unpack


class UnknownPartError(FrameError):
    """A section, a line or a conductance that is not there."""


Codes = Mapping[int, int]
"""Input or output number to a DAC code."""

_NONE: Codes = MappingProxyType({})
_FRACTION = Struct("<h")
_CONDUCTANCE = Struct("<I")


@dataclass(frozen=True, slots=True)
class Toward:
    """Clamp at stored reading + fraction (target - stored reading)."""

    fraction: int
    """In 1/`PER_FRACTION`."""
    targets: Codes


@dataclass(frozen=True, slots=True)
class Through:
    """A source at the target behind a conductance, in the place of the drive resistor."""

    conductance: int
    """nS."""
    targets: Codes


@dataclass(frozen=True, slots=True)
class WireBoundary:
    """Everything that is driven, in codes; outputs count from 0."""

    inputs: Codes | None
    """None: as in the boundary before."""
    clamps: Codes = field(default_factory=lambda: _NONE)
    toward: Toward | None = None
    through: Through | None = None
    inject: Mapping[int, int] = field(default_factory=lambda: _NONE)
    """Output to a current into its line, pA."""
    store: bool = False
    """Keep this state's output readings as the reference of later `toward` sections."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is needed to read a boundary."""

    inputs: int
    outputs: int
    dac_bits: int


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a board can be asked for in a boundary; without it a boundary is read as any board may get it."""

    sections: Section = ~Section(0)
    conductances: range = range(2**32)
    """nS of a `Through`."""


_ALL = Abilities()


def encode_boundary(boundary: WireBoundary, shape: Shape) -> bytes:
    """Bytes of one boundary."""
    sections = Section(0)
    parts: list[bytes] = []
    if boundary.inputs is not None:
        sections |= Section.INPUTS
        parts.append(_encode_codes(boundary.inputs, shape.inputs, shape.dac_bits))
    if boundary.store:
        sections |= Section.STORE
    if boundary.clamps:
        sections |= Section.CLAMPS
        parts.append(_encode_codes(boundary.clamps, shape.outputs, shape.dac_bits))
    if boundary.toward is not None:
        sections |= Section.TOWARD
        codes = _encode_codes(
            boundary.toward.targets,
            shape.outputs,
            shape.dac_bits,
            between=_FRACTION.pack(boundary.toward.fraction),
        )
        parts.append(codes)
    if boundary.through is not None:
        sections |= Section.THROUGH
        codes = _encode_codes(
            boundary.through.targets,
            shape.outputs,
            shape.dac_bits,
            between=_CONDUCTANCE.pack(boundary.through.conductance),
        )
        parts.append(codes)
    if boundary.inject:
        sections |= Section.INJECT
        items = sorted(boundary.inject)
        currents = np.array([boundary.inject[item] for item in items], "<i4")
        parts.append(bitmap(items, shape.outputs) + currents.tobytes())
    return bytes((sections,)) + b"".join(parts)


def _encode_codes(codes: Codes, count: int, bits: int, *, between: bytes = b"") -> bytes:
    items = sorted(codes)
    return bitmap(items, count) + between + pack(np.array([codes[item] for item in items], np.int64), bits)


def decode_boundaries(
    body: bytes, count: int, shape: Shape, abilities: Abilities = _ALL
) -> Iterator[WireBoundary]:
    """Read the `count` boundaries in the body of a MEASURE request, one after the other.

    Raises
    ------
    UnknownPartError
        A section or conductance is not among the abilities, or a bitmap names a line that is not there.
    FrameError
        The body ends too early or too late.
    """
    reader = _Reader(body)
    for _ in range(count):
        yield _decode_boundary(reader, shape, abilities)
    if reader.at != len(body):
        msg = f"{len(body) - reader.at} bytes follow the last of {count} boundaries"
        raise FrameError(msg)


def _decode_boundary(reader: "_Reader", shape: Shape, abilities: Abilities) -> WireBoundary:
    bits = reader.take(1)[0]
    if bits & ~int(abilities.sections):
        msg = f"section bits 0x{bits:02X} of a boundary are not all known"
        raise UnknownPartError(msg)
    sections = Section(bits)
    inputs = _decode_codes(reader, shape.inputs, shape.dac_bits) if Section.INPUTS in sections else None
    clamps = _decode_codes(reader, shape.outputs, shape.dac_bits) if Section.CLAMPS in sections else _NONE
    toward = through = None
    if Section.TOWARD in sections:
        items, (fraction,) = reader.items(shape.outputs), reader.fixed(_FRACTION)
        toward = Toward(fraction, reader.codes(items, shape.dac_bits))
    if Section.THROUGH in sections:
        items, (conductance,) = reader.items(shape.outputs), reader.fixed(_CONDUCTANCE)
        if conductance not in abilities.conductances:
            msg = f"a nudge through {conductance} nS is outside {abilities.conductances}"
            raise UnknownPartError(msg)
        through = Through(conductance, reader.codes(items, shape.dac_bits))
    inject: Mapping[int, int] = _NONE
    if Section.INJECT in sections:
        items = reader.items(shape.outputs)
        currents = np.frombuffer(reader.take(4 * len(items)), "<i4")
        inject = dict(zip(items, currents.tolist(), strict=True))
    return WireBoundary(inputs, clamps, toward, through, inject, Section.STORE in sections)


def _decode_codes(reader: "_Reader", count: int, bits: int) -> Codes:
    return reader.codes(reader.items(count), bits)


class _Reader:
    """A place in a body; refuses to run past its end."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0

    def take(self, count: int) -> bytes:
        taken = self.body[self.at : self.at + count]
        if len(taken) != count:
            msg = f"a body of {len(self.body)} bytes ends within a boundary"
            raise FrameError(msg)
        self.at += count
        return taken

    def fixed(self, layout: Struct) -> tuple[int, ...]:
        return layout.unpack(self.take(layout.size))

    def items(self, count: int) -> list[int]:
        data = self.take((count + 7) // 8)
        try:
            return [int(item) for item in bitmap_items(data, count)]
        except FrameError as error:
            raise UnknownPartError(str(error)) from None

    def codes(self, items: list[int], bits: int) -> Codes:
        values = unpack(self.take(packed_size(len(items), bits)), len(items), bits)
        return dict(zip(items, values.tolist(), strict=True))
