"""Work on boundaries that come again in every update, done once."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
V = TypeVar("V")


class Remembered(Generic[T, V]):
    """A function of several immutable objects, with its latest results kept for the very same objects.

    Objects are told apart by identity: comparing the values of boundaries takes about as long as working on
    them.

    Parameters
    ----------
    function
        Of a sequence of objects that nobody changes, and of nothing else that changes. What it raises is not
        remembered.
    most
        Objects to keep results for, over all sequences; at one more all are forgotten but the latest.
    """

    def __init__(self, function: Callable[[Sequence[T]], V], most: int = 2048) -> None:
        self._function = function
        self._most = most
        self._known: dict[tuple[int, ...], tuple[Sequence[T], V]] = {}
        self._kept = 0

    def __call__(self, objects: Sequence[T]) -> V:
        """Give what the function gives, perhaps from an earlier call."""
        key = tuple(map(id, objects))
        found = self._known.get(key)
        if found is None:
            result = self._function(objects)
            if self._kept + len(key) > self._most:
                self._known.clear()
                self._kept = 0
            # As long as the objects are held here, no other ones can have their identities.
            found = self._known[key] = (tuple(objects), result)
            self._kept += len(key)
        return found[1]
