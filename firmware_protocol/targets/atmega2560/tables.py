"""Writes tables.S: the tables of the two checksums, page by page."""

from collections.abc import Sequence
from pathlib import Path

HEAD = """\
/* Tables for the two checksums, on pages of 256 bytes that are looked up by a byte alone.
 * Written by tables.py beside this file. */
    .section .progmem.tables, "a"
    .balign 256
"""


def crc16(index: int) -> int:
    """CRC-16/GENIBUS of one byte, most significant bit first."""
    crc = index << 8
    for _ in range(8):
        crc = (crc << 1) ^ (0x11021 if crc & 0x8000 else 0)
    return crc


def crc32(index: int) -> int:
    """CRC-32 of one byte, least significant bit first."""
    crc = index
    for _ in range(8):
        crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
    return crc


def page(*planes: Sequence[int]) -> str:
    """256 bytes: of each value in turn what belongs to it."""
    values = [value for values in zip(*planes, strict=True) for value in values]
    rows = [values[k : k + 16] for k in range(0, 256, 16)]
    return "".join(f"    .byte {', '.join(f'0x{v:02X}' for v in row)}\n" for row in rows)


def plane(values: Sequence[int], shift: int) -> Sequence[int]:
    """One byte of every value."""
    return [value >> shift & 0xFF for value in values]


def text() -> str:
    """The assembler file."""
    long = [crc32(k) for k in range(128)]
    wide = [crc16(k) for k in range(256)]
    return "".join(
        [
            HEAD,
            "    .global crc16_pages\ncrc16_pages: /* of CRC-16/GENIBUS: high bytes, low bytes */\n",
            *(page(plane(wide, shift)) for shift in (8, 0)),
            "    .global crc32_pages\n",
            "crc32_pages: /* of CRC-32, for bytes below 128: the lower two bytes, the upper two */\n",
            *(page(plane(long, shift), plane(long, shift + 8)) for shift in (0, 16)),
        ]
    )


if __name__ == "__main__":
    Path(__file__).with_suffix(".S").write_text(text())
