"""``:TRIGger`` and ``:ARM`` of one channel (chapter 4)."""

from functools import partial

from labrig.sim.instruments.keysight_b2900.channel import Channel, Layer
from labrig.sim.instruments.keysight_b2900.source_commands import stem_of
from labrig.sim.instruments.scpi.parameters import Range
from labrig.sim.instruments.scpi.settings import choice, integer, number
from labrig.sim.instruments.scpi.tree import CommandTree

_SOURCES = ("AINT", "TIM")
_COUNTS = Range(1, 100000, 1)
_DELAYS = Range(0, 100000, 0, "S")


def add_trigger_commands(tree: CommandTree, channel: Channel) -> None:
    """Let the instrument know them; ``:ALL`` or nothing is both actions."""
    for root, arm in (("TRIGger", False), ("ARM", True)):
        stem = f":{stem_of(root, channel.unit.channel)}"
        _add_layer(tree, f"{stem}:ACQuire", [channel, "acquire"], arm=arm)
        _add_layer(tree, f"{stem}:TRANsient", [channel, "transient"], arm=arm)
        _add_layer(tree, f"{stem}[:ALL]", [channel, "acquire", "transient"], arm=arm)


def _add_layer(tree: CommandTree, stem: str, where: list[object], *, arm: bool) -> None:
    channel, *names = where

    def get(key: str) -> object:
        return getattr(_layer(channel, str(names[0])), key)

    def put(key: str, value: object) -> None:
        for name in names:
            setattr(_layer(channel, str(name)), key, value)

    count, delay, source = ("arms", "arm_delay", "arm_source") if arm else ("triggers", "delay", "source")
    integer(tree, f"{stem}:COUNt", _COUNTS, lambda: int(str(get(count))), partial(put, count))
    number(tree, f"{stem}:DELay", lambda: _DELAYS, lambda: float(str(get(delay))), partial(put, delay))
    choice(tree, f"{stem}:SOURce[:SIGNal]", _SOURCES, lambda: str(get(source)), partial(put, source))
    if not arm:
        periods = Range(1e-5, 100000, 1e-5, "S")
        number(
            tree, f"{stem}:TIMer", lambda: periods, lambda: float(str(get("period"))), partial(put, "period")
        )


def _layer(channel: object, name: str) -> Layer:
    layer: Layer = getattr(channel, name)
    return layer
