"""Calibration files: JSON with a line a branch."""

from json import JSONDecodeError, dumps, loads
from pathlib import Path
from typing import Any

from labrig.config.calibration import Calibration
from labrig.config.document import Document, Source
from labrig.config.plain import is_mapping
from labrig.errors import ConfigError

_DEEP = 3
"""Levels that are spread over lines; what lies deeper stands on the line of its key."""


def read_calibration(path: Path, named_by: str = "") -> Document:
    """Read a calibration file, not yet checked.

    Parameters
    ----------
    named_by
        Beginning of the message where another file names this one.

    Raises
    ------
    ConfigError
        It cannot be read, or is no JSON.
    """
    try:
        data = loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{named_by}{path}: {error.strerror or error}; labrig calibrate writes calibrations"
        raise ConfigError(msg) from None
    except (JSONDecodeError, UnicodeDecodeError) as error:
        line = getattr(error, "lineno", 1)
        msg = f"{named_by}{path}:{line}: {error}; a calibration is JSON, as labrig calibrate writes it"
        raise ConfigError(msg) from None
    return Document(data, {(): Source(path, 1)})


def calibration_text(calibration: Calibration) -> str:
    """JSON that reads back as the same calibration."""
    return _laid_out(calibration.model_dump(mode="json"), 0) + "\n"


def _laid_out(value: Any, depth: int) -> str:
    indent = "  " * (depth + 1)
    if not is_mapping(value) or depth >= _DEEP:
        return dumps(value, ensure_ascii=False, allow_nan=False)
    items = (f"{indent}{dumps(key, ensure_ascii=False)}: {_laid_out(value[key], depth + 1)}" for key in value)
    return "{\n" + ",\n".join(items) + "\n" + "  " * depth + "}"
