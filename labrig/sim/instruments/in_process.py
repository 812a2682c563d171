"""A simulated instrument behind a `Link` of this process, whose time passes only while it is waited for."""

from labrig.arrays import Seconds
from labrig.errors import LinkTimeout
from labrig.sim.instruments.base import Instrument


class OwnTime:
    """Seconds that pass as fast as they are waited for."""

    def __init__(self) -> None:
        self.now: Seconds = 0.0

    def __call__(self) -> Seconds:
        """What a clock tells."""
        return self.now


class InProcessLink:
    """What is written reaches the instrument at once; a read lets its time pass until there is an answer."""

    def __init__(self, instrument: Instrument, time: OwnTime) -> None:
        self._instrument = instrument
        self._time = time
        self._arrived = bytearray()

    @property
    def name(self) -> str:
        """The instrument's own."""
        return f"simulated {self._instrument.identity.split(',')[1]}"

    def write(self, data: bytes) -> None:
        """Send all of it."""
        self._instrument.receive(data)
        self._pass(0.0)

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        """Exactly `count` bytes."""
        self._pass(timeout, count)
        if len(self._arrived) < count:
            msg = f"{self.name}: waited {timeout:.3g} s for {count} bytes"
            raise LinkTimeout(msg)
        return self._take(count)

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        """Up to and including the terminator."""
        self._pass(timeout, 1)
        end = self._arrived.find(terminator)
        if end < 0:
            msg = f"{self.name}: waited {timeout:.3g} s for a message"
            raise LinkTimeout(msg)
        return self._take(end + len(terminator))

    def discard_input(self) -> None:
        """Throw away what has arrived."""
        self._arrived.clear()

    def clear(self) -> None:
        """Device clear."""
        self._instrument.clear()
        self._arrived.clear()

    def close(self) -> None:
        """Nothing to let go of."""

    def _pass(self, most: Seconds, wanted: int = 0) -> None:
        """Let time pass until so many bytes are there, nothing goes on any more, or it is up."""
        deadline = self._time.now + most
        while True:
            patience = self._instrument.advance()
            self._arrived += self._instrument.respond()
            if len(self._arrived) >= wanted > 0 or patience is None or self._time.now + patience > deadline:
                return
            self._time.now += patience

    def _take(self, count: int) -> bytes:
        taken = bytes(self._arrived[:count])
        del self._arrived[:count]
        return taken
