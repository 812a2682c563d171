"""What a server needs of a port, and of the end."""

from typing import Protocol


class Port(Protocol):
    """One client at a time, which may go and come back; nothing here waits."""

    @property
    def resource(self) -> str:
        """What a client opens."""
        ...

    def fileno(self) -> int:
        """Descriptor that can be read when `receive` has something to do."""
        ...

    def receive(self) -> bytes | None:
        """What has arrived; None: another client has come, and what came before it belongs to nobody."""
        ...

    def send(self, data: bytes) -> int:
        """Send what can be sent at once, and say how many bytes; where nobody listens all are lost."""
        ...


class Ending(Protocol):
    """Something that can be waited for."""

    def fileno(self) -> int:
        """Descriptor that can be read when the end has come."""
        ...
