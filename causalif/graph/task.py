"""A question worked out once: what is to be separated from what, and by which nodes.

An estimand asks for one or more pairs (exposures, outcomes), and one set of covariates is to
serve them all. Leave out of the graph the first arrows of every pair's proper causal paths.
A set without forbidden nodes serves if and only if it d-separates, in what is left, every
two of the `groups`: {A}, {Y} for a total effect; {A, M}, {Y} for a controlled one; {A}, {M},
{Y} for natural ones; {A}, {M1}, .., {MK}, {Y} for path-specific ones.

Why one graph serves several pairs: a path that is closed in one pair's graph for its first
arrow A -> C, and not in another's, has C on a causal path. Beyond C it is causal (then it is
closed in both) or it meets a collider that only a forbidden node could open.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import chain

from causalif.graph.conditions import causal_nodes
from causalif.graph.dag import Question
from causalif.graph.search import Graph, Node, ancestors, connected, descendants

Group = tuple[Node, ...]
Pair = tuple[Group, Group]


def _total(question: Question) -> list[Pair]:
    return [(question.exposure, question.outcome)]


def _controlled(question: Question) -> list[Pair]:
    """Exposure and mediators are set together: one joint exposure."""
    return [((*question.exposure, *question.mediators), question.outcome)]


def _natural(question: Question) -> list[Pair]:
    """One pair for each arrow: exposure to outcome, to mediators, and both to outcome.

    Together they exclude that anything the exposure changes drives both mediators and
    outcome, so that no cross-world independence is left to assume beside the graph's. With
    mediators in ordered groups, each group has its pair: all that comes before, and it.

    References
    ----------
    .. [1] Shpitser & VanderWeele (2011), International Journal of Biostatistics 7, 16.
    .. [2] Avin, Shpitser & Pearl (2005), IJCAI, for several groups.
    """
    if not question.mediators:
        return _total(question)
    pairs, before = _total(question), question.exposure
    for group in question.groups or (question.mediators,):
        pairs.append((before, group))
        before = (*before, *group)
    return [*pairs, (before, question.outcome)]


PAIRS: Mapping[str, Callable[[Question], list[Pair]]] = {
    "total": _total,
    "natural": _natural,
    "cde": _controlled,
}


@dataclass(frozen=True)
class Task:
    """What an estimand asks of a graph.

    Attributes
    ----------
    dag : DiGraph
    pairs : list of (exposures, outcomes)
        One set of covariates must serve the adjustment criterion for each.
    causal : list of sets
        For each pair, the nodes on its proper causal paths.
    groups : list of tuples
        Node sets that the covariates must separate, the outcome last.
    allowed : frozenset
        What may be adjusted for: observed, of no other role, not forbidden.
    """

    dag: Graph
    pairs: list[Pair]
    causal: list[set[Node]]
    groups: list[Group]
    allowed: frozenset[Node]

    def serves(self, covariates: Collection[Node]) -> bool:
        """Whether these covariates meet the criterion for every pair."""
        return self.allowed.issuperset(covariates) and all(
            connected(self.dag, first, last, covariates, walls=first, closed=causal) is None
            for (first, last), causal in zip(self.pairs, self.causal, strict=True)
        )

    def widest(
        self, include: Collection[Node] = (), within: Collection[Node] | None = None
    ) -> set[Node]:
        """All ancestors of the groups and of `include` that lie within the allowed nodes.

        If any set between `include` and `within` serves, then this one does: what is no such
        ancestor can be left out, and among such ancestors more can only block more.

        References
        ----------
        .. [1] van der Zander, Liskiewicz & Textor (2019), Artificial Intelligence 270, for
           two groups; the argument does not count them.
        """
        before = ancestors(self.dag, {*chain(*self.groups), *include})
        return before & (self.allowed if within is None else set(within))

    def closed(self, tail: Node) -> set[Node]:
        """The children of a node that begin some pair's proper causal path."""
        return {
            child
            for (first, _), causal in zip(self.pairs, self.causal, strict=True)
            if tail in first
            for child in self.dag.succ[tail]
            if child in causal
        }


def task_of(question: Question) -> Task:
    """The task of a question on total, controlled or natural effects."""
    dag = question.dag
    pairs = PAIRS[question.estimand](question)
    causal = [causal_nodes(dag, first, last) for first, last in pairs]
    groups = list(pairs[0]) if len(pairs) == 1 else [question.exposure, *(p[1] for p in pairs[1:])]
    forbidden = descendants(dag, set[Node]().union(*causal))
    allowed = question.observed - forbidden - set(chain(*groups))
    return Task(dag, pairs, causal, groups, allowed)
