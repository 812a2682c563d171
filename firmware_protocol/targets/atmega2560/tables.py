"""Writes tables.S: the tables of the two checksums, plane by plane."""

from collections.abc import Sequence
from pathlib import Path

HEAD = """\
/* Tables for the two checksums, each plane of 256 bytes on a page of its own, looked up by a byte alone.
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


def plane(values: Sequence[int], shift: int) -> str:
    """One byte of every value."""
    rows = [values[k : k + 16] for k in range(0, 256, 16)]
    return "".join(f"    .byte {', '.join(f'0x{v >> shift & 0xFF:02X}' for v in row)}\n" for row in rows)


def text() -> str:
    """The assembler file."""
    once = [crc32(k) for k in range(256)]
    wide = [crc16(k) for k in range(256)]
    return "".join(
        [
            HEAD,
            "    .global crc16_pages\ncrc16_pages: /* of CRC-16/GENIBUS: high bytes, low bytes */\n",
            *(plane(wide, shift) for shift in (8, 0)),
            "    .global crc32_pages\ncrc32_pages: /* of CRC-32, the lowest byte first */\n",
            *(plane(once, shift) for shift in (0, 8, 16, 24)),
        ]
    )


if __name__ == "__main__":
    Path(__file__).with_suffix(".S").write_text(text())
