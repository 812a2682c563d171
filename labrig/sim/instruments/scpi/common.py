"""Common commands (IEEE 488.2, chapter 10), and those that SCPI requires of every instrument."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from labrig.sim.instruments.scpi.parameters import Range, read_integer
from labrig.sim.instruments.scpi.status import OPERATION_COMPLETE, Register
from labrig.sim.instruments.scpi.tree import Arguments, Handler, Response, Running

if TYPE_CHECKING:
    from labrig.sim.instruments.scpi.engine import ScpiInstrument

_BYTE = Range(0, 255, 0)
_WORD = Range(0, 65535, 0)


def add_common_commands(instrument: "ScpiInstrument") -> None:
    """Let an instrument know them."""
    status, tree = instrument.status, instrument.tree

    def complete(_: Arguments) -> None:
        status.standard.event |= 1 << OPERATION_COMPLETE

    def enable_service(arguments: Arguments) -> None:
        status.service_enable = read_integer(arguments[0], _BYTE)

    def triggered(_: Arguments) -> Response | Running:
        return instrument.trigger()

    plain: dict[str, Callable[[], Response]] = {
        "*CLS": status.clear,
        "*RST": instrument.reset,
        "*WAI": lambda: None,
        "*IDN?": lambda: instrument.identity,
        "*OPC?": lambda: "1",
        "*TST?": lambda: "0",
        "*STB?": lambda: str(status.byte()),
        "*SRE?": lambda: str(status.service_enable),
        "*ESE?": lambda: str(status.standard.enable),
        "*ESR?": lambda: str(status.standard.read_event()),
        ":SYSTem:ERRor[:NEXT]?": status.next_error,
        ":SYSTem:ERRor:ALL?": status.all_errors,
        ":SYSTem:ERRor:COUNt?": lambda: str(status.error_count),
        ":SYSTem:CLEar": status.clear_errors,
        ":SYSTem:VERSion?": lambda: "1999.0",
        ":STATus:PRESet": status.preset,
        ":STATus:QUEue[:NEXT]?": status.next_error,
        ":STATus:QUEue:CLEar": status.clear_errors,
    }
    for pattern, handler in plain.items():
        tree.add(pattern, _without_arguments(handler))
    tree.add("*OPC", complete)
    tree.add("*SRE", enable_service, (1, 1))
    tree.add("*ESE", _enable(status.standard, _BYTE), (1, 1))
    tree.add("*TRG", triggered)
    for name, register in (
        ("OPERation", status.operation),
        ("QUEStionable", status.questionable),
        ("MEASurement", status.measurement),
    ):
        _add_group(instrument, f":STATus:{name}", register)


def _add_group(instrument: "ScpiInstrument", stem: str, register: Register) -> None:
    tree = instrument.tree
    tree.add(f"{stem}[:EVENt]?", _without_arguments(lambda: str(register.read_event())))
    tree.add(f"{stem}:CONDition?", _without_arguments(lambda: str(register.condition)))
    tree.add(f"{stem}:ENABle?", _without_arguments(lambda: str(register.enable)))
    tree.add(f"{stem}:ENABle", _enable(register, _WORD), (1, 1))


def _enable(register: Register, allowed: Range) -> Handler:
    def enable(arguments: Arguments) -> None:
        register.enable = read_integer(arguments[0], allowed)

    return enable


def _without_arguments(action: Callable[[], Response]) -> Handler:
    def handler(_: Arguments) -> Response:
        return action()

    return handler
