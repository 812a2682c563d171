"""What the command line answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str


Labrig: TypeAlias = Callable[..., Answer]
"""``call("runs", "list")`` is ``labrig runs list``, without a terminal."""
