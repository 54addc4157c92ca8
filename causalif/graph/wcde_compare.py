"""Which of two sets is never worse for the weighted controlled direct effect.

For every law of the graph, the efficient influence function with the covariates Z has
- no more variance without D, a part of Z, if Y is independent of D given A and the rest of Z:
  the regression stays the same, and its weight is averaged over D;
- no more variance with B in Z2 as well, if B is independent of A and Z1 given Z2 (or with B in
  Z1, if B is independent of A and Z2 given Z1): the weight stays the same, and the regression
  on B takes out of the residual what it adds to the average over Z2.
Neither changes the functional, so that a valid set stays valid. They extend the two lemmas
of adjustment for total effects (Henckel, Perkovic & Maathuis 2022, Lemmas 3.4 and 3.5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from causalif.graph.dag import Question
from causalif.graph.search import (
    ANCESTOR,
    CONNECTED,
    GIVEN,
    Graph,
    Node,
    ancestors,
    connected,
    descendants,
    leave,
    walk,
)
from causalif.graph.wcde import Causes, causes, telling_of_outcome


def candidates(question: Question, roles: Causes) -> tuple[set[Node], set[Node]]:
    """What may be in Z1 and in Z2."""
    taken = descendants(question.dag, question.outcome).union(question.exposure)
    return set(question.observed & roles.mediators), set(
        question.observed - roles.mediators
    ) - taken


def dependent(
    dag: Graph, sources: Iterable[Node], given: Collection[Node], among: Collection[Node]
) -> set[Node]:
    """The nodes of `among` that are connected with some source given the nodes `given`."""
    kinds = dict.fromkeys(ancestors(dag, given), ANCESTOR)
    kinds.update(dict.fromkeys(given, GIVEN))
    ends = [node for node in sources if node not in given]
    return (walk(dag, leave(dag, ends), CONNECTED, kinds).nodes() | set(ends)) & set(among)


def improved(question: Question, covariates: Collection[Node]) -> set[Node]:
    """A set that is never worse: with all that may be added, without what may be left out."""
    roles = causes(question)
    inner_pool, outer_pool = candidates(question, roles)
    inner = inner_pool.intersection(covariates)
    outer = outer_pool.intersection(covariates)
    tied = dependent(question.dag, {*question.exposure, *inner}, outer, outer_pool)
    outer |= outer_pool - tied
    tied = dependent(question.dag, {*question.exposure, *outer}, inner, inner_pool)
    inner |= inner_pool - tied
    return telling_of_outcome(question, inner | outer)


def is_never_worse(question: Question, one: Collection[Node], other: Collection[Node]) -> bool:
    """Whether the rules lead from `other` to `one`: add, to Z2 and Z1 in either order, then drop.

    Examples
    --------
    >>> from causalif.graph.dag import ask
    >>> question = ask([("a", "y"), ("w", "a"), ("w", "v"), ("v", "y")], "a", "y", estimand="wcde")
    >>> is_never_worse(question, ["v"], ["w"]), is_never_worse(question, ["w"], ["v"])
    (True, False)
    """
    mediators = causes(question).mediators
    to, start = set(one), set(other)
    parts = [(to & mediators, start & mediators), (to - mediators, start - mediators)]
    added = any(_may_add(question, *order) for order in (parts, parts[::-1]))
    return added and not (start - to) & telling_of_outcome(question, to | start)


def _may_add(
    question: Question, first: tuple[set[Node], set[Node]], second: tuple[set[Node], set[Node]]
) -> bool:
    """Whether what is new in the first part may be added, then what is new in the second."""
    dag, exposure = question.dag, question.exposure
    for (to, start), beside in ((first, second[1]), (second, first[0] | first[1])):
        if connected(dag, [*exposure, *beside], to - start, start):
            return False
    return True


def undominated(question: Question, sets: Iterable[frozenset[Node]]) -> list[frozenset[Node]]:
    """The sets than which no other is known to be never worse; one of each equivalent few."""
    left = list(sets)
    for one in tuple(left):
        if any(is_never_worse(question, other, one) for other in left if other != one):
            left.remove(one)
    return left
