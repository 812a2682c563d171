"""A rig: the network, the board that holds it, how they are wired, and what must not be exceeded."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Strict, Tag, model_validator

from labrig.config.boards import BoardModel, FirmwareBoard, SimulatedBoard
from labrig.config.calibration import Calibration
from labrig.config.faults import AdcStuck, BranchFault, Fault, processor_faults
from labrig.config.instruments import AnySourceMeter
from labrig.config.model import AlsoInFile, Model, Place, mistakes
from labrig.config.network import (
    CrossbarNetwork,
    NetworkConfig,
    branch_names,
    hidden_names,
    input_names,
    listing,
    output_names,
)
from labrig.config.patterns import DRIVER, READER, SENSE
from labrig.config.plugins import PluginBoard, board_family
from labrig.config.quantities import (
    PositiveAmperes,
    PositiveSiemens,
    PositiveSlew,
    PositiveVolts,
    PositiveWatts,
    Text,
)

BoardConfig: TypeAlias = Annotated[
    Annotated[SimulatedBoard, Tag("simulated")]
    | Annotated[FirmwareBoard, Tag("firmware")]
    | Annotated[PluginBoard, Tag("plugin")],
    Discriminator(board_family),
]

InputLine: TypeAlias = Annotated[str, Field(pattern=DRIVER)]
ReadLine: TypeAlias = Annotated[str, Field(pattern=READER)]
SenseLine: TypeAlias = Annotated[str, Field(pattern=SENSE)]
MeterName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Wiper: TypeAlias = Annotated[int, Strict(), Field(ge=0)]


class Wiring(Model):
    """Which line of the board each node is joined to. What is empty is wired in order."""

    inputs: dict[str, InputLine] = Field(default_factory=dict)
    """Input node to the board's driver, ``dac0`` on."""
    outputs: dict[str, ReadLine] = Field(default_factory=dict)
    """Output node to the board's reader and clamp, ``adc0`` on."""
    hidden: dict[str, SenseLine] = Field(default_factory=dict)
    """Hidden node to a line that is only read, ``sense0`` on."""
    branches: dict[str, Wiper] = Field(default_factory=dict)
    """Branch to the number of its wiper."""


class Limits(Model):
    """What the bench refuses to exceed; the device profile may be tighter."""

    voltage: PositiveVolts | None = None
    branch_current: PositiveAmperes | None = None
    branch_power: PositiveWatts | None = None
    conductance: PositiveSiemens | None = None
    slew: PositiveSlew | None = None


class MeterRig(Model):
    """Source-measure units alone, without network and board."""

    name: Text | None = None
    """null: the name of its file."""
    source_meters: Annotated[dict[MeterName, AnySourceMeter], Field(min_length=1)]


class RigConfig(Model):
    """Everything on the bench that an experiment uses."""

    name: Text | None = None
    """null: the name of its file."""
    network: NetworkConfig
    board: BoardConfig
    wiring: Wiring = Wiring()
    mask: tuple[str, ...] = ()
    """Branches that are not to be written, such as ``in0-out3``."""
    limits: Limits = Limits()
    faults: tuple[Fault, ...] = ()
    """What goes wrong with a simulated or launched board."""
    source_meters: dict[MeterName, AnySourceMeter] = Field(default_factory=dict)
    """Source-measure units on nodes of the network, by name."""
    calibration: Annotated[Calibration | None, AlsoInFile({"type": "string"})] = None
    """What was found out about the board: the path of a file that `labrig calibrate` wrote."""
    accept_calibration: tuple[Literal["board", "age", "temperature"], ...] = ()
    """Use it although it is of another board, too old, or made at another temperature; runs record this."""

    @model_validator(mode="after")
    def _names_fit_the_network(self) -> "RigConfig":
        found = [
            *_wiring_mistakes(self),
            *_mask_mistakes(self),
            *_fault_mistakes(self),
            *_processor_mistakes(self),
            *_meter_mistakes(self),
            *_wire_mistakes(self),
            *_divider_mistakes(self),
        ]
        if found:
            raise mistakes("RigConfig", found)
        return self


def has_dividers(rig: RigConfig) -> bool:
    """Whether two branches of the rig's board share a potentiometer."""
    return isinstance(rig.board, SimulatedBoard) and rig.board.dividers


def converters_only(rig: RigConfig) -> RigConfig:
    """The rig without what its calibration says of wipers and lines: these are to be found out."""
    if rig.calibration is None:
        return rig
    without = rig.calibration.model_copy(update={"wipers": None, "wires": None})
    return rig.model_copy(update={"calibration": without})


def _wiring_mistakes(rig: RigConfig) -> Iterator[tuple[Place, str]]:
    network, wiring = rig.network, rig.wiring
    groups: tuple[tuple[str, Mapping[str, str | int], tuple[str, ...]], ...] = (
        ("inputs", wiring.inputs, input_names(network)),
        ("outputs", wiring.outputs, output_names(network)),
        ("hidden", wiring.hidden, hidden_names(network)),
        ("branches", wiring.branches, branch_names(network)),
    )
    for group, lines, names in groups:
        if not lines:
            continue
        known = set(names)
        holders: dict[str | int, str] = {}
        for name, line in lines.items():
            place = ("wiring", group, name)
            if name not in known:
                yield (
                    place,
                    f"found {name!r}, which is none of the network's {group}; {listing(names) or 'none'}",
                )
            elif line in holders:
                yield place, f"found {line!r}, which {holders[line]!r} is wired to already"
            holders.setdefault(line, name)
        if missing := [name for name in names if name not in lines]:
            text = f"found no line for {listing(missing)}; name all {group}, or none to wire them in order"
            yield ("wiring", group), text


def _mask_mistakes(rig: RigConfig) -> Iterator[tuple[Place, str]]:
    names = branch_names(rig.network)
    known, seen = set(names), set[str]()
    for k, name in enumerate(rig.mask):
        if name not in known:
            yield (
                ("mask", k),
                f"found {name!r}, which is no branch; branches are {listing(names)}",
            )
        elif name in seen:
            yield ("mask", k), f"found {name!r} a second time"
        seen.add(name)


def _meter_mistakes(rig: RigConfig) -> Iterator[tuple[Place, str]]:
    network = rig.network
    nodes = (*input_names(network), *output_names(network), *hidden_names(network))
    holders: dict[str, str] = {}
    for name, meter in rig.source_meters.items():
        if meter.node is None:
            continue
        place = ("source_meters", name, "node")
        if meter.node not in nodes:
            yield place, f"found {meter.node!r}, which is no node; nodes are {listing(nodes)}"
        elif meter.node in holders:
            yield place, f"found {meter.node!r}, which {holders[meter.node]} is joined to already"
        holders.setdefault(meter.node, name)


def _processor_mistakes(rig: RigConfig) -> Iterator[tuple[Place, str]]:
    launch = rig.board.launch if isinstance(rig.board, FirmwareBoard) else None
    found = processor_faults(rig.faults)
    if found and (launch is None or launch.target != "atmega2560"):
        text = f"found {found[0].kind!r}; only a board launched with target atmega2560 has a processor"
        yield ("faults",), text


def _wire_mistakes(rig: RigConfig) -> Iterator[tuple[Place, str]]:
    at: Place = ("board",) if isinstance(rig.board, SimulatedBoard) else ("board", "model")
    model = rig.board.model if isinstance(rig.board, FirmwareBoard) else rig.board
    if isinstance(model, BoardModel) and model.wires and not isinstance(rig.network, CrossbarNetwork):
        yield (
            (*at, "wires"),
            "found on a network of kind graph; only lines of a crossbar have them; leave it out",
        )


def _divider_mistakes(rig: RigConfig) -> Iterator[tuple[Place, str]]:
    if not has_dividers(rig):
        return
    network = rig.network
    if not isinstance(network, CrossbarNetwork):
        text = "found divider on a network of kind graph; its potentiometers lie between rows of a crossbar"
        yield ("board", "elements", "arrangement"), text
        return
    if network.inputs % 2:
        text = f"found {network.inputs}; each divider lies between two rows, so that their number is even"
        yield ("network", "inputs"), text
        return
    yield from _wired_dividers(rig.wiring)
    names, columns = branch_names(network), network.outputs
    number = {name: k for k, name in enumerate(names)}
    for k, name in enumerate(rig.mask):
        branch = number.get(name, 0)
        partner = names[branch + (columns if branch // columns % 2 == 0 else -columns)]
        if partner not in rig.mask:
            yield ("mask", k), f"found {name!r} without {partner!r}, which has the same wiper; name both"
    for k, fault in enumerate(rig.faults):
        if isinstance(fault, BranchFault):
            yield (
                ("faults", k),
                f"found {fault.kind!r}, of a branch; dividers are simulated without such faults",
            )
    calibration = rig.calibration
    if calibration is not None and (calibration.wipers or calibration.wires):
        text = (
            "found wipers or lines, which are of a board of rheostats; dividers have no such calibration yet"
        )
        yield ("calibration",), text


def _wired_dividers(wiring: Wiring) -> Iterator[tuple[Place, str]]:
    text = "found beside dividers, whose pairs of rows and wipers are wired in order; leave it out"
    groups = (("inputs", wiring.inputs), ("outputs", wiring.outputs), ("branches", wiring.branches))
    yield from ((("wiring", group), text) for group, lines in groups if lines)


_PLURALS = {"branch": "branches", "node": "nodes"}


def _fault_mistakes(rig: RigConfig) -> Iterator[tuple[Place, str]]:
    network = rig.network
    branches = branch_names(network)
    nodes = (*input_names(network), *output_names(network), *hidden_names(network))
    broken = dict[str, str]()
    for k, fault in enumerate(rig.faults):
        if isinstance(fault, BranchFault):
            what, name, names = "branch", fault.branch, branches
        elif isinstance(fault, AdcStuck):
            what, name, names = "node", fault.node, nodes
        else:
            continue
        place = ("faults", k, what)
        if name not in names:
            yield place, f"found {name!r}, which is no {what}; {_PLURALS[what]} are {listing(names)}"
        elif name in broken:
            yield place, f"found {name!r}, which is {broken[name]} already"
        broken.setdefault(name, fault.kind)
