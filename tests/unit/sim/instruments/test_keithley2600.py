"""A simulated 2602B on resistors, in its own time: scripts in Lua, buffers, the trigger model, errors."""

import struct

import pytest

from labrig.sim.instruments.analogue import Load
from labrig.sim.instruments.base import OutputState
from labrig.sim.instruments.building import build_instrument


class Bench:
    """The instrument, and what it did."""

    def __init__(self) -> None:
        self.time = 0.0
        self.outputs: list[OutputState] = []
        self.unit = build_instrument(
            "keithley2600", [Load(1000.0), Load(500.0)], lambda: self.time, self.outputs.append
        )

    def raw(self, *lines: str) -> bytes:
        for line in lines:
            self.unit.receive(line.encode() + b"\n")
        while (left := self.unit.advance()) is not None:
            self.time += left
        return self.unit.respond()

    def ask(self, *lines: str) -> str:
        return self.raw(*lines).decode().strip()

    def error(self) -> tuple[int, str]:
        number, text, *_ = self.ask("print(errorqueue.next())").split("\t")
        return int(float(number)), text


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def sourcing(bench: Bench) -> Bench:
    bench.raw("smua.source.limiti = 5e-3", "smua.source.levelv = 1", "smua.source.output = smua.OUTPUT_ON")
    return bench


def test_numbers_are_printed_with_six_digits_and_the_rest_as_lua_does(bench: Bench) -> None:
    assert bench.ask("print(1, 'a', true, nil)") == "1.00000e+00\ta\ttrue\tnil"
    assert bench.ask("format.asciiprecision = 3 print(1/3)") == "3.33e-01"


def test_a_resistor_draws_what_it_must(sourcing: Bench) -> None:
    amperes, volts = map(float, sourcing.ask("print(smua.measure.iv())").split("\t"))
    assert amperes == pytest.approx(1e-3, rel=2e-3)
    assert volts == pytest.approx(1.0, rel=2e-3)


def test_channels_are_on_circuits_of_their_own(sourcing: Bench) -> None:
    sourcing.raw("smub.source.limiti = 1", "smub.source.levelv = 1", "smub.source.output = 1")
    assert float(sourcing.ask("print(smub.measure.i())")) == pytest.approx(2e-3, rel=2e-3)
    assert {state.channel for state in sourcing.outputs if state.on} == {1, 2}


def test_compliance_is_told(sourcing: Bench) -> None:
    sourcing.raw("smua.source.levelv = 10")
    assert sourcing.ask("print(smua.source.compliance)") == "true"
    assert float(sourcing.ask("print(smua.measure.i())")) == pytest.approx(5e-3, rel=1e-2)


def test_a_script_has_loops_and_functions_and_takes_the_time_that_it_says(sourcing: Bench) -> None:
    begun = sourcing.time
    said = sourcing.ask("for k = 1, 3 do smua.source.levelv = k delay(0.5) print(smua.source.levelv) end")
    assert [float(line) for line in said.splitlines()] == [1.0, 2.0, 3.0]
    assert sourcing.time - begun == pytest.approx(1.5)


def test_a_script_may_be_loaded_and_run_later(bench: Bench) -> None:
    bench.raw("loadscript twice", "function twice_of(x)", "return 2 * x", "end", "endscript", "twice()")
    assert bench.ask("print(twice_of(21))") == "4.20000e+01"
    assert bench.ask("loadandrunscript", "print('now')", "endscript") == "now"


def test_a_buffer_keeps_readings_sources_times_and_statuses(sourcing: Bench) -> None:
    sourcing.raw(
        "smua.nvbuffer1.clear() smua.nvbuffer1.appendmode = 1",
        "smua.nvbuffer1.collectsourcevalues = 1 smua.nvbuffer1.collecttimestamps = 1",
        "for k = 1, 3 do smua.source.levelv = k * 2 smua.measure.i(smua.nvbuffer1) end",
    )
    assert sourcing.ask("print(smua.nvbuffer1.n)") == "3.00000e+00"
    levels = sourcing.ask("printbuffer(1, 3, smua.nvbuffer1.sourcevalues)")
    assert [float(level) for level in levels.split(",")] == [2.0, 4.0, 6.0]
    statuses = sourcing.ask("printbuffer(1, 3, smua.nvbuffer1.statuses)").split(",")
    assert [int(float(status)) & 0x40 for status in statuses] == [0, 0, 0x40], (
        "6 V through 1 kohm, 5 mA at most"
    )
    times = [float(t) for t in sourcing.ask("printbuffer(1, 3, smua.nvbuffer1.timestamps)").split(",")]
    assert times[0] == 0.0
    assert times[2] > times[1] > 0.0


def test_buffers_are_sent_in_binary_in_either_order(sourcing: Bench) -> None:
    sourcing.raw("smua.measure.v(smua.nvbuffer1)")
    data = sourcing.raw("format.data = format.REAL64", "printbuffer(1, 1, smua.nvbuffer1)")
    assert data[:2] == b"#0"
    assert data[-1:] == b"\n"
    (little,) = struct.unpack("<d", data[2:-1])
    big = sourcing.raw("format.byteorder = format.BIGENDIAN", "printbuffer(1, 1, smua.nvbuffer1)")
    assert struct.unpack(">d", big[2:-1]) == (little,)
    assert little == pytest.approx(1.0, rel=2e-3)


def test_the_trigger_model_sweeps_while_scripts_go_on_and_can_be_waited_for(sourcing: Bench) -> None:
    sourcing.raw(
        "smua.nvbuffer1.clear() smua.nvbuffer1.collectsourcevalues = 1",
        "smua.trigger.source.linearv(0, 2, 5) smua.trigger.source.action = smua.ENABLE",
        "smua.trigger.measure.i(smua.nvbuffer1) smua.trigger.measure.action = smua.ENABLE",
        "smua.trigger.count = 5 smua.trigger.endsweep.action = smua.SOURCE_HOLD",
    )
    assert sourcing.ask("smua.trigger.initiate() print('on') waitcomplete() print('done')") == "on\ndone"
    levels = sourcing.ask("printbuffer(1, 5, smua.nvbuffer1.sourcevalues)").split(",")
    assert [float(level) for level in levels] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert sourcing.ask("print(smua.source.levelv)") == "2.00000e+00"


def test_a_sweep_may_go_back_to_where_it_came_from(sourcing: Bench) -> None:
    sourcing.raw(
        "smua.trigger.source.listv({0.2, 0.4}) smua.trigger.source.action = 1 smua.trigger.count = 2",
        "smua.trigger.endsweep.action = smua.SOURCE_IDLE smua.trigger.initiate() waitcomplete()",
    )
    assert sourcing.ask("print(smua.source.levelv)") == "1.00000e+00"


def test_a_factory_script_sweeps_and_turns_off(bench: Bench) -> None:
    bench.raw("smua.source.limiti = 1", "SweepVLinMeasureI(smua, 0, 1, 0.01, 5)")
    found = [float(value) for value in bench.ask("printbuffer(1, 5, smua.nvbuffer1)").split(",")]
    assert found == pytest.approx([0.0, 0.25e-3, 0.5e-3, 0.75e-3, 1e-3], abs=2e-6)
    assert bench.outputs[-1] == OutputState(1, on=False, level=0.0)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("smua.source.levelv = 100", 1101), ("smua.measure.nplc = 0", 1102), ("foo(", -285),
        ("nonsense(1)", -286), ("smua.source.nonsense = 1", -286), ("print(smua.nonsense.x)", -286),
        ("smua.OUTPUT_ON = 3", -286), ("*NIX", -113), ("smua.trigger.initiate()", 5007),
        ("print(os.time())", -286), ("python.eval('1')", -286),
    ],
)  # fmt: skip
def test_what_cannot_be_is_an_error_and_leaves_the_rest_alone(bench: Bench, line: str, number: int) -> None:
    assert bench.ask(line) == ""
    assert bench.error()[0] == number
    assert bench.error() == (0, "Queue Is Empty")
    assert bench.ask("print(smua.source.levelv)") == "0.00000e+00"


def test_scripts_reach_nothing_of_this_computer(bench: Bench) -> None:
    names = ["os", "io", "package", "require", "dofile", "loadfile", "debug", "python", "jit", "ffi", "host"]
    said = bench.ask(f"print({', '.join(names)})")
    assert said.split("\t") == ["nil"] * len(names)


@pytest.mark.parametrize("by", ["abort", "device clear"])
def test_abort_and_a_device_clear_end_a_script(sourcing: Bench, by: str) -> None:
    sourcing.unit.receive(b"while true do delay(1) end\n")
    assert sourcing.unit.advance() is not None
    if by == "abort":
        sourcing.unit.receive(b"abort\n")
    else:
        sourcing.unit.clear()
    assert sourcing.unit.advance() is None
    assert sourcing.ask("print(1)") == "1.00000e+00"


def test_reset_turns_both_outputs_off(sourcing: Bench) -> None:
    sourcing.raw("reset()")
    assert sourcing.ask("print(smua.source.output, smua.source.levelv)") == "0.00000e+00\t0.00000e+00"
    assert not sourcing.outputs[-1].on
