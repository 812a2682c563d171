"""The trigger model of a 2450: numbered blocks, one after the other (section 3, trigger model)."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeAlias

from labrig.arrays import Seconds
from labrig.sim.instruments.scpi.errors import ScpiError

Going: TypeAlias = Generator[Seconds, None, None]
Block: TypeAlias = Callable[["Model"], "Going"]
"""What a block does; it may take time."""
_MOST_BLOCKS = 255
_MOST_STEPS = 10_000_000
_GAP = ScpiError(4950, "Trigger model is not defined")


@dataclass(slots=True)
class Model:
    """Blocks by number, and where it stands."""

    blocks: dict[int, Block] = field(default_factory=dict[int, Block])
    counters: dict[int, int] = field(default_factory=dict[int, int])
    at: int = 1

    def put(self, number: int, block: Block) -> None:
        """Set a block.

        Raises
        ------
        ScpiError
            -222: there is no such number.
        """
        if not 1 <= number <= _MOST_BLOCKS:
            raise ScpiError(-222)
        self.blocks[number] = block

    def run(self) -> Going:
        """From the first block until there is none any more.

        Raises
        ------
        ScpiError
            There are no blocks, or a number is missing among them.
        """
        if set(self.blocks) != set(range(1, len(self.blocks) + 1)) or not self.blocks:
            raise _GAP
        self.at, self.counters = 1, {}
        for _ in range(_MOST_STEPS):
            if self.at not in self.blocks:
                return
            block, self.at = self.blocks[self.at], self.at + 1
            yield from block(self)


def branch_counter(number: int, count: int, to: int) -> Block:
    """Go back so often; then on, with the counter at zero again."""

    def block(model: Model) -> Going:
        model.counters[number] = model.counters.get(number, 0) + 1
        if model.counters[number] < count:
            model.at = to
        else:
            model.counters[number] = 0
        yield from ()

    return block


def branch_always(to: int) -> Block:
    """Go on elsewhere."""

    def block(model: Model) -> Going:
        model.at = to
        yield from ()

    return block


def delay(seconds: Seconds) -> Block:
    """Wait."""

    def block(_: Model) -> Going:
        yield seconds

    return block


def act(action: Callable[[], None]) -> Block:
    """Something that takes no time."""

    def block(_: Model) -> Going:
        action()
        yield from ()

    return block


def measure(take: Callable[[], Going]) -> Block:
    """Something that does."""

    def block(_: Model) -> Going:
        yield from take()

    return block
