"""The weighted controlled direct effect: when a set of covariates identifies it.

    WCDE = sum over m' of { E[Y | do(a, m')] - E[Y | do(a*, m')] } p(m')

M' are the direct causes of Y that A changes, X the others but for A. In a set Z of covariates
Z1 are those on a causal path from A to Y, Z2 the rest; the functional averages E[Y | a, z]
over the product p(z1) p(z2). It is the effect when

    (1)  M' is independent of A and Z2 given Z1,
    (2)  X is independent of A and M' given Z2.

For then p(m', x | a, z) = p(m' | z1) p(x | z2), whose average is p(m') p(x), the law of the
direct causes under do(a, m') with m' drawn from its own law. Two kinds of covariates change
nothing and are left aside: those that tell nothing of Y given A and the other covariates, for
E[Y | a, z] does not hang on them; then those of Z2 that are independent of A and all else in
Z together, for p(z1) p(z2) averages them out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from causalif.graph.conditions import Condition
from causalif.graph.dag import Question, mediators_between, shown_path, shown_set
from causalif.graph.search import (
    AGAINST,
    ALONG,
    ANCESTOR,
    BOTH,
    CONNECTED,
    GIVEN,
    STAY,
    Graph,
    Node,
    Step,
    Table,
    ancestors,
    connected,
    descendants,
    leave,
    walk,
)

# Two nodes depend on each other when they have a common ancestor; chains of such pairs are
# the connected parts of the graph of ancestors, whichever way its arrows point.
#             PLAIN  WALL  ANCESTOR
LINKED: Table = ((STAY, STAY, BOTH), (STAY, STAY, BOTH))


class Causes(NamedTuple):
    """The mediators, and the direct causes of the outcome but for the exposure."""

    mediators: set[Node]
    changed: list[Node]  # M': those that the exposure changes
    other: list[Node]  # X


def causes(question: Question) -> Causes:
    """Mediators and direct causes, latent ones too, in the graph's order."""
    dag, (outcome,) = question.dag, question.outcome
    mediators = mediators_between(dag, question.exposure, question.outcome)
    direct = [node for node in dag.pred[outcome] if node not in question.exposure]
    changed = [node for node in direct if node in mediators]
    return Causes(mediators, changed, [node for node in direct if node not in mediators])


def is_zero_by_structure(question: Question) -> bool:
    """Whether no arrow leads from the exposure to the outcome: the direct effect is zero.

    Examples
    --------
    >>> from causalif.graph.dag import ask
    >>> is_zero_by_structure(ask([("a", "m"), ("m", "y")], "a", "y", estimand="wcde"))
    True
    """
    (exposure,), (outcome,) = question.exposure, question.outcome
    return not question.dag.has_edge(exposure, outcome)


def weighted_conditions(question: Question, covariates: Collection[Node]) -> Iterator[Condition]:
    """The criterion for the weighted controlled direct effect.

    A few walks, each linear in the graph, however many covariates there are.

    Parameters
    ----------
    question : Question
    covariates : collection of nodes
        Without the exposure and the outcome.

    References
    ----------
    .. [1] Lin, Guo & Gan (2025), NeurIPS, arXiv 2506.09871. The two conditions here are
       equivalent to their four, and accept the covariates that change nothing as well.

    Examples
    --------
    >>> from causalif.graph.dag import ask
    >>> arrows = [("a", "m"), ("m", "y"), ("a", "y"), ("w", "a"), ("w", "y")]
    >>> question = ask(arrows, "a", "y", estimand="wcde")
    >>> [condition.holds for condition in weighted_conditions(question, ["m", "w"])]
    [True, True, True]
    >>> [condition.why for condition in weighted_conditions(question, ["w"])]
    ['', 'a -> m -> y is open', '']
    """
    (exposure,), (outcome,) = question.exposure, question.outcome
    roles, given = causes(question), set(covariates)
    after = descendants(question.dag, [outcome]) & {exposure, *given}
    yield Condition(
        f"neither {exposure} nor a covariate is changed by {outcome}",
        not after,
        f"{shown_set(after)} {'is' if len(after) == 1 else 'are'}" if after else "",
    )
    aside: set[Node] = set()
    paths = separations(question, roles, given)
    if any(paths) and not after:
        bearing = bearing_on_outcome(question, roles, given)
        if bearing != given:
            aside, paths = given - bearing, separations(question, roles, bearing)
    without = (
        f" ({shown_set(aside)} left aside: the functional is the same without)" if aside else ""
    )
    claims = (
        f"the mediators among the covariates separate the direct causes of {outcome} that "
        f"{exposure} changes from {exposure} and from the other covariates{without}",
        f"the other covariates separate the remaining direct causes of {outcome} from {exposure} "
        f"and from the direct causes that it changes{without}",
    )
    for claim, path in zip(claims, paths, strict=True):
        why = f"{shown_path(path)} is open" if path else ""
        yield Condition(claim, path is None, why, path or ())


def separations(
    question: Question, roles: Causes, covariates: set[Node]
) -> tuple[list[Step] | None, list[Step] | None]:
    """The paths that break (1) and (2), on to the outcome; None where they hold."""
    dag, (exposure,), (outcome,) = question.dag, question.exposure, question.outcome
    inner = covariates & roles.mediators
    outer = covariates - inner
    first = connected(dag, roles.changed, {exposure, *outer}, inner)
    second = connected(dag, roles.other, {exposure, *roles.changed}, outer)
    on: list[Step] = [(outcome, ALONG)]
    return first and _backwards(first) + on, second and _backwards(second) + on


def bearing_on_outcome(question: Question, roles: Causes, covariates: set[Node]) -> set[Node]:
    """The covariates without those that change nothing.

    First the Markov boundary of the outcome among exposure and covariates: those that a walk
    from the outcome comes to. It does not hang on an order of leaving out, since separation in
    a graph has the intersection property.
    """
    dag, (exposure,) = question.dag, question.exposure
    telling = telling_of_outcome(question, covariates)
    inner = telling & roles.mediators
    kinds = dict.fromkeys(ancestors(dag, {exposure, *telling}), ANCESTOR)
    linked = walk(dag, leave(dag, [exposure, *inner]), LINKED, kinds).nodes()
    return inner | (telling & linked)


def telling_of_outcome(question: Question, covariates: set[Node]) -> set[Node]:
    """The covariates that are not independent of the outcome given exposure and the others."""
    dag: Graph = question.dag
    given = {*question.exposure, *covariates}
    kinds = dict.fromkeys(ancestors(dag, given), ANCESTOR)
    kinds.update(dict.fromkeys(given, GIVEN))
    return walk(dag, leave(dag, question.outcome), CONNECTED, kinds).nodes() & covariates


def _backwards(path: list[Step]) -> list[Step]:
    """The same path from its end to its beginning."""
    nodes = [node for node, _ in path][::-1]
    turned = [-1, *(AGAINST if came == ALONG else ALONG for _, came in path[:0:-1])]
    return list(zip(nodes, turned, strict=True))
