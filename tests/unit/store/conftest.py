"""A run whose every value is a function of its step, so that any row can be checked on its own."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from labrig.store.columns import Column, Constant, Value
from labrig.store.writer import Run

BRANCHES = 40
Start: TypeAlias = Callable[..., Run]
Values: TypeAlias = Callable[[int], Mapping[str, Value]]
Check: TypeAlias = Callable[[int, Mapping[str, Any]], None]


def columns_() -> list[Column]:
    return [
        Column("error", "V", "distance to the targets"),
        Column("count", dtype="int64"),
        Column("note", dtype="str"),
        Column("outputs", "V", dims=("sample", "output"), shape=(2, 3)),
        Column("codes", dtype="uint16", dims=("branch",), shape=(BRANCHES,), encoding="delta"),
        Column("states", "V", dims=("phase", "node"), shape=(2, 4), keep="sampled"),
    ]


def values_(step: int) -> dict[str, Value]:
    codes = np.arange(BRANCHES) * 3
    codes[: step % 7] += step
    return {
        "error": 1.0 / (step + 1),
        "count": 2 * step,
        "note": f"step {step}",
        "outputs": np.full((2, 3), step / 8),
        "codes": codes,
        "states": np.full((2, 4), step / 4),
    }


def check_(step: int, found: Mapping[str, Any]) -> None:
    for name, value in values_(step).items():
        if found[name] is not None:
            np.testing.assert_array_equal(found[name], np.asarray(value), err_msg=f"{name} of step {step}")


@pytest.fixture
def columns() -> list[Column]:
    return columns_()


@pytest.fixture
def values() -> Values:
    return values_


@pytest.fixture
def check() -> Check:
    return check_


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Create a run and append its first steps."""

    def start(steps: int = 0, **options: Any) -> Run:
        given: dict[str, Any] = {
            "planned_steps": 100,
            "synchronous": "normal",
            "labels": {"output": ["a", "b", "c"], "phase": ["free", "clamped"]},
            "constants": {"targets": Constant(np.ones((2, 3)), ("sample", "output"), "V")},
            "attributes": {"rig": "bench", "predicted_floor": None},
            **options,
        }
        run = Run.create(tmp_path / "runs", "example", columns_(), **given)
        for step in range(steps):
            run.append(step, values_(step), {"latent": np.arange(3.0) + step, "order": "{}"})
        return run

    return start
