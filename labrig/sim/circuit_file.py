"""The circuit file that the host build of the firmware reads; firmware_protocol/README.md has its format."""

from collections.abc import Iterator, Sequence

from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel, DigipotElements
from labrig.config.faults import Aging, BitStuck, BranchFault, Fault, Noisy, Stuck
from labrig.devices.parts import digipot
from labrig.errors import ConfigError
from labrig.sim.branches import TrueDigipots, draw_branches
from labrig.sim.broken import as_taken, faults_by_wiper
from labrig.sim.channels import BadChannels, bad_channels, check_alike
from labrig.sim.converters import THROUGH_RANGE
from labrig.sim.lines import line_topology
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
    if not isinstance(model.elements, DigipotElements) or model.adc is None or model.dac is None:
        msg = "board.model: compiled firmware needs digipot elements, an adc and a dac; add them or simulate"
        raise ConfigError(msg)
    part = digipot(model.elements.part)
    branches = draw_branches(model.elements, len(topology.branches), model.seed)
    if not isinstance(branches, TrueDigipots):
        msg = (
            f"board.model.elements: {model.elements.kind!r} cannot be given to compiled firmware; use digipot"
        )
        raise ConfigError(msg)
    lines = line_topology(topology)
    head = [
        "labrig-circuit 1",
        f"part {part.name}",
        f"lines {len(topology.inputs)} {len(topology.outputs)} {len(topology.hidden)}",
        f"codes {part.code_bits} 0 {part.code_max} {int(branches.power_up.values[0])}",
        f"law rheostat {part.steps}",
        f"adc {model.adc.bits} {model.adc.span!r}",
        f"dac {model.dac.bits} {model.dac.span!r}",
        f"drive {model.drive!r}",
        *_nudges(model),
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
    scales = Scales.draw(model.adc, model.dac, len(lines.nodes), model.seed)
    drivers = len(topology.inputs) + len(topology.outputs)
    body.extend(_scale("channel", scales.adc, 0, len(lines.nodes)))
    body.extend(_scale("channel", scales.sense, len(lines.nodes), drivers))
    body.extend(_scale("driver", scales.dac, 0, drivers))
    broken = faults_by_wiper(faults, topology, model.elements)
    wrong = [
        *(line for k, fault in broken.items() for line in _fault(k, fault, branches)),
        *_channels(bad_channels(faults, topology, model.adc)),
    ]
    return "\n".join([*head, *body, *wrong, ""])


def _fault(wiper: int, fault: BranchFault, branches: TrueDigipots) -> Iterator[str]:
    if isinstance(fault, Noisy | Aging) or getattr(fault, "after", 0) > 0:
        what = fault.kind if isinstance(fault, Noisy | Aging) else "broken only after some exchanges"
        msg = f"faults: {fault.branch} is {what}, which compiled firmware cannot have: simulate the board"
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
