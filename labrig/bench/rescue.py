"""Turning an output off by whichever way to the instrument is left."""

import time
from collections.abc import Iterator

from labrig.arrays import Seconds
from labrig.config.instruments import AnySourceMeter
from labrig.config.links import LinkConfig
from labrig.errors import LabrigError, SafetyError
from labrig.instruments.opening import open_source_meter

_AGAIN: Seconds = 0.1


def made_safe_by_any_link(config: AnySourceMeter, *, patience: Seconds = 0.0) -> str:
    """Ramp down, turn off and read back, by the first link that works; who answered, and where.

    Parameters
    ----------
    patience
        How long a port may be in use still.

    Raises
    ------
    SafetyError
        None works: the output is on as far as anybody can tell.
    """
    failures: list[str] = []
    deadline = time.monotonic() + patience
    while True:
        for link in ways(config):
            try:
                return _made_safe(config, link)
            except LabrigError as error:
                failures.append(str(error))
        if time.monotonic() >= deadline:
            break
        time.sleep(_AGAIN)
        failures.clear()
    msg = f"the output is STILL ON as far as anybody can tell; turn it off by hand: {'; '.join(failures)}"
    raise SafetyError(msg)


def ways(config: AnySourceMeter) -> Iterator[LinkConfig]:
    """The link of the rig, and then its fallbacks."""
    yield config.link
    yield from config.fallbacks


def _made_safe(config: AnySourceMeter, link: LinkConfig) -> str:
    meter = open_source_meter(config, link)
    try:
        meter.make_safe()
    finally:
        meter.close()
    return f"{meter.identity.model}, serial {meter.identity.serial_number}"
