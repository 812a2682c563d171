"""Sets and resets in turn: a read is stored of every cycle and state."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrig.errors import ConfigError, LimitExceeded
from labrig.procedures.memristors.endurance import Endurance, EndurancePlan, endurance
from labrig.procedures.memristors.runs import Stored
from labrig.store.reader import RunReader
from tests.support.checks import quiet
from tests.support.memristors import opened

ONE = ("in0,out1",)


def worn_out(folder: Path, asked: Any = lambda: None, branches: Any = ONE, **plan: Any) -> Endurance:
    with opened() as (bench, _):
        stored = Stored("e", "", folder)
        return endurance(bench, EndurancePlan(branches, **plan), stored, quiet, asked)


def test_a_read_is_stored_of_every_cycle_and_state(tmp_path: Path) -> None:
    found = worn_out(tmp_path, branches=("in0,out1", "in3-out2"), cycles=25)
    with RunReader(found.ended.run) as reader:
        rows = list(reader.rows(["cycle", "state", "conductances"], first=0, last=49))
    assert [(row.values["cycle"], row.values["state"]) for row in rows] == [
        (cycle, state) for cycle in range(25) for state in ("set", "reset")
    ]
    stored = np.array([row.values["conductances"] for row in rows]).reshape(25, 2, 2)
    np.testing.assert_array_equal(stored[:, 0], found.after_set)
    np.testing.assert_array_equal(stored[:, 1], found.after_reset)
    assert np.all(found.after_set > found.after_reset)
    assert found.wear.tolist() == [50, 50]


def test_it_ends_once_the_window_is_closed(tmp_path: Path) -> None:
    found = worn_out(tmp_path, cycles=100, window=1000.0)
    assert len(found.after_reset) == 1
    assert found.ended.reason == "1 cycles until the window was closed; lines at 0 V"


def test_an_interrupt_ends_after_the_cycle(tmp_path: Path) -> None:
    answers = iter([None, None, "Ctrl-C"])
    found = worn_out(tmp_path, asked=lambda: next(answers), cycles=100)
    assert (len(found.after_reset), found.ended.outcome) == (3, "interrupted")


@pytest.mark.parametrize(("volts", "way"), [(1.45, "set_volts"), (1.45, "reset_volts")])
def test_no_ceiling_is_passed(tmp_path: Path, volts: float, way: str) -> None:
    with pytest.raises(LimitExceeded, match=r"the limit is 1\.4 V by the part and the rig"):
        worn_out(tmp_path, cycles=3, **{way: volts})


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ({"cycles": 0}, "--cycles and --window: found 0"),
        ({"cycles": 1, "window": 0.5}, "--window: found 1 and 0.5"),
        ({"cycles": 1, "branches": ()}, "--branch: missing"),
        ({"cycles": 1, "branches": ("in9,out9",)}, "--branch: found 'in9,out9', which is no branch"),
        ({"cycles": 1, "set_volts": -1.0}, "--set: found -1 V; write a magnitude above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, plan: dict[str, Any], found: str) -> None:
    with pytest.raises(ConfigError, match=found):
        worn_out(tmp_path, **plan)
