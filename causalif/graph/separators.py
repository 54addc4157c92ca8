"""Every minimal set of vertices that cuts all terminals of an undirected graph apart.

Vertices are numbers and a set of them is the bits of one int: unions and differences of whole
sets are then single steps. Two terminals ask for minimal separators, more of them for minimal
multiway cuts; nothing below counts them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

Bits = int
Side = tuple[Bits, Bits]  # a component, and every neighbour of its vertices


@dataclass(frozen=True)
class Network:
    """An undirected graph with terminals; every other vertex may be cut.

    Attributes
    ----------
    links : sequence of int
        For each vertex, the bits of its neighbours.
    terminals : sequence of int
        Vertices.
    """

    links: Sequence[Bits]
    terminals: Sequence[int]


def minimal_cuts(network: Network) -> Iterator[Bits]:
    """Each minimal cut once; none where two terminals are neighbours.

    From a cut Z with the components C_i of the terminals t_i, another comes by moving one
    vertex v of Z that C_i touches into C_i, the neighbours of v into Z, and then leaving out
    of Z what is not needed. No minimal cut T is missed: with the components T_i, let P_i be
    the part of C_i that t_i reaches within T_i. If every P_i is T_i, then every vertex of T
    touches two of the C_i, so T lies in Z and is Z. Otherwise some v in T_i touches P_i and
    lies in Z. No neighbour of v is in another T_j, so that the move adds v to P_i and takes
    nothing from any P_j. After at most as many moves as there are vertices Z is T.

    The time between two cuts is polynomial; the memory grows with the cuts found.

    References
    ----------
    .. [1] Berry, Bordat & Cogis (1999), for two terminals.
    .. [2] Kurita & Kobayashi (2020), MFCS, Efficient enumerations for minimal multicuts and
       multiway cuts, for more.

    Examples
    --------
    >>> line = Network([0b1010, 0b0101, 0b0010, 0b0001], [2, 3])   # 3 - 0 - 1 - 2
    >>> [bin(cut) for cut in minimal_cuts(line)]
    ['0b1', '0b10']
    """
    links, terminals = network.links, network.terminals
    ends = sum(1 << t for t in terminals)
    if any(links[t] & ends for t in terminals):
        return
    beside = 0
    for t in terminals[1:]:
        beside |= links[t]
    first = minimal_cut(network, beside)
    seen, pending = {first}, deque([first])
    # With two terminals the first cut lies next to the last, and moves away from it suffice.
    growing = [1] if len(terminals) == 2 else range(len(terminals))
    yield first
    while pending:
        for found in _moves(network, pending.popleft(), ends, growing):
            if found not in seen:
                seen.add(found)
                pending.append(found)
                yield found


def minimal_cut(network: Network, cut: Bits) -> Bits:
    """A minimal cut within a cut: vertices are left out in their order, where they may be."""
    return _without_idle(network.links, cut, _sides(network, cut))


def reach(links: Sequence[Bits], start: Bits, free: Bits) -> Side:
    """What can be reached from `start` through `free`, with `start`, and all their neighbours."""
    reached = pending = start
    beside = 0
    while pending:
        lowest = pending & -pending
        linked = links[lowest.bit_length() - 1]
        new = linked & free & ~reached
        beside |= linked
        reached |= new
        pending ^= lowest | new
    return reached, beside


def vertices(bits: Bits) -> Iterator[int]:
    """The numbers of a set's vertices, in order."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _sides(network: Network, cut: Bits) -> list[Side]:
    """The component of each terminal, and its neighbours, once the cut is taken out."""
    return [reach(network.links, 1 << t, ~cut) for t in network.terminals]


def _moves(network: Network, cut: Bits, ends: Bits, growing: Sequence[int]) -> Iterator[Bits]:
    """The minimal cuts that one move leads to."""
    links, terminals = network.links, network.terminals
    sides = _sides(network, cut)
    for k in growing:
        component, beside = sides[k]
        others = ends ^ 1 << terminals[k]
        for v in vertices(cut & beside):
            if links[v] & others:
                continue
            grown = component | 1 << v
            moved = [
                reach(links, 1 << t, side[0] & ~links[v]) if side[0] & links[v] else side
                for t, side in zip(terminals, sides, strict=True)
            ]
            moved[k] = (grown, beside | links[v])
            yield _without_idle(links, (cut | links[v]) & ~grown, moved)


def _without_idle(links: Sequence[Bits], cut: Bits, sides: list[Side]) -> Bits:
    """The cut without the vertices that touch fewer than two terminals' components.

    Components only grow as vertices are left out, so that a vertex once needed stays so.
    """
    while idle := cut & ~_touched_twice(sides):
        v = (idle & -idle).bit_length() - 1
        cut ^= 1 << v
        for k, (component, beside) in enumerate(sides):
            if beside >> v & 1:
                more, beyond = reach(links, 1 << v, ~(cut | component))
                sides[k] = component | more, beside | beyond
    return cut


def _touched_twice(sides: Iterable[Side]) -> Bits:
    once = twice = 0
    for _, beside in sides:
        twice |= once & beside
        once |= beside
    return twice
