"""Quantities as fields of models."""

from typing import Annotated

import pytest
from pydantic import ValidationError

from labrig.config.boards import DigipotVices
from labrig.config.model import Model
from labrig.config.quantities import FROM_FILE, BareQuantity, PositiveVolts, Share, Tolerance


class Sheet(Model):
    """One of each."""

    span: PositiveVolts = 1.0
    spread: Tolerance = 0.0
    part: Share = 1.0
    pull: Annotated[float, BareQuantity("S", above=0.0)] = 1.0


def test_python_gives_si_floats_and_files_give_units() -> None:
    assert Sheet(span=5).span == 5.0
    assert Sheet.model_validate({"span": "5 V"}, context=FROM_FILE).span == 5.0
    with pytest.raises(ValidationError, match="no unit"):
        Sheet.model_validate({"span": 5}, context=FROM_FILE)


def test_keys_that_may_be_bare_are_bare_in_files_too() -> None:
    sheet = Sheet.model_validate({"spread": "20 %", "part": 0.5, "pull": 2e-6}, context=FROM_FILE)
    assert (sheet.spread, sheet.part, sheet.pull) == (0.2, 0.5, 2e-6)
    assert Sheet.model_validate({"pull": "2 uS"}, context=FROM_FILE).pull == 2e-6


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 0.0, -1.0, True, None, "x", []])
def test_what_is_no_positive_voltage_is_refused_in_python_too(value: object) -> None:
    with pytest.raises(ValidationError, match="found"):
        Sheet.model_validate({"span": value})


@pytest.mark.parametrize(("value", "refused"), [(0.0, False), (0.9, False), (-1e-9, True), (0.9000001, True)])
def test_the_ends_of_a_range_belong_to_it(value: float, refused: bool) -> None:
    if refused:
        with pytest.raises(ValidationError, match=r"at least 0 and at most 0\.9"):
            Sheet(spread=value)
    else:
        assert Sheet(spread=value).spread == value


def test_what_is_written_reads_back_as_the_same_float() -> None:
    sheet = Sheet(span=0.1 + 0.2, spread=1 / 3, pull=2.0000000000000003e-06)
    assert Sheet.model_validate(sheet.model_dump(mode="json"), context=FROM_FILE) == sheet
    assert sheet.model_dump(mode="json")["span"] == "0.30000000000000004 V"


def test_a_model_is_closed_and_frozen() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Sheet.model_validate({"spam": 1})
    with pytest.raises(ValidationError, match="frozen"):
        Sheet().span = 2.0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("value", [0.0, 5e-05, -1.5e-05, 0.01, 1.2345678901234567e-07])
def test_a_tempco_is_written_so_that_it_reads_back_as_the_same_number(value: float) -> None:
    written = DigipotVices(tempco=value).model_dump(mode="json")["tempco"]
    assert DigipotVices.model_validate({"tempco": written}, context=FROM_FILE).tempco == value
