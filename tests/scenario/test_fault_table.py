"""The table of all faults, of which a part: each ends as it must, and one that does not is told."""

import pytest

from labrig.config.faults import Insert
from scripts.soaks import faults

FEW = ("cut frames", "overruns", "wiper open", "ADC stuck", "write refused")


@pytest.fixture(autouse=True)
def _nothing_is_left_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABRIG_STATE", "")


def test_every_fault_ends_as_it_must(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [case for name in FEW for case in faults.selected(name)]
    assert len(cases) == len(FEW)
    monkeypatch.setattr(faults, "CASES", cases)
    code = faults.main(["--steps", "16"])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert all(case.name in said.out for case in cases)


def test_a_fault_that_ends_otherwise_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [
        faults.on_the_line("insertions", Insert(rate=1e-3), "stopped"),
        faults.Case("none", [], on="host"),
    ]
    monkeypatch.setattr(faults, "CASES", cases)
    assert faults.main(["--steps", "15"]) == 1
    said = capsys.readouterr().err
    assert "insertions: must be stopped and is recovered" in said
    assert "none: never came" in said
    assert "none: was not noticed" in said
