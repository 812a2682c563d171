"""Starting, aborting and fetching, formats, and the system (chapters 3 and 4)."""

from collections.abc import Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from labrig.arrays import Seconds
from labrig.sim.instruments.keysight_b2900.channel import ELEMENTS, Channel, Layer
from labrig.sim.instruments.keysight_b2900.source_commands import NAMES
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import NOT_A_NUMBER, Range, read_choice, read_string
from labrig.sim.instruments.scpi.settings import action, boolean, choice
from labrig.sim.instruments.scpi.tree import Arguments, Running

if TYPE_CHECKING:
    from labrig.sim.instruments.keysight_b2900.instrument import KeysightB2900

_KEYS = {"VOLTage": "VOLT", "CURRent": "CURR", "RESistance": "RES"}
_LAYOUTS = ("ASCii", "REAL,32", "REAL,64")


def add_result_commands(instrument: "KeysightB2900") -> None:
    """Let the instrument know them."""
    _add_start(instrument)
    _add_fetch(instrument)
    _add_format(instrument)
    _add_system(instrument)


def _text(arguments: Arguments) -> str | None:
    """A channel list holds commas, which separate parameters no more inside its parentheses."""
    return arguments[0] if arguments else None


def _add_start(instrument: "KeysightB2900") -> None:
    def start(arguments: Arguments, *, transient: bool, acquire: bool) -> Running:
        """Channels go through their trigger models side by side."""
        now = instrument.now - instrument.started
        running = [
            channel.run(now, transient=transient, acquire=acquire)
            for channel in instrument.listed(_text(arguments))
        ]
        yield from _together(running)
        return None

    for name, transient, acquire in (
        ("[:ALL]", True, True),
        (":ACQuire", False, True),
        (":TRANsient", True, False),
    ):
        instrument.tree.add(
            f":INITiate[:IMMediate]{name}", partial(start, transient=transient, acquire=acquire), (0, 1)
        )
        instrument.tree.add(f":ABORt{name}", lambda arguments: _checked(instrument, arguments), (0, 1))
        instrument.tree.add(f":IDLE{name}?", lambda arguments: _idle(instrument, arguments), (0, 1))


def _checked(instrument: "KeysightB2900", arguments: Arguments) -> None:
    instrument.listed(_text(arguments))


def _idle(instrument: "KeysightB2900", arguments: Arguments) -> str:
    _checked(instrument, arguments)
    return "1"


def _together(running: "Sequence[Generator[Seconds, None, object]]") -> Running:
    """Let several generators take their times side by side."""
    due = dict.fromkeys(range(len(running)), 0.0)
    passed = 0.0
    while due:
        k = min(due, key=due.__getitem__)
        if due[k] > passed:
            yield due[k] - passed
            passed = due[k]
        try:
            due[k] = passed + next(running[k])
        except StopIteration:
            del due[k]
    return None


class _Results:
    """What has been measured, for the queries that tell it."""

    def __init__(self, instrument: "KeysightB2900") -> None:
        self._instrument = instrument

    def fetched(self, arguments: Arguments, *, names: tuple[str, ...] | None, last: bool) -> str | bytes:
        """The last point of each channel, or all points side by side."""
        instrument = self._instrument
        channels = instrument.listed(_text(arguments))
        wanted = instrument.elements if names is None else names
        if last:
            return instrument.write([value for channel in channels for value in _last(channel, wanted)])
        longest = max((len(channel.results) for channel in channels), default=0)
        if longest == 0:
            return instrument.write([NOT_A_NUMBER])
        return instrument.write(
            [value for k in range(longest) for channel in channels for value in _at(channel, k, wanted)]
        )

    def read(self, arguments: Arguments, *, names: tuple[str, ...] | None, last: bool) -> Running:
        """Go through the trigger models, and fetch."""
        now = self._instrument.now - self._instrument.started
        channels = self._instrument.listed(_text(arguments))
        yield from _together([channel.run(now, transient=True, acquire=True) for channel in channels])
        return self.fetched(arguments, names=names, last=last)

    def measure(self, arguments: Arguments, *, names: tuple[str, ...] | None) -> Running:
        """One spot measurement; counts are one (p. 4-50, from memory)."""
        channels = self._instrument.listed(_text(arguments))
        for channel in channels:
            channel.measured = channel.measured | {_KEYS[name] for name in names or ()}
            channel.acquire, channel.transient = Layer(), Layer()
        now = self._instrument.now - self._instrument.started
        yield from _together([channel.run(now, transient=False, acquire=True) for channel in channels])
        return self.fetched(arguments, names=names, last=True)

    def own(self, channel: Channel, _: Arguments, *, last: bool) -> str | bytes:
        """``:SENSe[c]:DATA?``."""
        return self.fetched((f"(@{channel.unit.channel})",), names=None, last=last)


def _add_fetch(instrument: "KeysightB2900") -> None:
    tree, results = instrument.tree, _Results(instrument)
    for element in (None, *ELEMENTS):
        names = None if element is None else (element,)
        node = "" if element is None else f":{element}[:DC]" if element in NAMES.values() else f":{element}"
        for command, last in (("[:SCALar]", True), (":ARRay", False)):
            tree.add(f":FETCh{command}{node}?", partial(results.fetched, names=names, last=last), (0, 1))
            tree.add(f":READ{command}{node}?", partial(results.read, names=names, last=last), (0, 1))
        if element is None or element in _KEYS:
            tree.add(f":MEASure{node}?", partial(results.measure, names=names), (0, 1))
    for channel in instrument.channels:
        root = "[:SENSe[1]]" if channel.unit.channel == 1 else f":SENSe{channel.unit.channel}"
        tree.add(f"{root}:DATA[:ARRay]?", partial(results.own, channel, last=False), (0, 2))
        tree.add(f"{root}:DATA:LATest?", partial(results.own, channel, last=True))
        tree.add(f"{root}:DATA:CLEar", partial(_forget, channel))


def _forget(channel: Channel, _: Arguments) -> None:
    channel.results = []


def _last(channel: Channel, names: tuple[str, ...]) -> list[float]:
    return channel.results[-1].chosen(names) if channel.results else [NOT_A_NUMBER] * len(names)


def _at(channel: Channel, k: int, names: tuple[str, ...]) -> list[float]:
    return channel.results[k].chosen(names) if k < len(channel.results) else [NOT_A_NUMBER] * len(names)


def _add_format(instrument: "KeysightB2900") -> None:
    def data(arguments: Arguments) -> None:
        name = read_choice(arguments[0], ("ASCii", "REAL"))
        bits = arguments[1] if len(arguments) == 2 else "64"
        layout = name if name == "ASCii" else f"REAL,{bits}"
        if layout not in _LAYOUTS:
            raise ScpiError(-224)
        instrument.layout = layout

    def elements(arguments: Arguments) -> None:
        instrument.elements = tuple(read_choice(text, ELEMENTS) for text in arguments)

    def order(name: str) -> None:
        instrument.swapped = name == "SWAPped"

    tree = instrument.tree
    tree.add(":FORMat[:DATA]", data, (1, 2))
    tree.add(":FORMat[:DATA]?", lambda _: "ASC" if instrument.layout == "ASCii" else instrument.layout)
    tree.add(":FORMat:ELEMents:SENSe", elements, (1, len(ELEMENTS)))
    tree.add(
        ":FORMat:ELEMents:SENSe?",
        lambda _: ",".join(
            name[:4].upper() if name != "RESistance" else "RES" for name in instrument.elements
        ),
    )
    choice(
        tree,
        ":FORMat:BORDer",
        ("NORMal", "SWAPped"),
        lambda: "SWAPped" if instrument.swapped else "NORMal",
        order,
    )


def _add_system(instrument: "KeysightB2900") -> None:
    tree = instrument.tree
    first = instrument.channels[0].unit

    def frequency(arguments: Arguments) -> None:
        value = Range(50, 60, 50).read(arguments[0])
        for channel in instrument.channels:
            channel.unit.line_frequency = value

    shown, beeps = {"on": True}, {"on": True}
    tree.add(":SYSTem:LFRequency", frequency, (1, 1))
    tree.add(":SYSTem:LFRequency?", lambda _: f"{first.line_frequency:.0f}")
    tree.add("*OPT?", lambda _: "0")
    action(tree, ":SYSTem:PRESet", instrument.reset)
    boolean(tree, ":DISPlay:ENABle", lambda: shown["on"], lambda on: shown.update(on=on))
    boolean(tree, ":SYSTem:BEEPer:STATe", lambda: beeps["on"], lambda on: beeps.update(on=on))
    for window in ("[:WINDow[1]]", ":WINDow2"):
        tree.add(f":DISPlay{window}:TEXT:DATA", _read, (1, 1))


def _read(arguments: Arguments) -> None:
    read_string(arguments[0])
