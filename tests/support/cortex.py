"""The firmware on a Cortex-M3 in QEMU."""

import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tests.support.firmware import FIRMWARE, Circuit, Terminals, Wire

PROGRAM = FIRMWARE / "build/lm3s6965evb/labrig-lm3s6965evb.elf"
QEMU = "qemu-system-arm"


class Described(Protocol):
    """A circuit that has a file."""

    def text(self) -> str: ...


class CortexStarter(Terminals):
    """Starts boards in a folder, and ends them.

    Their UARTs are Unix sockets: QEMU looks only once a second whether somebody has opened its terminal.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, circuit: Described, serial: str, serial_number: str = "A7F3") -> Sequence[str]:
        """Run the firmware with QEMU's `serial` as UART 0; what was printed until it listened."""
        (self.folder / "circuit").write_text(circuit.text())
        words = ("labrig", "--circuit", "circuit", "--serial", serial_number)
        semihosting = ",".join(["enable=on", "target=native", *(f"arg={word}" for word in words)])
        machine = ["-M", "lm3s6965evb", "-nographic", "-monitor", "none", "-kernel", str(PROGRAM)]
        process = subprocess.Popen(
            [QEMU, *machine, "-serial", serial, "-semihosting-config", semihosting],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        assert process.stdout is not None
        printed: list[str] = []
        while not (printed and printed[-1].startswith("ready")):
            printed.append(process.stdout.readline())
            assert printed[-1], f"the board ended: {printed}"
        return printed

    def connect(self, circuit: Described, serial_number: str = "A7F3") -> int:
        """Start one and open the socket in the folder that is its port."""
        self.start(circuit, "unix:port,server=on,wait=off", serial_number)
        return self.open(str(self.folder / "port"))

    def board(self, circuit: Circuit) -> Wire:
        """On a socket."""
        return Wire(self.connect(circuit), circuit)

    def open(self, path: str) -> int:
        """Connect to a socket; its folder's path may be longer than an address."""
        folder = os.open(Path(path).parent, os.O_PATH)
        client = socket.socket(socket.AF_UNIX)
        client.connect(f"/proc/self/fd/{folder}/{Path(path).name}")
        os.close(folder)
        return self.keep(client.detach())

    def close(self) -> None:
        """End everything."""
        self.hang_up()
        for process in self._processes:
            process.kill()
            process.communicate()
