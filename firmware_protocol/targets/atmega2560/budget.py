"""Flash, static RAM and the deepest stack of the firmware for the ATmega2560, and their limits.

python budget.py FIRMWARE.elf      prints them; exit code 3 where a limit is exceeded, 2 where the processor
                                   has no room for them, 1 where it cannot tell

The stack is found in the linked instructions, assembler and library included: every path from `main` and
from each interrupt is followed, and counted is what it pushes, calls and takes from the stack pointer.
The stack pointer is at 0x3d and 0x3e for `in` and `out`; the low half stands for both here. Interrupts may
come one upon another, each once. What cannot be followed (a call through a pointer that is not known, a
recursion) is an error.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

LIMITS = {"flash": 12_000, "static RAM": 7_200, "deepest stack": 200}
"""Bytes."""
FLASH_ROOM, RAM_ROOM = 256 * 1024 - 8 * 1024, 8 * 1024
"""What the processor has, bytes: flash without the largest boot section, and SRAM."""
FLASH, RAM = (".text", ".data"), (".data", ".bss", ".noinit")
RETURN_ADDRESS = 3
"""What a call or an interrupt pushes on this processor, bytes."""
ABSURD = 4096
"""A depth that only an endless loop of pushes reaches, bytes."""
SKIPS = ("sbrs", "sbrc", "sbis", "sbic", "cpse")

LABEL = re.compile(r"^([0-9a-f]+) <(.+)>:$")
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\t([0-9a-f ]+)\t(\S+)(?:\t([^;]*))?(?:; 0x([0-9a-f]+))?")

Constants = tuple[tuple[str, int], ...]


class UnboundedError(Exception):
    """The stack of some code cannot be told."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, and where it may go."""

    address: int
    size: int
    name: str
    operands: tuple[str, ...]
    target: int

    @property
    def next(self) -> int:
        """Address of the one behind it."""
        return self.address + self.size

    @property
    def calls(self) -> bool:
        """Whether it calls; a call of the next instruction makes room for a frame, and stays."""
        return self.name in ("call", "rcall") and self.target != self.next

    @property
    def written(self) -> tuple[str, ...]:
        """Registers that it may change, of those in which the library gets addresses and sizes."""
        pointers = {"X": ("r26", "r27"), "Z": ("r30", "r31")}
        moved = [pointers[letter] for word in self.operands for letter in pointers if letter in word]
        first = self.operands[0] if self.operands else ""
        pair = (first, f"r{int(first[1:]) + 1}") if first in ("r26", "r30") else (first,)
        return (*pair, *(register for pair in moved for register in pair))


@dataclass(frozen=True, slots=True)
class State:
    """Before an instruction: bytes on the stack, and where Y points while it is a copy of its pointer."""

    address: int
    depth: int
    frame: int | None = None
    low: int | None = None
    """What was taken from Y's low half by the instruction before."""
    constants: Constants = ()

    def constant(self, *registers: str) -> int:
        """What registers were set to, the highest byte first."""
        known = dict(self.constants)
        if not set(registers) <= set(known):
            raise UnboundedError(f"0x{self.address:x} depends on {registers}, which may be anything")
        return int.from_bytes(bytes(known[register] for register in registers), "big")


@dataclass(frozen=True, slots=True)
class Path:
    """What calls what, and the bytes that it takes from the stack."""

    bytes: int
    entries: tuple[int, ...]


@dataclass
class Program:
    """Disassembled firmware."""

    code: Mapping[int, Instruction]
    labels: Mapping[str, int]
    _deepest: dict[int, Path] = field(default_factory=dict[int, Path])
    _entered: list[int] = field(default_factory=list[int])

    def deepest(self, entry: int) -> Path:
        """The path on which code takes most from the stack, without the return address of its own caller."""
        if entry in self._entered:
            raise UnboundedError(f"the code at 0x{entry:x} calls itself")
        if entry not in self._deepest:
            self._entered.append(entry)
            self._deepest[entry] = max(self.paths(entry), key=lambda path: path.bytes)
            self._entered.pop()
        return self._deepest[entry]

    def paths(self, entry: int) -> Iterator[Path]:
        """All that lead from an entry towards its returns, and into what it calls."""
        seen: set[State] = set()
        waiting = [State(entry, 0)]
        while waiting:
            state = waiting.pop()
            if state in seen:
                continue
            seen.add(state)
            if state.depth > ABSURD:
                raise UnboundedError(f"0x{state.address:x} pushes in a loop")
            instruction = self.code[state.address]
            yield Path(state.depth, (entry,))
            if instruction.calls:
                callee = self.deepest(instruction.target)
                yield Path(state.depth + RETURN_ADDRESS + callee.bytes, (entry, *callee.entries))
            waiting += self.after(instruction, state)

    def after(self, instruction: Instruction, state: State) -> Iterator[State]:
        """States that may follow."""
        name = instruction.name
        if name in ("ret", "reti"):
            return
        if name in ("icall", "eicall"):
            raise UnboundedError(f"0x{instruction.address:x} calls through a pointer")
        if name in ("ijmp", "eijmp"):
            yield replace(state, address=2 * state.constant("r31", "r30"))
            return
        moved = stacked(instruction, state)
        on = replace(moved, address=instruction.next, constants=constants(instruction, state.constants))
        if name in ("jmp", "rjmp"):
            yield replace(on, address=instruction.target)
            return
        yield on
        if name.startswith("br"):
            yield replace(on, address=instruction.target)
        if name in SKIPS:
            yield replace(on, address=self.code[instruction.next].next)

    def names(self, path: Path) -> str:
        """Of the code on a path."""
        known = {address: name for name, address in self.labels.items()}
        return " > ".join(known.get(entry, hex(entry)) for entry in path.entries)

    def interrupts(self) -> list[int]:
        """Entries of those that do something."""
        return [at for name, at in self.labels.items() if re.fullmatch(r"__vector_\d+", name)]


def constants(instruction: Instruction, known: Constants) -> Constants:
    """Registers whose value is known behind an instruction."""
    if instruction.calls:
        return ()
    kept = tuple(pair for pair in known if pair[0] not in instruction.written)
    if instruction.name == "ldi" and instruction.operands[0] in ("r26", "r27", "r30", "r31"):
        kept += ((instruction.operands[0], int(instruction.operands[1], 0)),)
    return tuple(sorted(kept))


def stacked(instruction: Instruction, state: State) -> State:
    """What an instruction does to the stack pointer, and to Y as a copy of it."""
    depth, frame, low = state.depth, state.frame, None
    if state.low is not None and instruction.operands[:1] != ("r29",):
        frame = None  # half of Y was changed
    match (instruction.name, *instruction.operands):
        case ("push", _):
            depth += 1
        case ("pop", _):
            depth -= 1
        case ("call" | "rcall", _) if not instruction.calls:
            depth += RETURN_ADDRESS
        case ("in", "r28", "0x3d"):
            frame = depth
        case ("out", "0x3d", "r28") if frame is not None:
            depth = frame
        case ("out", "0x3d", _):
            raise UnboundedError(f"0x{instruction.address:x} sets the stack pointer to something unknown")
        case ("subi", "r28", amount):
            low = int(amount, 0)
        case (_, "r28" | "r29", *_) if frame is not None:
            frame = in_frame(instruction, state, frame)
        case _:
            pass
    return replace(state, depth=depth, frame=frame, low=low)


def in_frame(instruction: Instruction, state: State, frame: int) -> int | None:
    """Where Y points behind an instruction that names one of its halves first."""
    match (instruction.name, *instruction.operands):
        case ("sbiw", _, amount):
            lower = int(amount, 0)
        case ("adiw", _, amount):
            lower = -int(amount, 0)
        case ("sbci", "r29", amount) if state.low is not None:
            taken = int(amount, 0) << 8 | state.low
            lower = taken if taken < 0x8000 else taken - 0x10000
        case ("sbc", "r29", "r1") if state.low is not None:
            lower = state.low
        case _ if state.low is not None:
            return None  # half of Y was changed
        case ("sub", "r28", "r26"):
            lower = state.constant("r27", "r26")
        case ("add", "r28", "r30"):
            lower = -state.constant("r30")
        case ("in" | "sbc" | "adc" | "cpc" | "cpi" | "cp", *_):
            lower = 0  # the high half follows the low one, or nothing changes
        case _:
            return None
    return frame + lower


def run(*command: str) -> Sequence[str]:
    """Lines that a program prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def disassemble(firmware: str) -> Program:
    """All code of an ELF file."""
    code: dict[int, Instruction] = {}
    labels: dict[str, int] = {}
    for line in run("avr-objdump", "-d", "-w", firmware):
        if label := LABEL.match(line):
            labels[label[2]] = int(label[1], 16)
        elif found := INSTRUCTION.match(line):
            address, words, name, operands, target = found.groups()
            split = (word.strip() for word in (operands or "").split(","))
            code[int(address, 16)] = Instruction(
                int(address, 16), len(words.split()), name, tuple(filter(None, split)), int(target or "0", 16)
            )
    return Program(code, labels)


def sections(firmware: str) -> dict[str, int]:
    """Name and size of each section, bytes."""
    rows = (line.split() for line in run("avr-size", "-A", firmware))
    return {row[0]: int(row[1]) for row in rows if len(row) == 3 and row[1].isdigit()}


def main(firmware: str) -> int:
    """Print what the firmware takes; 3 where it is too much, 2 where it does not fit at all."""
    sizes = sections(firmware)
    program = disassemble(firmware)
    paths = [program.deepest(entry) for entry in (program.labels["main"], *program.interrupts())]
    taken = {
        "flash": sum(sizes.get(name, 0) for name in FLASH),
        "static RAM": sum(sizes.get(name, 0) for name in RAM),
        "deepest stack": sum(RETURN_ADDRESS + path.bytes for path in paths),
    }
    for what, count in taken.items():
        print(f"{what:14}{count:7} B of {LIMITS[what]:6} B{'  TOO MUCH' if count > LIMITS[what] else ''}")
    for path in paths:
        print(f"{'':14}{RETURN_ADDRESS + path.bytes:7} B {program.names(path)}")
    ram = taken["static RAM"] + taken["deepest stack"]
    fits = taken["flash"] <= FLASH_ROOM and ram <= RAM_ROOM
    rooms = f"{taken['flash']} of {FLASH_ROOM} B of flash, {ram} of {RAM_ROOM} B of RAM"
    print(f"{'fits' if fits else 'DOES NOT FIT'}: {rooms}")
    if not fits:
        return 2
    return 3 if any(count > LIMITS[what] for what, count in taken.items()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
