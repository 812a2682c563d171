"""Processes that use labrig and start at once: forked from one that has imported everything."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from labrig.errors import RunError
from labrig.store.database import DATABASE_NAME
from labrig.store.reader import RunReader

PATIENCE = 60.0
"""Seconds that anything may take on a busy machine."""

_FORKING = """
import json, os, sys, traceback
import ruamel.yaml
import labrig.circuit.dense, labrig.cli.session, labrig.procedures.resume, labrig.sim.build
import labrig.views.summary
from labrig.units import parse_quantity

parse_quantity("1 V", "V")

for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        os.environ.update(asked["environment"])
        for descriptor, path in ((0, "/dev/null"), (1, asked["out"]), (2, asked["err"])):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
        sys.argv = ["labrig", *asked["arguments"]]
        code = 1
        try:
            exec(asked["program"], {"__name__": "__main__"})
            code = 0
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


_COMMAND_LINE = "from labrig.cli.app import main; main()"


@dataclass
class Session:
    """One of these processes."""

    server: "SessionServer"
    pid: int
    out: Path
    err: Path

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def exit_code(self) -> int:
        """Wait for the end; minus the signal's number where one ended it."""
        return self.server.exit_code()

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        assert self.exit_code() == -signal.SIGKILL, "it had ended before it was killed"

    def finish(self) -> None:
        assert self.exit_code() == 0, self.err.read_text()


class SessionServer:
    """Starts `Session` after `Session`, each after the end of the one before (which it may have to end)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: int | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-c", _FORKING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def labrig(self, *arguments: object) -> Session:
        """Start ``labrig ARGUMENTS``."""
        return self.python(_COMMAND_LINE, *arguments)

    def python(self, program: str, *arguments: object) -> Session:
        """Start a program, with these as ``sys.argv[1:]``."""
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.kill(self._running, signal.SIGKILL)
            self.exit_code()
        out, err = self._folder / "out", self._folder / "err"
        asked = {
            "program": program,
            "arguments": [str(argument) for argument in arguments],
            "environment": dict(os.environ),
            "out": str(out),
            "err": str(err),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        self._running = self._answer()
        return Session(self, self._running, out, err)

    def exit_code(self) -> int:
        """Wait for the end of the session that runs."""
        self._running = None
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def only_run(runs: Path) -> Path:
    """The one run of a folder."""
    (run,) = (entry for entry in runs.iterdir() if (entry / DATABASE_NAME).is_file())
    return run


def stored_steps(runs: Path) -> int:
    """Rows of the only run of a folder; 0 as long as there is none."""
    try:
        with RunReader(only_run(runs)) as reader:
            return len(reader.steps())
    except (RunError, OSError, ValueError):
        return 0


def wait_for_steps(runs: Path, count: int) -> None:
    """Until so many steps are stored; then nobody reads the run any more."""
    deadline = time.monotonic() + PATIENCE
    while not stored_steps(runs):
        breathe(deadline)
    with RunReader(only_run(runs)) as reader:
        while len(reader.steps()) < count:
            breathe(deadline)


def breathe(deadline: float) -> None:
    assert time.monotonic() < deadline, f"the steps were not stored within {PATIENCE:g} s"
    time.sleep(0.005)
