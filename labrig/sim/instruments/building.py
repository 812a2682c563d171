"""Simulated source-measure units by the name of their model."""

from collections.abc import Sequence

from labrig.errors import ConfigError
from labrig.sim.instruments.analogue import Load, Terminals
from labrig.sim.instruments.base import Clock, Instrument, Watch

MODELS = ("keithley2400", "keithley2450", "keithley2600", "keysight_b2900", "yokogawa_gs200")
"""What can be simulated."""


def build_instrument(
    model: str, terminals: Sequence[Terminals], clock: Clock, watch: Watch, seed: int = 0
) -> Instrument:
    """A model with something at its terminals; channels beyond those have nothing there.

    Raises
    ------
    ConfigError
        There is no such model, or it has fewer channels.
    """
    if model not in MODELS:
        msg = f"--model: found {model!r}; write one of {', '.join(MODELS)}"
        raise ConfigError(msg)
    channels = CHANNELS[model]
    if len(terminals) > channels:
        msg = f"--model: found {model!r}, which has {channels} channel; {len(terminals)} were asked for"
        raise ConfigError(msg)
    wired = [*terminals, *(Load(float("inf")) for _ in range(channels - len(terminals)))]
    if model == "keithley2450":
        from labrig.sim.instruments import keithley2450

        return keithley2450.build(wired[0], clock, watch, seed)
    if model == "keithley2600":
        from labrig.sim.instruments import keithley2600

        return keithley2600.build(wired, clock, watch, seed)
    if model == "keysight_b2900":
        from labrig.sim.instruments import keysight_b2900

        return keysight_b2900.build(wired, clock, watch, seed)
    if model == "yokogawa_gs200":
        from labrig.sim.instruments import yokogawa_gs200

        return yokogawa_gs200.build(wired[0], clock, watch, seed)
    from labrig.sim.instruments import keithley2400

    return keithley2400.build(wired[0], clock, watch, seed)


CHANNELS = {"keithley2400": 1, "keithley2450": 1, "keithley2600": 2, "keysight_b2900": 2, "yokogawa_gs200": 1}
"""How many each model has."""
