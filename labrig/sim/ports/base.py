"""What a server needs of a port."""

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

    def send(self, data: bytes) -> None:
        """Send; what nobody takes is lost, as on a wire."""
        ...
