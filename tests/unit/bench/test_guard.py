"""The guard process: real processes, a real port, and a simulated instrument that stays on until it acts."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from labrig.bench.guard import guarded
from labrig.errors import SafetyError
from labrig.instruments.base import VoltageSource
from labrig.instruments.opening import open_source_meter
from tests.support.served_meters import ServedMeter, served_meter

SECONDS = 20.0
HOLDER = """
import sys, time
from labrig.bench.guard import guarded
from labrig.config.instruments import Keithley2400
from labrig.instruments.base import VoltageSource
from labrig.instruments.opening import open_source_meter
config = Keithley2400.model_validate_json(sys.argv[1])
with guarded({"smu": config}) as guard:
    guard.on_watch.add("smu")
    meter = open_source_meter(config)
    meter.configure(VoltageSource(compliance=1e-3))
    meter.enable(level=1.0)
    guard.renew(float(sys.argv[2]))
    print("on", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def served(tmp_path: Path) -> Generator[ServedMeter]:
    with served_meter("keithley2400", "tcp", tmp_path) as found:
        yield found


def hold(served: ServedMeter, lease: float) -> "subprocess.Popen[bytes]":
    """A process whose output is on, and which then does nothing."""
    config = served.config().model_dump_json()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, config, str(lease)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"on\n"
    assert served.on
    return process


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_an_output_goes_off_after_its_process_was_killed(served: ServedMeter) -> None:
    process = hold(served, 60.0)
    process.send_signal(signal.SIGKILL)
    assert until(lambda: not served.on)
    assert served.outputs[-2].level == 0.0, "ramped to 0 before it went off"
    _, said = process.communicate(timeout=SECONDS)
    assert b"output off, read back" in said


def test_an_output_goes_off_after_its_process_hung_and_the_process_is_ended(served: ServedMeter) -> None:
    process = hold(served, 0.6)
    process.send_signal(signal.SIGSTOP)
    assert until(lambda: not served.on)
    process.communicate(timeout=SECONDS)
    assert process.returncode == -signal.SIGKILL


def test_a_guard_that_was_released_leaves_things_alone(served: ServedMeter) -> None:
    config = served.config()
    with guarded({"smu": config}) as guard:
        guard.renew()
    meter = open_source_meter(config)
    meter.configure(VoltageSource(compliance=1e-3))
    meter.enable()
    time.sleep(0.5)
    assert served.on
    meter.make_safe()
    meter.close()


def test_without_its_guard_nothing_goes_on(served: ServedMeter) -> None:
    with guarded({"smu": served.config()}) as guard:
        pid = guard.pid
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with pytest.raises(SafetyError, match="guards the outputs is gone"):
            guard.renew(60.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_meant_for_the_program_do_not_end_its_guard(
    served: ServedMeter, number: signal.Signals
) -> None:
    with guarded({"smu": served.config()}) as guard:
        os.kill(guard.pid, number)
        time.sleep(0.1)
        assert os.waitpid(guard.pid, os.WNOHANG) == (0, 0), "it runs on"
        guard.renew(60.0)
