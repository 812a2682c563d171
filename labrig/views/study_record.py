"""What came out of a study, case by case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labrig.arrays import FloatArray

SPENT = ("steps", "measurements", "writes", "seconds")


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """The trainings of one case, one a seed."""

    labels: Mapping[str, str]
    """Of each axis."""
    converged: int
    trained: int
    spent: Mapping[str, FloatArray]
    """Of those that converged, for each of `SPENT`."""
    errors: FloatArray
    """At the end, of all, V."""
    curves: Sequence[Mapping[str, FloatArray]]

    @property
    def name(self) -> str:
        """Of the case."""
        return ", ".join(self.labels.values())


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """A study, finished or not."""

    name: str
    axes: Mapping[str, Sequence[str]]
    """Labels of each."""
    cases: Sequence[CaseRecord]
    wanted: int
    """Trainings in all."""
    against: str | None
    of: str

    @property
    def done(self) -> int:
        """Trainings so far."""
        return sum(case.trained for case in self.cases)


def study_record(head: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> StudyRecord:
    """Sort results by their cases."""
    cases: list[CaseRecord] = []
    results = list({(result["case"], result["seed"]): result for result in results}.values())
    for number, labels in enumerate(head["cases"]):
        own = sorted((r for r in results if r["case"] == number), key=lambda result: result["seed"])
        good = [result for result in own if result["outcome"] == "converged"]
        cases.append(
            CaseRecord(
                labels=labels,
                converged=len(good),
                trained=len(own),
                spent={name: np.array([result[name] for result in good], dtype=float) for name in SPENT},
                errors=np.array([result["error"] for result in own], dtype=float),
                curves=[
                    {name: np.array(values, dtype=float) for name, values in result["curve"].items()}
                    for result in own
                ],
            )
        )
    wanted = len(head["cases"]) * head["seeds"]
    return StudyRecord(head["study"], head["axes"], cases, wanted, head["against"], head["of"])
