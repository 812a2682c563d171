"""Nodes and branches as a file describes them: pure data, checked for what would make no network."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from labrig.config.model import Model, Place, mistakes
from labrig.config.quantities import Count, NodeName


class CrossbarNetwork(Model):
    """Every input joined to every output: nodes in0…, out0…; branch ``i * outputs + j`` is in{i}-out{j}."""

    kind: Literal["crossbar"] = "crossbar"
    inputs: Count
    outputs: Count


class GraphNetwork(Model):
    """Any connected graph."""

    kind: Literal["graph"] = "graph"
    nodes: Annotated[tuple[NodeName, ...], Field(min_length=2)]
    branches: Annotated[tuple[tuple[NodeName, NodeName], ...], Field(min_length=1)]
    inputs: Annotated[tuple[NodeName, ...], Field(min_length=1)]
    outputs: Annotated[tuple[NodeName, ...], Field(min_length=1)]
    """Nodes that are neither input nor output are hidden."""

    @model_validator(mode="after")
    def _is_a_network(self) -> "GraphNetwork":
        found = [*_node_mistakes(self), *_branch_mistakes(self)]
        if not found:
            found = list(_island_mistakes(self))
        if found:
            raise mistakes("GraphNetwork", found)
        return self


NetworkConfig: TypeAlias = Annotated[CrossbarNetwork | GraphNetwork, Field(discriminator="kind")]


def input_names(network: NetworkConfig) -> tuple[str, ...]:
    """Names of the driven nodes, in order."""
    if isinstance(network, GraphNetwork):
        return network.inputs
    return tuple(f"in{i}" for i in range(network.inputs))


def output_names(network: NetworkConfig) -> tuple[str, ...]:
    """Names of the trained nodes, in order."""
    if isinstance(network, GraphNetwork):
        return network.outputs
    return tuple(f"out{j}" for j in range(network.outputs))


def hidden_names(network: NetworkConfig) -> tuple[str, ...]:
    """Names of the other nodes, in the order of the nodes."""
    if isinstance(network, GraphNetwork):
        outer = {*network.inputs, *network.outputs}
        return tuple(name for name in network.nodes if name not in outer)
    return ()


def branch_names(network: NetworkConfig) -> tuple[str, ...]:
    """Names of the branches, ``in3-out7``, in order."""
    if isinstance(network, GraphNetwork):
        return tuple(f"{a}-{b}" for a, b in network.branches)
    return tuple(f"{a}-{b}" for a in input_names(network) for b in output_names(network))


def listing(names: Sequence[str], most: int = 12) -> str:
    """Names for a message, shortened in the middle."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 2])}, … {names[-1]}"


def _node_mistakes(network: GraphNetwork) -> Iterator[tuple[Place, str]]:
    seen: set[str] = set()
    for k, name in enumerate(network.nodes):
        if name in seen:
            yield ("nodes", k), f"found node {name!r} a second time; each node is named once"
        seen.add(name)
    taken: dict[str, str] = {}
    for role, names in (("inputs", network.inputs), ("outputs", network.outputs)):
        for k, name in enumerate(names):
            if name not in seen:
                yield (
                    (role, k),
                    f"found {name!r}, which is no node; nodes are {listing(network.nodes)}",
                )
            elif name in taken:
                yield (role, k), f"found {name!r}, which is already among the {taken[name]}"
            taken.setdefault(name, role)


def _branch_mistakes(network: GraphNetwork) -> Iterator[tuple[Place, str]]:
    nodes = set(network.nodes)
    seen: dict[frozenset[str], int] = {}
    for k, (a, b) in enumerate(network.branches):
        for end, name in enumerate((a, b)):
            if name not in nodes:
                text = f"found {name!r}, which is no node; nodes are {listing(network.nodes)}"
                yield ("branches", k, end), text
        if a == b:
            yield ("branches", k), f"found a branch from {a!r} to itself"
        elif (pair := frozenset((a, b))) in seen:
            yield (
                ("branches", k),
                f"found a second branch between {a!r} and {b!r}; one is allowed",
            )
        else:
            seen[pair] = k


def _island_mistakes(network: GraphNetwork) -> Iterator[tuple[Place, str]]:
    neighbours: dict[str, list[str]] = {name: [] for name in network.nodes}
    for a, b in network.branches:
        neighbours[a].append(b)
        neighbours[b].append(a)
    first = network.nodes[0]
    reached, frontier = {first}, [first]
    while frontier:
        new = [name for name in neighbours[frontier.pop()] if name not in reached]
        reached.update(new)
        frontier.extend(new)
    lost = [name for name in network.nodes if name not in reached]
    if lost:
        text = f"found no path from {first!r} to {listing(lost)}; the network must be connected"
        yield ("branches",), text
