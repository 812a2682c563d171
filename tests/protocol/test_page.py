"""PROTOCOL.md: what it shows byte by byte is what the golden vectors say, and its links lead somewhere."""

import binascii
import json
import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest
from cobs import cobs  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

from tests.support.decoding import digest as image_digest

FIRMWARE = Path(__file__).parents[2] / "firmware_protocol"
PAGES = [FIRMWARE / "PROTOCOL.md", FIRMWARE / "README.md"]
TEXT = PAGES[0].read_text()
BLOCKS = re.findall(r"^```\w*\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def golden() -> Iterator[str]:
    """Every frame of the dialogues, as it goes over the wire."""
    for dialogue in json.loads((FIRMWARE / "vectors/dialogues.json").read_text()):
        for turn in dialogue["turns"]:
            yield from filter(None, (turn["request"], turn["reply"]))


def bodies() -> set[str]:
    """Every undamaged frame of the dialogues, without byte stuffing."""
    found: set[str] = set()
    for frame in golden():
        try:
            found.add(cobs.decode(bytes.fromhex(frame)[:-1]).hex())  # pyright: ignore[reportUnknownMemberType]
        except cobs.DecodeError:
            continue
    return found


def leading_bytes(line: str) -> str:
    return "".join(takewhile(re.compile("[0-9a-f]{2}$").match, line.split()))


def test_frames_on_the_wire_are_golden_and_have_the_body_that_is_shown() -> None:
    shown = re.findall(r"^body +([0-9a-f ]+)\non the wire +([0-9a-f ]+)$", TEXT, re.MULTILINE)
    assert len(shown) == 2
    for body, wire in shown:
        assert wire.replace(" ", "") in set(golden())
        stuffed = bytes.fromhex(wire)[:-1]
        assert cobs.decode(stuffed) == bytes.fromhex(body)  # pyright: ignore[reportUnknownMemberType]


def test_the_measurement_and_its_answer_are_golden() -> None:
    shown = [block for block in BLOCKS if re.match("[0-9a-f]{2} ", block)]
    assert len(shown) == 2
    for block in shown:
        assert "".join(map(leading_bytes, block.splitlines())) in bodies()


def test_the_numbers_in_the_text_are_right() -> None:
    (check,) = re.findall(r'"123456789" gives 0x([0-9A-F]{4})', TEXT)
    assert binascii.crc_hqx(b"123456789", 0xFFFF) ^ 0xFFFF == int(check, 16)
    (codes, digest) = re.findall(r"The codes ([0-9, ]+) have the digest 0x([0-9A-F]{8})", TEXT)[0]
    assert image_digest([int(code) for code in codes.split(",")]) == int(digest, 16)
    (packed,) = re.findall(r"^ bytes +((?:[0-9a-f]{2} +)+)\(", TEXT, re.MULTILINE)
    assert int.from_bytes(bytes.fromhex(packed), "little") == 511 << 9


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\[[^\]]+\]\(([^)]+)\)", page.read_text())
    assert links
    for link in links:
        target, _, anchor = link.partition("#")
        file = page.parent / target if target else page
        assert file.exists(), link
        assert not anchor or anchor in anchors(file), link


def test_the_make_targets_of_the_readme_exist() -> None:
    named = re.findall(r"`make ([a-z0-9-]+)", PAGES[1].read_text())
    made = re.findall(r"^([a-z0-9-]+):", (FIRMWARE / "Makefile").read_text(), re.MULTILINE)
    assert set(named) <= set(made)
    assert {"host", "test", "soak"} <= set(named)
