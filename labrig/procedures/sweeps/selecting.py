"""One branch of a network between two lines, and what the other lines do meanwhile."""

from dataclasses import dataclass

from labrig.arrays import Volts
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology
from labrig.errors import ConfigError
from labrig.procedures.sweeps.words import Others


@dataclass(frozen=True, slots=True)
class Selected:
    """A branch, driven at one end and held at ground at the other.

    Parameters
    ----------
    branch
        Its number.
    driven, grounded
        Nodes.
    """

    branch: int
    driven: int
    grounded: int


def select(topology: Topology, text: str, at: str) -> Selected:
    """The branch between two nodes, ``IN,OUT``.

    Parameters
    ----------
    at
        Node that is driven.

    Raises
    ------
    ConfigError
        There is no such branch, or that node is no end of it.
    """
    ends = [part.strip() for part in text.split(",")]
    numbers = {name: k for k, name in enumerate(topology.nodes)}
    pairs = {frozenset(pair): k for k, pair in enumerate(topology.branches)}
    branch = pairs.get(frozenset(numbers.get(name, -1) for name in ends)) if len(ends) == 2 else None
    if branch is None:
        msg = f"--branch: found {text!r}, which is no branch; write its two nodes, such as 'in0,out3'"
        raise ConfigError(msg)
    if at not in ends:
        msg = f"--branch: found {text!r}, but the source meter is on {at}, which is no end of it"
        raise ConfigError(msg)
    other = ends[1] if ends[0] == at else ends[0]
    return Selected(branch, numbers[at], numbers[other])


def around(topology: Topology, selected: Selected, others: Others, level: Volts) -> Boundary:
    """What the board imposes while the driven end is at a level: everything but that end.

    Only inputs and outputs are driven; hidden nodes float.
    """
    free = {*topology.inputs, *topology.outputs} - {selected.driven, selected.grounded}
    beside = set(topology.inputs if selected.driven in topology.inputs else topology.outputs)
    match others:
        case Others.FLOAT:
            held: dict[int, Volts] = {}
        case Others.GROUND:
            held = dict.fromkeys(free, 0.0)
        case Others.HALF:
            held = dict.fromkeys(free, level / 2)
        case Others.THIRD:
            held = {node: level / 3 if node in beside else 2 * level / 3 for node in free}
    return Boundary({selected.grounded: 0.0, **held})


def isolating(topology: Topology, selected: Selected, low: Volts, high: Volts) -> Boundary:
    """The far end and all lines beside the driven one low, the other lines of the far side high.

    What is driven high then feeds its own branch alone, whatever the others are.
    """
    from_inputs = selected.driven in topology.inputs
    near, far = (topology.inputs, topology.outputs) if from_inputs else (topology.outputs, topology.inputs)
    lows = {*near, selected.grounded} - {selected.driven}
    return Boundary({**dict.fromkeys(far, high), **dict.fromkeys(lows, low)})
