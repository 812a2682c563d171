"""In which order samples are learned: endless iterators whose state goes into the checkpoint."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from labrig.learning.tasks import Batch, Sample

OrderState: TypeAlias = Mapping[str, Any]
"""Plain numbers, lists and strings: can be written as JSON."""


class Batches(Protocol):
    """An endless sequence of batches that can be continued where it was left."""

    def __iter__(self) -> "Batches":
        """Itself."""
        ...

    def __next__(self) -> Batch:
        """Batch of the next update."""
        ...

    @property
    def size(self) -> int:
        """Samples of one batch."""
        ...

    def state(self) -> OrderState:
        """Tell `restore` how to continue with the batch that comes next."""
        ...

    def restore(self, state: OrderState) -> None:
        """Continue where `state` was taken."""
        ...


class WholeTask:
    """Every sample in every update."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._batch = Batch.whole(samples)
        self.size = len(samples)

    def __iter__(self) -> "WholeTask":
        return self

    def __next__(self) -> Batch:
        return self._batch

    def state(self) -> OrderState:
        """Nothing: every batch is the same."""
        return {}

    def restore(self, state: OrderState) -> None:
        """Nothing to restore."""


class InTurn:
    """One sample an update, in the order of the task, again and again."""

    size = 1

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._singles = _singles(samples)
        self._next = 0

    def __iter__(self) -> "InTurn":
        return self

    def __next__(self) -> Batch:
        batch = self._singles[self._next]
        self._next = (self._next + 1) % len(self._singles)
        return batch

    def state(self) -> OrderState:
        """Which sample comes next."""
        return {"next": self._next}

    def restore(self, state: OrderState) -> None:
        """Continue with the sample that came next."""
        self._next = state["next"]


class RandomSamples:
    """One sample an update, drawn uniformly with replacement by ``generator.integers(len(samples))``.

    Algorithm 2 of Huijzer et al., arXiv:2503.00349.
    """

    size = 1

    def __init__(self, samples: Sequence[Sample], generator: np.random.Generator) -> None:
        self._singles = _singles(samples)
        self._generator = generator

    def __iter__(self) -> "RandomSamples":
        return self

    def __next__(self) -> Batch:
        return self._singles[int(self._generator.integers(len(self._singles)))]

    def state(self) -> OrderState:
        """State of the generator."""
        return {"generator": self._generator.bit_generator.state}

    def restore(self, state: OrderState) -> None:
        """Put the generator back."""
        self._generator.bit_generator.state = state["generator"]


class ShuffledSamples:
    """One sample an update; every pass takes each sample once, in a new order."""

    size = 1

    def __init__(self, samples: Sequence[Sample], generator: np.random.Generator) -> None:
        self._singles = _singles(samples)
        self._generator = generator
        self._left: list[int] = []

    def __iter__(self) -> "ShuffledSamples":
        return self

    def __next__(self) -> Batch:
        if not self._left:
            self._left = [int(k) for k in self._generator.permutation(len(self._singles))]
        return self._singles[self._left.pop()]

    def state(self) -> OrderState:
        """State of the generator, and the samples that this pass has still to take."""
        return {"generator": self._generator.bit_generator.state, "left": list(self._left)}

    def restore(self, state: OrderState) -> None:
        """Put the generator and the present pass back."""
        self._generator.bit_generator.state = state["generator"]
        self._left = list(state["left"])


def _singles(samples: Sequence[Sample]) -> tuple[Batch, ...]:
    return tuple(Batch((k,), (sample,)) for k, sample in enumerate(samples))
