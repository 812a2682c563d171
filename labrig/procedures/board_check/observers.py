"""Which nodes to release so that branches can be told apart, as many at once as the graph allows."""

from collections.abc import Iterable, Iterator

from labrig.circuit.topology import Topology

Wanted = tuple[int, int]
"""A branch, and the end that is to be released and read for it."""


def first_choice(topology: Topology, branches: Iterable[int]) -> list[Wanted]:
    """The better end of each branch: where it can be compared with others; an output before an input."""
    degree = _degrees(topology)
    inputs = set(topology.inputs)

    def rank(node: int) -> tuple[bool, bool]:
        return degree[node] < 2, node in inputs

    return [(branch, min(topology.branches[branch], key=rank)) for branch in branches]


def other_choice(topology: Topology, wanted: Iterable[Wanted]) -> list[Wanted]:
    """The other end of each."""
    return [(branch, sum(topology.branches[branch]) - node) for branch, node in wanted]


def releases(topology: Topology, wanted: Iterable[Wanted]) -> Iterator[tuple[frozenset[int], list[Wanted]]]:
    """Sets of nodes to release together, no two of them neighbours, and what is read then.

    Hidden nodes are released always. All outputs of a crossbar are one set.
    """
    hidden = set(topology.hidden)
    left = list(wanted)
    if read := [want for want in left if want[1] in hidden]:
        yield frozenset(), read
        left = [want for want in left if want[1] not in hidden]
    neighbours = _neighbours(topology)
    while left:
        chosen: set[int] = set()
        for _, node in left:
            if not neighbours[node] & chosen:
                chosen.add(node)
        yield frozenset(chosen), [want for want in left if want[1] in chosen]
        left = [want for want in left if want[1] not in chosen]


def batches(topology: Topology, tried: Iterable[tuple[Wanted, int]]) -> list[tuple[int, list[Wanted]]]:
    """Branches that may be set to other codes at once, and the state in which all of them are read.

    Of the branches at a node that is read only one may change.

    Parameters
    ----------
    tried
        What is wanted, with the best state to read it in.
    """
    found: list[tuple[int, list[Wanted]]] = []
    for (branch, node), state in tried:
        ends = set(topology.branches[branch])
        for number, batch in found:
            if number == state and _apart(topology, node, ends, batch):
                batch.append((branch, node))
                break
        else:
            found.append((state, [(branch, node)]))
    return found


def _apart(topology: Topology, node: int, ends: set[int], batch: Iterable[Wanted]) -> bool:
    """Whether no branch of the batch ends at the node, and none of their nodes at these ends."""
    return all(node not in topology.branches[other] and read not in ends for other, read in batch)


def _degrees(topology: Topology) -> list[int]:
    degrees = [0] * len(topology.nodes)
    for a, b in topology.branches:
        degrees[a] += 1
        degrees[b] += 1
    return degrees


def _neighbours(topology: Topology) -> list[set[int]]:
    found: list[set[int]] = [set() for _ in topology.nodes]
    for a, b in topology.branches:
        found[a].add(b)
        found[b].add(a)
    return found
