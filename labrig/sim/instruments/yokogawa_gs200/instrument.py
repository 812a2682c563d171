"""The instrument: messages on one side, source and monitor on the other."""

from functools import partial

from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.base import Clock
from labrig.sim.instruments.scpi.engine import ScpiInstrument
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range, matches, read_choice, short
from labrig.sim.instruments.scpi.settings import action, boolean, choice, integer, number
from labrig.sim.instruments.scpi.tree import Arguments, Running
from labrig.sim.instruments.unit import OVERFLOW, UNITS, A, Unit, V
from labrig.sim.instruments.yokogawa_gs200.program import Program, add_program_commands

_NAMES = {V: "VOLTage", A: "CURRent"}
_LIMITS = {V: Range(1.0, 30.0, 30.0, "V"), A: Range(1e-3, 0.2, 0.2, "A")}
_OVER_RANGE, _LOW_LIMIT, _HIGH_LIMIT = 1 << 1, 1 << 10, 1 << 11
"""Of the condition register: OVR, LLO, LHI (p. 13-30)."""
_TRIGGERS = ("READy", "TIMer", "COMMunicate", "IMMediate")


class YokogawaGS200(ScpiInstrument):
    """A GS200 on a circuit."""

    identity = "YOKOGAWA,GS210,91T810992,1.05"

    def __init__(self, unit: Unit, clock: Clock) -> None:
        super().__init__(clock, errors=15)
        self.unit = unit
        self.program = Program(unit, self.status.operation)
        self.monitors = False
        self.trigger_source = "READy"
        self.period = 1.0
        self.guard = False
        self.zeroes = True
        self.latest = OVERFLOW
        self._overflowed = False
        unit.settings[V].automatic = unit.settings[A].automatic = False
        self._add_source()
        self._add_protection()
        self._add_sense()
        self._add_reading()
        self._add_system()
        add_program_commands(self.tree, self.program)

    def reset(self) -> None:
        """``*RST``."""
        self.unit.reset()
        self.unit.settings[V].automatic = self.unit.settings[A].automatic = False
        self.unit.put_range(V, 1.0)
        self.unit.put_range(A, 1e-3)
        self.program.reset()
        self.monitors, self.trigger_source, self.period, self.guard = False, "READy", 1.0, False

    def condition(self) -> int:
        """What holds now."""
        point = self.unit.update()
        word = _OVER_RANGE * self._overflowed
        if point is not None and point.limited:
            word |= _HIGH_LIMIT if point.of(self.unit.source.other) > 0 else _LOW_LIMIT
        return word

    def _add_source(self) -> None:
        unit, tree = self.unit, self.tree

        def function(arguments: Arguments) -> None:
            name = read_choice(arguments[0], tuple(_NAMES.values()))
            chosen = next(quantity for quantity, known in _NAMES.items() if known == name)
            if unit.on and chosen is not unit.source:
                raise ScpiError(-221)
            unit.choose(chosen)

        def span(arguments: Arguments) -> None:
            ranges = unit.model.nominal[unit.source]
            at = ranges.index(unit.settings[unit.source].span)
            text = arguments[0]
            if matches(text, "UP") or matches(text, "DOWN"):
                at = max(0, min(len(ranges) - 1, at + (1 if matches(text, "UP") else -1)))
                unit.put_range(unit.source, ranges[at])
                return
            value = Range(ranges[0], ranges[-1], ranges[2], UNITS[unit.source]).read(text)
            unit.put_range(unit.source, next(one for one in ranges if one >= value * (1 - 1e-9)))

        def level(arguments: Arguments, *, automatic: bool) -> None:
            most = unit.model.most[unit.source]
            value = Range(-most, most, 0.0, UNITS[unit.source]).read(arguments[0])
            if automatic:
                unit.put_range(unit.source, value)
            unit.put_level(unit.source, value)
            self.program.record()

        tree.add(":SOURce:FUNCtion", function, (1, 1))
        tree.add(":SOURce:FUNCtion?", lambda _: short(_NAMES[unit.source]))
        tree.add(":SOURce:RANGe", span, (1, 1))
        tree.add(":SOURce:RANGe?", lambda _: f"{unit.settings[unit.source].span:+.5E}")
        tree.add(":SOURce:LEVel[:FIXed]", partial(level, automatic=False), (1, 1))
        tree.add(":SOURce:LEVel:AUTO", partial(level, automatic=True), (1, 1))
        tree.add(":SOURce:LEVel[:FIXed]?", lambda _: f"{unit.settings[unit.source].level:+.6E}")
        boolean(tree, ":OUTPut[:STATe]", lambda: unit.on, lambda on: unit.switch(on=on))

    def _add_protection(self) -> None:
        unit = self.unit

        def limit(quantity: Quantity, value: float) -> None:
            unit.settings[quantity].limit = value
            unit.update()

        def get(quantity: Quantity) -> float:
            return unit.settings[quantity].limit

        def allowed(quantity: Quantity) -> Range:
            return _LIMITS[quantity]

        for quantity in Quantity:
            number(
                self.tree,
                f":SOURce:PROTection:{_NAMES[quantity]}",
                partial(allowed, quantity),
                partial(get, quantity),
                partial(limit, quantity),
            )

    def _add_sense(self) -> None:
        unit, tree = self.unit, self.tree
        boolean(tree, ":SENSe[:STATe]", lambda: self.monitors, partial(setattr, self, "monitors"))
        integer(
            tree, ":SENSe:NPLC", Range(1, 25, 1), lambda: round(unit.nplc), partial(setattr, unit, "nplc")
        )
        number(
            tree,
            ":SENSe:DELay",
            lambda: Range(0, 999, 0, "MS"),
            lambda: unit.delay * 1e3,
            lambda value: setattr(unit, "delay", value * 1e-3),
            lambda value: f"{value:.0f}",
        )
        sources = partial(setattr, self, "trigger_source")
        choice(tree, ":SENSe:TRIGger", _TRIGGERS, lambda: self.trigger_source, sources)
        seconds = Range(0.1, 3600, 1, "S")
        number(
            tree, ":SENSe:INTerval", lambda: seconds, lambda: self.period, partial(setattr, self, "period")
        )
        boolean(tree, ":SENSe:REMote", lambda: unit.four_wire, partial(setattr, unit, "four_wire"))
        boolean(tree, ":SENSe:GUARd", lambda: self.guard, partial(setattr, self, "guard"))
        boolean(tree, ":SENSe:ZERO:AUTO", lambda: self.zeroes, partial(setattr, self, "zeroes"))
        action(tree, ":SENSe:ZERO:EXECute", lambda: None)

    def _add_reading(self) -> None:
        tree = self.tree

        def measured() -> Running:
            if not self.monitors:
                raise ScpiError(-221)
            yield self.unit.reading_time() + (self.unit.nplc / self.unit.line_frequency) * self.zeroes
            sample = self.unit.sample()
            self.latest = sample.of(self.unit.source.other)
            self._overflowed = abs(self.latest) >= OVERFLOW
            return f"{self.latest:+.6E}"

        tree.add(":MEASure?", lambda _: measured())
        tree.add(":READ?", lambda _: measured())
        tree.add(":FETCh?", lambda _: f"{self.latest:+.6E}")
        action(tree, ":INITiate", lambda: None)
        tree.add(":STATus:CONDition?", lambda _: str(self.condition()))
        tree.add(":STATus:EVENt?", lambda _: str(self.status.operation.read_event()))
        tree.add(":STATus:ERRor?", lambda _: self.status.next_error())

    def _add_system(self) -> None:
        tree = self.tree
        shown = {"on": True}
        tree.add("*OPT?", lambda _: "/MON")
        tree.add(":SYSTem:LFRequency?", lambda _: f"{self.unit.line_frequency:.0f}")
        boolean(tree, ":SYSTem:DISPlay", lambda: shown["on"], lambda on: shown.update(on=on))
        for name in ("LOCal", "REMote"):
            action(tree, f":SYSTem:{name}", lambda: None)
