"""A board that gets its own codes back, whatever becomes of a calibration."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

import numpy as np

from labrig.arrays import IntArray
from labrig.bench.bench import Bench
from labrig.bench.endings import afterwards
from labrig.circuit.boundary import Boundary


@contextmanager
def codes_given_back(bench: Bench, level: Boundary) -> Generator[IntArray]:
    """Begin and end at one potential; yields the codes that the board has and will have again, shape (B,).

    Where something fails everything is released first, since an instrument that has failed holds no level.
    The board gets its codes even where an output cannot be turned off, which is told all the same.

    Parameters
    ----------
    level
        All lines at one potential: codes change without a voltage over any branch.
    """
    before = bench.branch_values().astype(np.int64)
    with afterwards(partial(bench.write_codes, before)):
        try:
            bench.settle([level])
            yield before
            bench.settle([level])
        except BaseException:
            with afterwards(bench.make_safe):
                raise
