"""A calibration file with its raw data."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from labrig.bench.bench import Bench
from labrig.calibration.converters import Potentials
from labrig.config.calibration import (
    Calibration,
    ConvertersCalibration,
    DrivesCalibration,
    PaceCalibration,
    RawData,
    WipersCalibration,
    WiresCalibration,
    sealed,
)
from labrig.config.calibrations import calibration_text
from labrig.errors import CalibrationError
from labrig.procedures.calibrating.drives import Balance
from labrig.procedures.calibrating.wipers import Setting
from labrig.procedures.calibrating.wires import Pairs

VALID_DAYS = 90.0
VALID_WITHIN_KELVIN = 5.0


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found out about a board, and from what."""

    method: dict[str, Any]
    potentials: Potentials | None = None
    converters: ConvertersCalibration | None = None
    settings: tuple[Setting, ...] = ()
    wipers: WipersCalibration | None = None
    pairs: tuple[Pairs, ...] = ()
    wires: WiresCalibration | None = None
    pace: PaceCalibration | None = None
    balances: tuple[Balance, ...] = ()
    drives: DrivesCalibration | None = None


def write_calibration(
    findings: Findings,
    bench: Bench,
    path: Path,
    days: float = VALID_DAYS,
    kelvin: float = VALID_WITHIN_KELVIN,
) -> Calibration:
    """Write a calibration and, beside it, everything that was read.

    Raises
    ------
    CalibrationError
        The file is there already, or cannot be written.
    """
    check_free(path)
    raw = raw_file(path)
    try:
        arrays = _arrays(findings)
        with raw.open("xb") as file:
            np.savez_compressed(file, **arrays)
        calibration = sealed(
            made=datetime.now(UTC).replace(microsecond=0),
            board=bench.info.serial_number,
            part=bench.info.part,
            wiring=bench.wiring_fingerprint,
            temperature_celsius=bench.celsius(),
            labrig=version("labrig"),
            method={**findings.method, "kind": bench.info.kind},
            valid_days=days,
            valid_within_kelvin=kelvin,
            raw=RawData(file=raw.name, sha256=sha256(raw.read_bytes()).hexdigest()),
            converters=findings.converters,
            wipers=findings.wipers,
            wires=findings.wires,
            pace=findings.pace,
            drives=findings.drives,
        )
        with path.open("x", encoding="utf-8") as text:
            text.write(calibration_text(calibration))
    except OSError as error:
        msg = f"--out: {error.filename or path}: {error.strerror}; name a file that can be written"
        raise CalibrationError(msg) from None
    return calibration


def check_free(path: Path) -> None:
    """Whether neither the file nor that of its raw data is there.

    Raises
    ------
    CalibrationError
        One of them is.
    """
    for file in (path, raw_file(path)):
        if file.exists():
            msg = f"--out: {file} is there already; name another file"
            raise CalibrationError(msg)


def raw_file(path: Path) -> Path:
    """Where everything that was read for a calibration is kept, beside it."""
    return path.with_name(f"{path.name.removesuffix('.json')}.raw.npz")


def _arrays(findings: Findings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (read := findings.potentials) is not None:
        found |= {
            "potentials_driver": read.driver,
            "potentials_asked": read.asked,
            "potentials_lines": read.lines,
            "potentials_sources": read.sources,
            "potentials_reference": read.reference,
        }
    if settings := findings.settings:
        found |= {
            "wipers_codes": np.array([setting.codes for setting in settings]),
            "wipers_repeat": np.array([setting.repeat for setting in settings]),
            "wipers_upward": np.array([setting.upward for setting in settings]),
            "wipers_states": np.array([len(setting.scans.volts) for setting in settings]),
            "wipers_volts": np.concatenate([setting.scans.volts for setting in settings]),
            "wipers_sources": np.concatenate([setting.scans.sources for setting in settings]),
        }
    if pairs := findings.pairs:
        found |= {
            "lines_codes": np.array([program.codes for program in pairs]),
            "lines_volts": np.array([program.scans.volts for program in pairs]),
            "lines_sources": np.array([program.scans.sources for program in pairs]),
        }
    if balances := findings.balances:
        exchanges = [scans for balance in balances for scans in (balance.still, balance.driven)]
        found |= {
            "drives_states": np.array([len(scans.volts) for scans in exchanges]),
            "drives_volts": np.concatenate([scans.volts for scans in exchanges]),
            "drives_sources": np.concatenate([scans.sources for scans in exchanges]),
            "drives_amperes": np.concatenate([scans.amperes for scans in exchanges]),
        }
    return found
