"""Calibration files that older versions wrote still hold."""

from datetime import UTC, datetime
from hashlib import sha256
from json import dumps
from typing import Any

import pytest

from labrig.config.calibration import Calibration, ConvertersCalibration, WipersCalibration, sealed

BRANCH: dict[str, Any] = {
    "verdict": "sound",
    "wiper": 75.0,
    "end_to_end": 1e5,
    "covariance": (1.0, 0.0, 1.0),
    "residuals": (0.0, 0.0, 0.0),
    "uncertainties": (2.0, 3.0, 4.0),
}


def calibration(**wipers: Any) -> Calibration:
    found = {"codes": (0, 128, 256), "steps": 256, "mismatch": 0.03, "branches": {"in0-out0": BRANCH}}
    return sealed(
        made=datetime(2026, 1, 1, tzinfo=UTC),
        board="A7F3",
        part="MCP4351-104",
        wiring="0",
        temperature_celsius=25.0,
        labrig="0",
        method={},
        valid_days=90.0,
        valid_within_kelvin=5.0,
        wipers=WipersCalibration.model_validate(found | wipers),
    )


def test_a_file_from_before_there_were_scales_is_what_it_was() -> None:
    made = calibration()
    content = made.model_dump(mode="json", exclude={"sha256", "pace", "drives"})
    del content["wipers"]["scales"]
    assert made.sha256 == sha256(dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    assert Calibration.model_validate(content | {"sha256": made.sha256}) == made


def test_scales_are_sealed_with_the_rest() -> None:
    made = calibration(scales={"out0": 1e-3})
    content = made.model_dump(mode="json")
    assert Calibration.model_validate(content) == made
    content["wipers"]["scales"]["out0"] = 2e-3
    with pytest.raises(ValueError, match="changed by hand"):
        Calibration.model_validate(content)


def test_nodes_that_were_metered_are_sealed_with_the_rest() -> None:
    nothing: dict[str, Any] = {"absolute": True, "noise": 0.0, "lines": {}, "sources": {}, "levels": {}}
    before = {
        name: getattr(calibration(), name)
        for name in Calibration.model_fields
        if name not in {"format", "sha256"}
    }
    converters = ConvertersCalibration.model_validate(nothing | {"metered": {"in1": "a meter, serial 1"}})
    content = sealed(**before | {"converters": converters}).model_dump(mode="json")
    content["converters"]["metered"] = {}
    with pytest.raises(ValueError, match="changed by hand"):
        Calibration.model_validate(content)
