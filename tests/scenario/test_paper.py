"""The numbers of the convergence paper and of its neighbourhood, as ``scripts/bench paper`` prints them."""

import json
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
import pytest

from scripts.benchmarks import paper
from tests.support.paper.experiments import experiments
from tests.support.paper.figures import Experiment, digits, give_or_take
from tests.support.paper.tasks import DRAWN, FLOOR, WIDE, of_40x30


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("experiment", experiments(), ids=str)
def test_the_number_is_found(experiment: Experiment) -> None:
    pairs = zip(experiment.figures, experiment.measure(), strict=True)
    missed = {figure.name: (found, figure) for figure, found in pairs if not figure.hit(found)}
    assert not missed


def test_crossbars_side_by_side_train_as_each_would_alone() -> None:
    together = of_40x30(WIDE, DRAWN, range(3))
    for seed in range(3):
        one = slice(seed, seed + 1)
        alone = replace(together, targets=together.targets[one], initial=together.initial[one])
        turns = (crossbars.train(0.007, floor=FLOOR, ceiling=10.0) for crossbars in (together, alone))
        for many, single in islice(zip(*turns, strict=True), 50):
            np.testing.assert_array_equal(many.outputs[one], single.outputs)
            np.testing.assert_array_equal(many.conductances[one], single.conductances)


def test_a_printed_number_allows_half_a_unit_of_its_last_digit() -> None:
    figure = digits("2/K", "8.956e-11")
    assert [figure.hit(found) for found in (8.9554e-11, 8.9556e-11, 8.9564e-11, 8.9566e-11)] == [
        False,
        True,
        True,
        False,
    ]


def test_the_bounds_are_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert paper.main(["--only", "known to converge", "--workers", "1", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)
    (line,) = (line for line in lines if line["figure"].startswith("2/K"))
    assert line["expected"] == 8.956e-11
    assert line["low"] < line["found"] < line["high"]
    assert line["hit"]


def test_a_miss_is_printed_and_tells_the_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = (give_or_take("one", 1, 0.1), give_or_take("two", 2, 0.1))
    wrong = Experiment("table", "case", figures, partial(tuple[float, ...], (1.0, np.inf)))
    monkeypatch.setattr(paper, "experiments", lambda: [wrong])
    assert paper.main(["--workers", "1"]) == 1
    out = capsys.readouterr().out
    assert "1 of 2 hit" in out
    assert [line.count("MISS") for line in out.splitlines() if "two" in line] == [1]


def test_a_case_that_is_not_there_is_refused() -> None:
    with pytest.raises(SystemExit) as refused:
        paper.main(["--only", "no such case"])
    assert refused.value.code == 2
