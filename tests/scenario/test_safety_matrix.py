"""However a sweep ends, in real processes and by real signals, its output is off in the promised time."""

import pytest

from labrig.sim.instruments.building import MODELS
from scripts.benchmarks.safety import ENDINGS, TRANSPORTS, is_kept, try_ending

SOON = [ending for ending in ENDINGS if ending != "hang"]
"""A process that hangs is found out after its lease: the guard's own tests have a short one."""


@pytest.mark.parametrize("ending", SOON)
def test_an_output_is_off_after_every_ending(ending: str) -> None:
    outcome = try_ending("keithley2400", "tcp", ending)
    assert is_kept(ending, outcome), outcome


@pytest.mark.parametrize("transport", TRANSPORTS[1:])
@pytest.mark.parametrize("ending", ["SIGTERM", "SIGKILL", "lost link"])
def test_an_output_is_off_over_every_transport(transport: str, ending: str) -> None:
    outcome = try_ending("keithley2400", transport, ending)
    assert is_kept(ending, outcome), outcome


@pytest.mark.parametrize("model", MODELS[1:])
@pytest.mark.parametrize("ending", ["SIGTERM", "SIGKILL", "lost link"])
def test_an_output_is_off_on_every_model(model: str, ending: str) -> None:
    outcome = try_ending(model, "tcp", ending)
    assert is_kept(ending, outcome), outcome
