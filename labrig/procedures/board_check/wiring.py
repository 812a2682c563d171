"""Positions that answer to the wipers of other branches, and what was swapped where many do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from labrig.circuit.topology import Topology
from labrig.procedures.board_check.probing import Batch, Prober, Progress

_MOST_ALONE = 24
"""Wipers that are worth trying one by one."""


def find_wipers(
    prober: Prober, positions: Collection[int], wipers: Collection[int], progress: Progress
) -> dict[int, int]:
    """Find out to which wipers positions answer that do not answer to their own as they should.

    The wipers of each batch are tried together while all positions are read; then, where few positions are
    left, the others one by one: two that moved within the star of one node can hide each other.

    Parameters
    ----------
    positions, wipers
        Branches that are read, and branches whose wipers are tried.

    Returns
    -------
    dict
        Branch to the branch whose wiper it answers to, which may be itself; those that answer to none, or to
        several, are left out.
    """
    if not positions or len(wipers) < 2:
        return {}
    found = _answers(prober, _parts(prober, wipers), _parts(prober, positions), progress)
    left = [branch for branch in positions if branch not in found]
    spare = [branch for branch in wipers if branch not in found.values()]
    if left and len(spare) <= _MOST_ALONE:
        alone = [_only(batch, [branch]) for batch in _parts(prober, spare) for branch in batch.branches]
        found |= _answers(prober, alone, _parts(prober, left), progress)
    return found


def _answers(
    prober: Prober, tried: Sequence[Batch], read: Sequence[Batch], progress: Progress
) -> dict[int, int]:
    found: dict[int, set[int]] = {}
    for done, batch in enumerate(tried):
        progress("wiring", done, len(tried))
        for other, answers in zip(read, prober.try_batch(batch, read), strict=True):
            for position, answer in zip(other.branches, answers, strict=True):
                wipers = prober.fitting(batch, prober.responses[position].rest, answer)
                found.setdefault(position, set()).update(wipers)
    return {position: wipers.pop() for position, wipers in found.items() if len(wipers) == 1}


def _parts(prober: Prober, branches: Collection[int]) -> list[Batch]:
    """The batches in which these branches were read last, without the others."""
    parts: list[Batch] = []
    for batch in prober.batches:
        here = [
            branch
            for branch, star in zip(batch.branches, batch.stars, strict=True)
            if branch in branches and prober.observed[branch] == star.node
        ]
        if here:
            parts.append(_only(batch, here))
    return parts


def _only(batch: Batch, branches: Collection[int]) -> Batch:
    kept = [place for place, branch in enumerate(batch.branches) if branch in branches]
    return replace(
        batch,
        branches=tuple(batch.branches[place] for place in kept),
        levels=batch.levels[kept],
        stars=tuple(batch.stars[place] for place in kept),
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """A node whose branches answer to the wipers of another node's: its line is joined to the other's."""

    node: int
    stands_for: int


def moved_nodes(topology: Topology, found: Mapping[int, int]) -> list[Moved]:
    """Nodes of which more branches than not answer to the wipers of one other node.

    Parameters
    ----------
    found
        Branch to the branch whose wiper it answers to.
    """
    votes: dict[int, dict[int, int]] = {}
    degrees = dict.fromkeys(range(len(topology.nodes)), 0)
    for branch, ends in enumerate(topology.branches):
        for node in ends:
            degrees[node] += 1
        if found.get(branch, branch) == branch:
            continue
        common = set(ends) & set(topology.branches[found[branch]])
        if len(common) == 1:
            (mine,), (other,) = (set(pair) - common for pair in (ends, topology.branches[found[branch]]))
            votes.setdefault(mine, {}).setdefault(other, 0)
            votes[mine][other] += 1
    chosen = [(node, max(counted, key=counted.__getitem__)) for node, counted in votes.items()]
    return [
        Moved(node, other)
        for node, other in sorted(chosen)
        if degrees[node] > 1 and 2 * votes[node][other] > degrees[node]
    ]
