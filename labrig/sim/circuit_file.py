"""The circuit file that the host build of the firmware reads; firmware_protocol/README.md has its format."""

from collections.abc import Iterator, Sequence

from labrig.circuit.topology import Topology
from labrig.config.boards import (
    AdcConfig,
    BoardModel,
    DacConfig,
    IdealElements,
    MemristorElements,
)
from labrig.config.faults import Aging, BitStuck, BranchFault, Fault, Noisy, Open, Stuck, StuckOn
from labrig.devices.memristors import memristor
from labrig.devices.parts import digipot
from labrig.errors import ConfigError
from labrig.sim.branches import TrueDigipots, draw_branches
from labrig.sim.broken import as_taken, faults_by_wiper
from labrig.sim.channels import BadChannels, bad_channels, check_alike
from labrig.sim.converters import THROUGH_RANGE
from labrig.sim.drives import drawn_drives
from labrig.sim.lines import line_topology
from labrig.sim.memristors import AMPLITUDE_STEP, Devices
from labrig.sim.scales import Scale, Scales


def circuit_text(model: BoardModel, topology: Topology, faults: Sequence[Fault]) -> str:
    """The true parts of this model on this network, as text that keeps every bit of every number.

    Parameters
    ----------
    faults
        Those of its branches and of its converter are built in.

    Raises
    ------
    ConfigError
        The model lacks a converter or has no digital potentiometers, or it cannot have such a fault.
    """
    if model.adc is None or model.dac is None or isinstance(model.elements, IdealElements):
        msg = (
            "board.model: compiled firmware needs digipot or memristor elements, an adc and a dac;"
            " add them or simulate"
        )
        raise ConfigError(msg)
    if isinstance(model.elements, MemristorElements):
        return _memristor_text(model, model.elements, topology, faults)
    part = digipot(model.elements.part)
    branches = draw_branches(model.elements, len(topology.branches), model.seed)
    if not isinstance(branches, TrueDigipots):
        msg = (
            f"board.model.elements: {model.elements.kind!r} cannot be given to compiled firmware; use digipot"
        )
        raise ConfigError(msg)
    lines = line_topology(topology)
    head = [
        *_head(part.name, topology),
        f"codes {part.code_bits} 0 {part.code_max} {int(branches.power_up.values[0])}",
        f"law rheostat {part.steps}",
        *_converters(model, model.adc, model.dac),
        *(["learn"] if topology.crossbar_shape else []),
    ]
    law = branches.law
    body = [
        f"branch {a} {b} {float(law.end_to_end[k])!r} {float(law.wiper[k])!r}"
        for k, (a, b) in enumerate(lines.branches)
    ]
    if branches.deviations is not None:
        body.extend(
            f"deviation {k} {code} {float(ohm)!r}"
            for k, row in enumerate(branches.deviations)
            for code, ohm in enumerate(row)
        )
    broken = faults_by_wiper(faults, topology, model.elements)
    wrong = [line for k, fault in broken.items() for line in _fault(k, fault, branches)]
    channels = _channels(bad_channels(faults, topology, model.adc))
    return "\n".join([*head, *body, *_scales(model, topology), *wrong, *channels, ""])


def _memristor_text(
    model: BoardModel, elements: MemristorElements, topology: Topology, faults: Sequence[Fault]
) -> str:
    """The host target's own law of memristors, with bounds, thresholds and speeds as the part has them."""
    if model.adc is None or model.dac is None:
        msg = "board.model: compiled firmware needs an adc and a dac; add them or simulate"
        raise ConfigError(msg)
    part, devices = memristor(elements.part), Devices.draw(elements, len(topology.branches), model.seed)
    spread = part.device_spread if elements.vices.device_spread is None else elements.vices.device_spread
    law = (
        part.lowest,
        part.highest,
        part.set.threshold,
        part.reset.threshold,
        part.set.rate,
        part.reset.rate,
    )
    pulses = (part.forming.ceiling, part.reset.highest, AMPLITUDE_STEP, part.shortest, part.longest)
    begins = part.lowest + devices.formed_state * part.span
    broken = faults_by_wiper(faults, topology, elements)
    for wiper, fault in broken.items():
        begins[wiper] = part.highest if isinstance(fault, StuckOn) else part.lowest
    lines = line_topology(topology)
    body = [
        *_head(part.name, topology),
        f"memristors {' '.join(map(repr, law))} {spread!r} {model.seed}",
        f"pulses {' '.join(map(repr, pulses))}",
        *_converters(model, model.adc, model.dac),
        *(f"branch {a} {b} {float(begins[k])!r}" for k, (a, b) in enumerate(lines.branches)),
        *_scales(model, topology),
        *(f"fault {k} {'open' if isinstance(fault, Open) else 'unwritable'}" for k, fault in broken.items()),
        *_channels(bad_channels(faults, topology, model.adc)),
    ]
    return "\n".join([*body, ""])


def _head(part: str, topology: Topology) -> Iterator[str]:
    yield "labrig-circuit 1"
    yield f"part {part}"
    yield f"lines {len(topology.inputs)} {len(topology.outputs)} {len(topology.hidden)}"


def _converters(model: BoardModel, adc: AdcConfig, dac: DacConfig) -> Iterator[str]:
    yield f"adc {adc.bits} {adc.span!r}"
    yield f"dac {dac.bits} {dac.span!r}"
    yield f"drive {model.drive!r}"
    yield from _nudges(model)


def _scales(model: BoardModel, topology: Topology) -> Iterator[str]:
    lines, drivers = len(topology.nodes), len(topology.inputs) + len(topology.outputs)
    scales = Scales.draw(model.adc, model.dac, lines, model.seed)
    yield from _scale("channel", scales.adc, 0, lines)
    yield from _scale("channel", scales.sense, lines, drivers)
    yield from _scale("driver", scales.dac, 0, drivers)
    ratios = drawn_drives(model, lines)
    if ratios is not None:
        yield from (f"drive-ratio {k} {float(ratios[k])!r}" for k in range(drivers))


def _fault(wiper: int, fault: BranchFault, branches: TrueDigipots) -> Iterator[str]:
    if isinstance(fault, Noisy | Aging) or getattr(fault, "after", 0) > 0:
        what = fault.kind if isinstance(fault, Noisy | Aging) else "broken only after some exchanges"
        msg = f"faults: {fault.branch} is {what}, which compiled firmware cannot have: simulate the board"
        raise ConfigError(msg)
    if isinstance(fault, Open) and fault.leak > 0:
        msg = f"faults: {fault.branch} leaks, which compiled firmware cannot have: simulate the board"
        raise ConfigError(msg)
    match fault:
        case Stuck(code=code):
            yield f"fault {wiper} stuck {code}"
        case BitStuck():
            for code in range(int(branches.law.highest[wiper]) + 1):
                taken = 1 / branches.conductance(wiper, as_taken(fault, code))
                by_law = float(
                    branches.law.wiper[wiper] + branches.law.end_to_end[wiper] * code / branches.law.steps
                )
                yield f"deviation {wiper} {code} {taken - by_law!r}"
        case _:
            yield f"fault {wiper} {fault.kind}"


def _scale(kind: str, scale: Scale, first: int, count: int) -> Iterator[str]:
    if not scale.exact:
        for k in range(count):
            yield f"offset-{kind} {first + k} {float(scale.offset[k])!r}"
            yield f"gain-{kind} {first + k} {float(scale.gain[k])!r}"
            if scale.bow is not None:
                yield f"bow-{kind} {first + k} {float(scale.bow[k])!r}"


def _channels(bad: BadChannels) -> Iterator[str]:
    check_alike(bad)
    for line, offset in bad.offsets.items():
        yield f"offset-channel {line} {offset!r}"
    for line, code in bad.stuck.items():
        yield f"stuck-channel {line} {code}"


def _nudges(model: BoardModel) -> Iterator[str]:
    if model.nudge.toward:
        yield "nudge toward"
    if model.nudge.through:
        low, high = THROUGH_RANGE
        yield f"nudge through {low!r} {high!r}"
    if model.nudge.inject:
        yield "nudge inject"
