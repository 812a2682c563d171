"""A message-based instrument that answers questions with themselves, and can be asked to take its time."""


class Echo:
    """``TEXT?`` is answered with ``TEXT``, ``WAIT?`` never, ``BIG?`` with 200 000 bytes."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.cleared = 0
        self._input = bytearray()
        self._output = bytearray()

    @property
    def identity(self) -> str:
        return "labrig,echo,0,0"

    def receive(self, data: bytes, *, end: bool = False) -> None:
        self._input += data + b"\n" * end
        while b"\n" in self._input:
            line, _, rest = bytes(self._input).partition(b"\n")
            self._input = bytearray(rest)
            if not line:
                continue
            self.heard.append(line)
            if line == b"BIG?":
                self._output += b"x" * 200_000 + b"\n"
            elif line.endswith(b"?") and line != b"WAIT?":
                self._output += line[:-1] + b"\n"

    def advance(self) -> float | None:
        return None

    def respond(self) -> bytes:
        response, self._output = bytes(self._output), bytearray()
        return response

    def clear(self) -> None:
        self.cleared += 1
        self._input.clear()
        self._output.clear()

    def status_byte(self) -> int:
        return 0x42
