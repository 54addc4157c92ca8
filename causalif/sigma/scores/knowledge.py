"""Background knowledge: which arrows must, may and cannot be, checked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import Any

import networkx as nx
import numpy as np

from causalif.errors import Problems, did_you_mean
from causalif.sigma.scores.subsets import members

Arrow = tuple[int, int]


@dataclass(frozen=True)
class Knowledge:
    """What every graph must respect; at least one graph does.

    Attributes
    ----------
    names : tuple of str, length d
    required, allowed : ndarray of int, shape (d,)
        Per node, bitmasks of the parents it must have and of those it may have.
    max_parents : int
    """

    names: tuple[str, ...]
    required: np.ndarray
    allowed: np.ndarray
    max_parents: int

    def parent_sets(self, limit: int | None = None) -> list[np.ndarray]:
        """The parent sets that each node may have, as bitmasks in ascending order.

        Parameters
        ----------
        limit : int, optional
            List sets of up to so many parents only. Required parents are in all of them, even
            where they are more.

        Examples
        --------
        >>> known = Knowledge(("A", "B", "C"), np.array([0, 1, 0]), np.array([6, 5, 3]), 2)
        >>> [masks.tolist() for masks in known.parent_sets(limit=1)]
        [[0, 2, 4], [1], [0, 1, 2]]
        """
        most = self.max_parents if limit is None else min(limit, self.max_parents)
        found: list[np.ndarray] = []
        for must, may in zip(self.required.tolist(), self.allowed.tolist(), strict=True):
            free = members(may & ~must, len(self.names))
            found.append(np.sort(must | subsets_up_to(free, most - must.bit_count())))
        return found


def subsets_up_to(nodes: np.ndarray, most: int) -> np.ndarray:
    """All sets of up to `most` of some nodes, as bitmasks; the empty one is always among them.

    Examples
    --------
    >>> subsets_up_to(np.array([0, 2, 3]), 2).tolist()
    [0, 1, 4, 5, 8, 9, 12]
    """
    found = np.zeros(1, dtype=np.int64)
    for node in nodes:
        room = found[np.bitwise_count(found) < most]
        found = np.concatenate([found, room | np.int64(1) << node])
    return found


def read_knowledge(
    names: Sequence[str],
    *,
    tiers: Any = None,
    required: Any = (),
    forbidden: Any = (),
    max_parents: Any = None,
    problems: Problems,
) -> Knowledge:
    """Check background knowledge against the nodes; every problem is noted.

    Parameters
    ----------
    names : sequence of str
        The nodes.
    tiers : mapping of str to number, or sequence of lists of str, optional
        No arrow goes from a later tier to an earlier one. Nodes without a tier are free.
    required, forbidden : text or sequence of pairs
        Arrows: ``[("A", "B")]`` or ``"A -> B; C -> D"``.
    max_parents : int, optional
    problems : Problems
        The caller raises; the result is of use only if none was noted.

    Examples
    --------
    >>> known = read_knowledge(["A", "M", "Y"], tiers=[["A"], ["M", "Y"]], problems=Problems())
    >>> known.allowed.tolist()  # A: none; M: A, Y; Y: A, M
    [0, 5, 3]
    """
    names = tuple(names)
    times = _read_tiers(names, tiers, problems)
    must = _read_arrows(names, required, "required", problems)
    never = _read_arrows(names, forbidden, "forbidden", problems)
    most = _read_max_parents(names, max_parents, problems)
    _check_required(names, must, never, times, most, problems)
    backward = {(i, j) for i in times for j in times if times[i] > times[j]}
    everything = {(i, j) for i in range(len(names)) for j in range(len(names)) if i != j}
    allowed = _masks(everything - backward - never, len(names))
    return Knowledge(names, _masks(must, len(names)), allowed, most)


def _masks(arrows: Iterable[Arrow], nodes: int) -> np.ndarray:
    found = np.zeros(nodes, dtype=np.int64)
    for parent, child in arrows:
        found[child] |= 1 << parent
    return found


def _node(names: Sequence[str], name: Any, argument: str, problems: Problems) -> int | None:
    if str(name) in names:
        return names.index(str(name))
    problems.add(f"{argument} names {str(name)!r}, which is no node.", did_you_mean(name, names))
    return None


def _read_tiers(names: Sequence[str], tiers: Any, problems: Problems) -> dict[int, float]:
    if tiers is None:
        return {}
    pairs = list(_tier_pairs(tiers, problems))
    times: dict[int, float] = {}
    for name, time in pairs:
        node = _node(names, name, "tiers", problems)
        if node is None:
            continue
        if not isinstance(time, Real) or not np.isfinite(float(time)):
            problems.add(f"tiers puts {str(name)!r} at {time!r}, which is no number.")
        elif node in times:
            problems.add(f"tiers names {str(name)!r} twice.", "Leave it in one tier.")
        else:
            times[node] = float(time)
    return times


def _tier_pairs(tiers: Any, problems: Problems) -> Iterable[tuple[Any, Any]]:
    if isinstance(tiers, Mapping):
        yield from tiers.items()
    elif isinstance(tiers, Iterable) and not isinstance(tiers, str):
        for time, group in enumerate(tiers):
            yield from ((name, time) for name in ([group] if isinstance(group, str) else group))
    else:
        problems.add(
            f"tiers={tiers!r} is neither a list of lists nor a mapping.",
            'Earliest first: [["age"], ["smoking", "bmi"]], or {"age": 0, "bmi": 1}.',
        )


def _read_arrows(
    names: Sequence[str], arrows: Any, argument: str, problems: Problems
) -> set[Arrow]:
    found: set[Arrow] = set()
    for ends in _arrow_pairs(arrows, argument, problems):
        parent, child = (_node(names, end, argument, problems) for end in ends)
        if parent is None or child is None:
            continue
        if parent == child:
            problems.add(f"{argument} has an arrow from {names[parent]!r} to itself.")
        else:
            found.add((parent, child))
    return found


def _arrow_pairs(arrows: Any, argument: str, problems: Problems) -> Iterable[tuple[Any, Any]]:
    given: Any = arrows.split(";") if isinstance(arrows, str) else arrows
    if not isinstance(given, Iterable):
        given = [given]
    for arrow in given:
        if isinstance(arrow, str):
            nodes = [part.strip() for part in arrow.split("->")]
            if nodes == [""]:
                continue
            if len(nodes) > 1:
                yield from pairwise(nodes)
                continue
        elif isinstance(arrow, Sequence) and len(arrow) == 2:
            yield arrow[0], arrow[1]
            continue
        problems.add(f"{argument} holds {arrow!r}, which is no arrow.", 'Give ("A", "B").')


def _read_max_parents(names: Sequence[str], most: Any, problems: Problems) -> int:
    if most is None:
        return len(names) - 1
    if isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 0:
        problems.add(f"max_parents={most!r} is not a whole number from 0 on.")
        return len(names) - 1
    return min(int(most), len(names) - 1)


def _check_required(
    names: Sequence[str],
    must: set[Arrow],
    never: set[Arrow],
    times: Mapping[int, float],
    most: int,
    problems: Problems,
) -> None:
    for i, j in sorted(must):
        arrow = f"required arrow {names[i]} -> {names[j]}"
        if (i, j) in never:
            problems.add(f"{arrow} is forbidden as well.", "Take it out of one of the two.")
        if i in times and j in times and times[i] > times[j]:
            problems.add(
                f"{arrow} goes back in time: tiers put {names[i]!r} at {times[i]:g} and "
                f"{names[j]!r} at {times[j]:g}.",
                "Change the tiers, or take the arrow out.",
            )
    for j in range(len(names)):
        count = sum(child == j for _, child in must)
        if count > most:
            problems.add(
                f"{names[j]!r} has {count} required parents and max_parents is {most}.",
                f"Allow {count}, or require fewer.",
            )
    _check_cycle(names, must, problems)


def _check_cycle(names: Sequence[str], must: set[Arrow], problems: Problems) -> None:
    graph: nx.DiGraph[int] = nx.DiGraph(sorted(must))
    if not nx.is_directed_acyclic_graph(graph):
        cycle = [str(names[edge[0]]) for edge in nx.find_cycle(graph)]
        problems.add(
            f"required arrows make a cycle: {' -> '.join([*cycle, cycle[0]])}.",
            "Take one of them out.",
        )
