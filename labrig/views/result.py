"""What a training came to, as the JSON object of ``labrig train``, ``resume`` and ``runs show``."""

from typing import Any

import numpy as np

from labrig.arrays import FloatArray
from labrig.views.record import TrainingRecord

_COUNTS = ("exchanges", "frames", "measurements", "writes")


def result(record: TrainingRecord) -> dict[str, Any]:
    """Run, outcome, counts, errors, and drift where there was some; JSON-ready, null where not known."""
    return {
        "run": str(record.info.path),
        "outcome": record.info.status,
        "steps": record.info.last_step or 0,
        **{name: int(record.totals[name] or 0) for name in _COUNTS},
        "error": record.totals["error"],
        "validation_error": record.totals["validation_error"],
        "wall_s": record.totals["wall"] or 0.0,
        **_of_memristors(record),
        **_of_drift(record),
    }


def error_floor(record: TrainingRecord) -> float | None:
    """RMS of the error over the last quarter of the steps, V: where it has come to rest, if it has."""
    last = record.error[-max(1, len(record.error) // 4) :]
    known = last[np.isfinite(last)]
    return float(np.sqrt(np.mean(known**2))) if known.size else None


def _of_drift(record: TrainingRecord) -> dict[str, Any]:
    found = [{"step": step, "text": text} for step, text in record.drifts]
    return {"drift": found} if found else {}


def _of_memristors(record: TrainingRecord) -> dict[str, Any]:
    if "memristor" not in record.attributes:
        return {}
    counts = {name: int(record.totals.get(name) or 0) for name in ("pulses", "reads", "wear", "stuck")}
    endurance = record.attributes.get("endurance")
    return {
        "error_floor": error_floor(record),
        **counts,
        "endurance": endurance,
        "wear_share": counts["wear"] / endurance if endurance else None,
    }


def result_arrays(record: TrainingRecord) -> dict[str, Any]:
    """Arrays that ``--arrays`` adds: conductances [branch] in S and outputs [sample][output] in V."""
    return {"conductances": _jsonable(record.conductances), "outputs": _jsonable(record.outputs)}


def _jsonable(values: FloatArray | None) -> Any:
    """Nested lists with None for NaN."""
    if values is None:
        return None
    plain = values.astype(np.object_)
    plain[np.isnan(values)] = None
    return plain.tolist()
