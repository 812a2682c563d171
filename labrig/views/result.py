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
        **(
            {"drift": [{"step": step, "text": text} for step, text in record.drifts]} if record.drifts else {}
        ),
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
