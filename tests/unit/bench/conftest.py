"""Benches that tests open."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from labrig.bench.bench import Bench
from labrig.boards.wired import WiredBoard
from tests.support.benches import bench_on, rig
from tests.support.links import ServedLink

MakeBench = Callable[..., tuple[Bench, ServedLink]]
"""``make_bench(inputs=2, outputs=2, board={…}, limits={…}, …)``."""


@pytest.fixture
def make_bench() -> Iterator[MakeBench]:
    """Open benches; they are closed after the test."""
    boards: list[WiredBoard] = []

    def make(**options: Any) -> tuple[Bench, ServedLink]:
        bench, board, link = bench_on(rig(**options))
        boards.append(board)
        return bench, link

    yield make
    for board in boards:
        board.close()
