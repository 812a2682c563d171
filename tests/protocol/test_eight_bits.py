"""The core that gives pulses, on eight bits: it compiles without a warning, and computes the same."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.firmware import FIRMWARE

READS = json.loads((FIRMWARE / "vectors/pulsing.json").read_text())["reads"]
SIZES = """
#ifndef LABRIG_SIZES_H
#define LABRIG_SIZES_H
#define LABRIG_MAX_BRANCHES 1200u
#define LABRIG_MAX_LINES 72
#define LABRIG_MAX_AVERAGES 16u
#define LABRIG_TEXTS_MAX 44u
#define LABRIG_RX_BYTES 664u
#define LABRIG_CREDIT 3u
#define LABRIG_HEARTBEAT_MS 1000u
#define LABRIG_MEMRISTORS
#endif
"""
PROGRAM = """
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>
#include "pulse.h"

struct vector { struct labrig_seen seen[2]; uint32_t drive, conductance; };
static const struct vector vectors[] PROGMEM = {VECTORS};

static void say(char letter)
{
    while ((UCSR0A & 1u << UDRE0) == 0) {
    }
    UDR0 = (unsigned char)letter;
}

int main(void)
{
    UCSR0B = 1u << TXEN0;
    for (unsigned k = 0; k < sizeof vectors / sizeof *vectors; k++) {
        struct vector vector;
        memcpy_P(&vector, &vectors[k], sizeof vector);
        const struct labrig_seen *seen = vector.seen;
        say(labrig_conductance(&seen[0], &seen[1], vector.drive) == vector.conductance ? '+' : '-');
    }
    say('\\n');
    cli();
    sleep_cpu();
}
"""
STRICT = (
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Wvla",
    "-Werror",
    "-Os",
    "-fshort-enums",
    "-ffunction-sections",
)
INCLUDE = [f"-I{FIRMWARE / folder}" for folder in ("include", "core")]
MOST_FLASH, MOST_STACK = 6000, 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if not shutil.which("avr-gcc"):
        pytest.skip("needs avr-gcc")
    (tmp_path / "labrig_sizes.h").write_text(SIZES)
    return tmp_path


def compiled(folder: Path, *words: object) -> None:
    command = ["avr-gcc", "-mmcu=atmega2560", "-DF_CPU=16000000UL", *STRICT, f"-I{folder}", *INCLUDE]
    subprocess.run([*command, *map(str, words)], cwd=folder, check=True)


def test_the_core_with_pulses_compiles_and_they_take_little(folder: Path) -> None:
    for source in sorted((FIRMWARE / "core").glob("*.c")):
        compiled(folder, "-c", source, "-fstack-usage")
    said = subprocess.run(
        ["avr-size", "pulse.o", "verify.o"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    flash = [int(line.split()[0]) for line in said.splitlines()[1:]]
    assert sum(flash) <= MOST_FLASH
    frames = [
        int(line.split("\t")[1])
        for name in ("pulse", "verify")
        for line in (folder / f"{name}.su").read_text().splitlines()
    ]
    assert max(frames) <= MOST_STACK


def entry(seen: list[int], drive: int, conductance: int) -> str:
    alone, together = (", ".join(map(str, state)) for state in (seen[:3], seen[3:]))
    return f"{{{{{{{alone}}}, {{{together}}}}}, {drive}ul, {conductance}ul}}"


def test_conductances_on_an_emulated_atmega2560_are_the_golden_ones(folder: Path) -> None:
    if not shutil.which("simavr"):
        pytest.skip("needs simavr")
    rows = ", ".join(entry(row["seen"], row["drive"], row["conductance"]) for row in READS)
    (folder / "program.c").write_text(PROGRAM.replace("VECTORS", rows))
    compiled(folder, "program.c", FIRMWARE / "core/verify.c", "-Wl,--gc-sections", "-o", "program.elf")
    ran = subprocess.run(
        ["simavr", "-m", "atmega2560", "-f", "16000000", "program.elf"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert re.findall("[+-]+", ran.stdout + ran.stderr)[:1] == ["+" * len(READS)]
