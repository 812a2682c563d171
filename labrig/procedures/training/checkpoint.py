"""Everything that a training needs to go on bit for bit, and what it has cost so far."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from labrig.arrays import BranchArray, FloatArray, Seconds
from labrig.learning.loop import Progress
from labrig.learning.orders import OrderState
from labrig.learning.steps import PolicyState
from labrig.store.columns import Value


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run has cost on the wire and on the clock, earlier sessions included."""

    wall: Seconds = 0.0
    exchanges: int = 0
    measurements: int = 0
    """Settled states scanned, free and clamped, checks and validation included."""
    frames: int = 0
    writes: int = 0
    """Branch codes sent."""
    waited: Seconds = 0.0
    """Of `wall`: for the board to answer."""
    expected: Seconds = 0.0
    """On the clock, if the board takes what its calibration says: on a twin, what the bench will take.

    0 where no calibration has timed it.
    """
    pulses: int = 0
    """Sent to memristors."""
    reads: int = 0
    """Of a whole array of memristors, beside what was measured."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything that a training needs to go on bit for bit."""

    latent: BranchArray
    """What the next exchange writes, shape (B,), S."""
    progress: Progress
    order: OrderState
    policy: PolicyState
    exchange_index: int
    last_errors: FloatArray
    """Of each sample, shape (S,), V."""
    last_outputs: FloatArray
    """Of each sample in its last free state, shape (S, O), V."""
    offsets: FloatArray
    """Taken off the readings of each node, shape (N,), V; empty where it was not stored."""
    digest: int
    """Of the program that was on the board at this step."""
    next_digest: int
    """Of the program that the next exchange writes."""
    boot_count: int
    tally: Tally
    drift: str = ""
    """Of the looks for drift, as JSON; empty before the first."""
    memristors: str = ""
    """What is known of them, and where simulated ones stand, as JSON; empty where there are none."""

    def values(self) -> dict[str, Value | bytes]:
        """As the store takes it."""
        numbers = {
            "progress": _plain(self.progress),
            "exchange_index": self.exchange_index,
            "digest": self.digest,
            "next_digest": self.next_digest,
            "boot_count": self.boot_count,
            "tally": _plain(self.tally),
        }
        return {
            "latent": self.latent,
            "last_errors": self.last_errors,
            "last_outputs": self.last_outputs,
            "offsets": self.offsets,
            "order": json.dumps(self.order),
            "policy": json.dumps(self.policy),
            "numbers": json.dumps(numbers),
            "drift": self.drift,
            "memristors": self.memristors,
        }

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """From what the store gave back."""
        numbers = json.loads(values["numbers"])
        return cls(
            latent=values["latent"],
            progress=Progress(**numbers["progress"]),
            order=json.loads(values["order"]),
            policy=json.loads(values.get("policy", "{}")),
            exchange_index=numbers["exchange_index"],
            last_errors=values["last_errors"],
            last_outputs=values["last_outputs"],
            offsets=values.get("offsets", np.zeros(0)),
            digest=numbers["digest"],
            next_digest=numbers["next_digest"],
            boot_count=numbers["boot_count"],
            tally=Tally(**numbers["tally"]),
            drift=values.get("drift", ""),
            memristors=values.get("memristors", ""),
        )


def _plain(numbers: Progress | Tally) -> dict[str, Any]:
    """Fields by name; `dataclasses.asdict` takes ten times as long, in every step."""
    return {field.name: getattr(numbers, field.name) for field in fields(numbers)}
