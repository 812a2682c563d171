"""Whether the budget of the ATmega2560 finds the deepest stack, and refuses what it cannot follow."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.firmware import FIRMWARE

BUDGET = FIRMWARE / "targets/atmega2560/budget.py"
CHAIN = """
#include <avr/interrupt.h>
volatile unsigned char sink;
__attribute__((noinline)) void leaf(void) { volatile char frame[%d]; frame[0] = sink; sink = frame[0]; }
__attribute__((noinline)) void middle(void) { volatile char frame[5]; frame[1] = sink; leaf(); }
ISR(TIMER0_COMPA_vect) { sink++; }
int main(void) { for (;;) { middle(); } }
"""
POINTER = """
void (*volatile somewhere)(void);
int main(void) { for (;;) { somewhere(); } }
"""
RECURSION = """
volatile unsigned char sink;
__attribute__((noinline)) void down(void) { if (sink--) { down(); sink++; } }
int main(void) { for (;;) { down(); } }
"""


def build(folder: Path, source: str) -> Path:
    if not shutil.which("avr-gcc"):
        pytest.skip("needs avr-gcc")
    (folder / "program.c").write_text(source)
    command = ["avr-gcc", "-mmcu=atmega2560", "-O1", "-fstack-usage", "program.c", "-o", "program.elf"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "program.elf"


def budget(firmware: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, BUDGET, firmware], capture_output=True, text=True, check=False)


def said_by_the_compiler(folder: Path) -> int:
    """Sum over all functions, each with the return address to its caller, bytes."""
    usage = (folder / "program.su").read_text().splitlines()
    return sum(int(line.split("\t")[1]) for line in usage)


@pytest.mark.parametrize(("frame", "kept"), [(3, True), (40, True), (100, True), (300, False)])
def test_the_deepest_stack_is_what_the_compiler_says_of_each_function(
    tmp_path: Path, frame: int, kept: bool
) -> None:
    told = budget(build(tmp_path, CHAIN % frame))
    stack = next(line for line in told.stdout.splitlines() if line.startswith("deepest stack"))
    assert int(stack.split()[2]) == said_by_the_compiler(tmp_path)
    assert (told.returncode == 0) == kept
    assert ("TOO MUCH" in stack) != kept


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_stack_and_static_memory_share_what_the_processor_has(tmp_path: Path, more: int, fits: bool) -> None:
    stack = int(budget(build(tmp_path, CHAIN % 3)).stdout.split("deepest stack")[1].split()[0])
    static = 8192 - stack - 1 + more
    told = budget(
        build(
            tmp_path,
            f"static volatile char large[{static}];\n"
            + CHAIN.replace("{ sink++; }", "{ sink = large[0]; }") % 3,
        )
    )
    assert told.returncode == (3 if fits else 2), told.stdout


@pytest.mark.parametrize(
    ("source", "said"), [(POINTER, "calls through a pointer"), (RECURSION, "calls itself")]
)
def test_what_cannot_be_followed_is_an_error(tmp_path: Path, source: str, said: str) -> None:
    told = budget(build(tmp_path, source))
    assert told.returncode == 1
    assert said in told.stderr
