"""``:SOURce`` and ``:OUTPut`` of one channel (chapter 4)."""

from functools import partial

from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.keysight_b2900.channel import Channel
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range, read_choice, short
from labrig.sim.instruments.scpi.settings import boolean, choice, integer, number
from labrig.sim.instruments.scpi.tree import Arguments, CommandTree
from labrig.sim.instruments.unit import UNITS, A, V

NAMES = {V: "VOLTage", A: "CURRent"}
_MOST_POINTS = 2500
_MOST_LISTED = 2500


def stem_of(name: str, channel: int) -> str:
    """A root node with the suffix of a channel; the first one needs none."""
    return f"{name}[1]" if channel == 1 else f"{name}{channel}"


def add_source_commands(tree: CommandTree, channel: Channel) -> None:
    """Let the instrument know them."""
    root = stem_of("SOURce", channel.unit.channel)
    stem = f"[:{root}]" if channel.unit.channel == 1 else f":{root}"
    _add_function(tree, channel, stem)
    for quantity in Quantity:
        _add_levels(tree, channel, quantity, stem)
        _add_path(tree, channel, quantity, stem)
    _add_sweep(tree, channel, stem)
    _add_output(tree, channel)


def _add_function(tree: CommandTree, channel: Channel, stem: str) -> None:
    def mode(arguments: Arguments) -> None:
        name = read_choice(arguments[0], tuple(NAMES.values()))
        channel.unit.choose(next(quantity for quantity, known in NAMES.items() if known == name))

    def shape(name: str) -> None:
        if name != "DC":
            raise ScpiError(-241)

    tree.add(f"{stem}:FUNCtion:MODE", mode, (1, 1))
    tree.add(f"{stem}:FUNCtion:MODE?", lambda _: short(NAMES[channel.unit.source]))
    choice(tree, f"{stem}:FUNCtion[:SHAPe]", ("DC", "PULSe"), lambda: "DC", shape)
    boolean(
        tree,
        f"{stem}:FUNCtion:TRIGger:CONTinuous",
        lambda: channel.holds_end,
        partial(setattr, channel, "holds_end"),
    )


def _add_levels(tree: CommandTree, channel: Channel, quantity: Quantity, stem: str) -> None:
    unit = channel.unit
    most = unit.model.most[quantity]
    levels = Range(-most, most, 0.0, UNITS[quantity])
    node = f"{stem}:{NAMES[quantity]}"

    def automatic(on: bool) -> None:
        unit.settings[quantity].automatic = on
        unit.update()

    def triggered() -> float:
        level = channel.paths[quantity].triggered
        return unit.settings[quantity].level if level is None else level

    number(
        tree,
        f"{node}[:LEVel][:IMMediate][:AMPLitude]",
        lambda: levels,
        lambda: unit.settings[quantity].level,
        partial(unit.put_level, quantity),
    )
    number(
        tree,
        f"{node}[:LEVel]:TRIGgered[:AMPLitude]",
        lambda: levels,
        triggered,
        partial(setattr, channel.paths[quantity], "triggered"),
    )
    number(
        tree,
        f"{node}:RANGe",
        lambda: levels,
        lambda: unit.settings[quantity].span,
        partial(unit.put_range, quantity),
    )
    boolean(tree, f"{node}:RANGe:AUTO", lambda: unit.settings[quantity].automatic, automatic)


def _add_path(tree: CommandTree, channel: Channel, quantity: Quantity, stem: str) -> None:
    most = channel.unit.model.most[quantity]
    levels = Range(-most, most, 0.0, UNITS[quantity])
    node, lists = f"{stem}:{NAMES[quantity]}", f"{stem}:LIST:{NAMES[quantity]}"

    def mode(name: str) -> None:
        channel.paths[quantity].mode = name
        if name == "FIXed":
            channel.unit.swept = None
            channel.unit.update()

    def put(name: str, value: object) -> None:
        setattr(channel.paths[quantity], name, value)

    def listed(arguments: Arguments, *, after: bool) -> None:
        before = channel.paths[quantity].levels if after else []
        values = [levels.read(text) for text in arguments]
        if len(before) + len(values) > _MOST_LISTED:
            raise ScpiError(-223)
        channel.paths[quantity].levels = [*before, *values]

    choice(tree, f"{node}:MODE", ("FIXed", "SWEep", "LIST"), lambda: channel.paths[quantity].mode, mode)
    for name, key in (("STARt", "start"), ("STOP", "stop")):
        get = partial(_end, channel, quantity, key)
        number(tree, f"{node}:{name}", lambda: levels, get, partial(put, key))
    integer(
        tree,
        f"{node}:POINts",
        Range(1, _MOST_POINTS, 1),
        lambda: channel.points,
        partial(setattr, channel, "points"),
    )
    tree.add(lists, partial(listed, after=False), (1, _MOST_LISTED))
    tree.add(f"{lists}:APPend", partial(listed, after=True), (1, _MOST_LISTED))
    tree.add(f"{lists}?", lambda _: ",".join(f"{level:+.6E}" for level in channel.paths[quantity].levels))
    tree.add(f"{lists}:POINts?", lambda _: str(len(channel.paths[quantity].levels)))


def _end(channel: Channel, quantity: Quantity, key: str) -> float:
    value: float = getattr(channel.paths[quantity], key)
    return value


def _add_sweep(tree: CommandTree, channel: Channel, stem: str) -> None:
    node = f"{stem}:SWEep"
    integer(
        tree,
        f"{node}:POINts",
        Range(1, _MOST_POINTS, 1),
        lambda: channel.points,
        partial(setattr, channel, "points"),
    )
    for name, key, names in (
        ("SPACing", "spacing", ("LINear", "LOGarithmic")),
        ("DIRection", "direction", ("UP", "DOWN")),
        ("STAir", "stairs", ("SINGle", "DOUBle")),
        ("RANGing", "ranging", ("BEST", "AUTO", "FIXed")),
    ):
        choice(tree, f"{node}:{name}", names, partial(getattr, channel, key), partial(setattr, channel, key))


def _add_output(tree: CommandTree, channel: Channel) -> None:
    node = f":{stem_of('OUTPut', channel.unit.channel)}"

    def low(name: str) -> None:
        if channel.unit.on and name != channel.low:
            raise ScpiError(-221)
        channel.low = name

    boolean(tree, f"{node}[:STATe]", lambda: channel.unit.on, lambda on: channel.unit.switch(on=on))
    modes = ("NORMal", "HIZ", "ZERO")
    choice(tree, f"{node}:OFF:MODE", modes, lambda: channel.off_mode, partial(setattr, channel, "off_mode"))
    choice(tree, f"{node}:LOW", ("FLOat", "GROund"), lambda: channel.low, low)
    for name, key in (
        ("ON:AUTO", "on_automatic"),
        ("OFF:AUTO", "off_automatic"),
        ("PROTection[:STATe]", "protects"),
    ):
        boolean(tree, f"{node}:{name}", partial(getattr, channel, key), partial(setattr, channel, key))
