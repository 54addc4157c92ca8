"""The front door: a total effect that unmeasured confounding leaves open, through mediators.

Mediators M and covariates Z serve when M stands in every directed path from exposure to
outcome, nothing unblocked drives both exposure and M given Z, and nothing unblocked drives
both M and outcome given Z and the exposure. Z holds nothing that the exposure changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, combinations, islice

from causalif.graph.conditions import Condition, shown_names
from causalif.graph.dag import Question, mediators_between, shown_path, shown_set
from causalif.graph.search import (
    ALONG,
    ANCESTOR,
    CONNECTED,
    GIVEN,
    UP,
    WALL,
    Graph,
    Node,
    ancestors,
    connected,
    descendants,
    leave,
    walk,
)

# A set of covariates is judged by walks over the graph: so many arrows at most are looked at.
MOST_ARROWS = 500_000

FrontDoor = tuple[tuple[Node, ...], tuple[Node, ...]]


def front_door_set(question: Question) -> FrontDoor | None:
    """Mediators and covariates that identify the total effect by the front door, if any.

    The fewest covariates that serve and, with them, mediators of which none can be left
    out. For given covariates the search over mediators is complete at any size (the largest
    set that meets the last two conditions is unique). Covariates are sought among the observed
    ancestors of the outcome that the exposure does not change: every set of them where there
    are not too many (2**candidates times arrows up to half a million, as 12 candidates among
    120 arrows); else the smallest sets, the whole, and the exposure's ancestors in it.

    Parameters
    ----------
    question : Question
        With one exposure; its mediators and estimand are not read.

    Returns
    -------
    (tuple of nodes, tuple of nodes) or None
        Mediators and covariates, in the graph's order.

    References
    ----------
    .. [1] Pearl (1995), Biometrika 82, section 3.2.
    .. [2] Jeong, Tian & Bareinboim (2022), Finding and listing front-door adjustment sets.
    .. [3] Fulcher, Shpitser, Marealle & Tchetgen Tchetgen (2020), JRSS B 82: with covariates.

    Examples
    --------
    >>> import networkx as nx
    >>> from causalif.graph.dag import ask
    >>> dag = nx.DiGraph([("u", "a"), ("u", "y"), ("a", "m"), ("m", "y"), ("w", "m"), ("w", "y")])
    >>> front_door_set(ask(dag, "a", "y", latent="u"))
    (('m',), ('w',))
    """
    if len(question.exposure) != 1:
        return None
    dag, (exposure,), (outcome,) = question.dag, question.exposure, question.outcome
    between = mediators_between(dag, [exposure], [outcome]) & question.observed
    if not between or outcome in dag.succ[exposure]:
        return None
    unchanged = question.observed - descendants(dag, [exposure])
    usable = unchanged & ancestors(dag, [outcome])
    for covariates in _covariate_sets(dag, exposure, [node for node in dag if node in usable]):
        mediators = _largest(dag, exposure, outcome, between, covariates)
        if _intercepts(dag, exposure, outcome, mediators):
            fewest = _fewest(dag, exposure, outcome, mediators, covariates)
            return tuple(node for node in dag if node in fewest), tuple(covariates)
    return None


def front_door_conditions(
    question: Question, mediators: Collection[Node], covariates: Collection[Node]
) -> Iterator[Condition]:
    """The conditions of the front-door criterion, as they stand for these two sets.

    References
    ----------
    .. [1] Pearl (1995), Biometrika 82, Definition 2; with covariates in every condition.
    """
    dag, exposure, outcome = question.dag, question.exposure, question.outcome
    from_to = shown_names(exposure), shown_names(outcome)
    changed = descendants(dag, exposure) & set(covariates)
    yield Condition(
        f"no covariate is {from_to[0]} or changed by it",
        not changed,
        f"{shown_set(changed)} is" if changed else "",
    )
    hidden = {*mediators, *covariates} - question.observed
    yield Condition(
        "every mediator and covariate is measured",
        not hidden,
        f"{shown_set(hidden)} is latent" if hidden else "",
    )
    blind = not _intercepts(dag, exposure[0], outcome[0], mediators)
    yield Condition(
        f"the mediators stand in every directed path from {from_to[0]} to {from_to[1]}",
        not blind,
        "some path passes them by" if blind else "",
    )
    below = {child for node in exposure for child in dag.succ[node]}
    path = connected(dag, exposure, mediators, covariates, walls=exposure, closed=below)
    yield Condition(
        f"the covariates block every back-door path from {from_to[0]} to the mediators",
        path is None,
        f"{shown_path(path)} is open" if path else "",
    )
    below = {child for node in mediators for child in dag.succ[node]}
    given = {*exposure, *covariates}
    path = connected(dag, mediators, outcome, given, walls=mediators, closed=below)
    yield Condition(
        f"{from_to[0]} and the covariates block every back-door path from the mediators to "
        f"{from_to[1]}",
        path is None,
        f"{shown_path(path)} is open" if path else "",
    )


def _covariate_sets(
    dag: Graph, exposure: Node, candidates: Sequence[Node]
) -> Iterator[Sequence[Node]]:
    """Sets of covariates to try, the smallest first."""
    sizes = range(len(candidates) + 1)
    smallest = chain.from_iterable(combinations(candidates, size) for size in sizes)
    most = MOST_ARROWS // dag.number_of_edges()
    yield from islice(smallest, most)
    if 2 ** len(candidates) > most:
        before = ancestors(dag, [exposure])
        yield [node for node in candidates if node in before]
        yield candidates


def _largest(
    dag: Graph,
    exposure: Node,
    outcome: Node,
    candidates: Collection[Node],
    covariates: Iterable[Node],
) -> set[Node]:
    """The largest set of mediators without an open back-door path on either side.

    Both conditions hold for a union of sets where they hold for each. Mediators are the
    walls of the second: one that can be come to past all others is in no such set.
    """
    given = set(covariates)
    kinds = {**dict.fromkeys(ancestors(dag, given), ANCESTOR), **dict.fromkeys(given, GIVEN)}
    behind = walk(dag, leave(dag, [exposure], UP), CONNECTED, {**kinds, exposure: WALL})
    found = set(candidates) - behind.nodes()
    given.add(exposure)
    kinds = {**dict.fromkeys(ancestors(dag, given), ANCESTOR), **dict.fromkeys(given, GIVEN)}
    while found:
        walled = {**kinds, **dict.fromkeys(found, WALL)}
        reached = walk(dag, leave(dag, [outcome]), CONNECTED, walled)
        confounded = found & reached.origins[ALONG].keys()
        if not confounded:
            break
        found -= confounded
    return found


def _intercepts(dag: Graph, exposure: Node, outcome: Node, mediators: Collection[Node]) -> bool:
    """Whether no directed path from exposure to outcome passes the mediators by."""
    return outcome not in descendants(dag, [exposure], walls=mediators)


def _fewest(
    dag: Graph,
    exposure: Node,
    outcome: Node,
    mediators: Collection[Node],
    covariates: Sequence[Node],
) -> set[Node]:
    """A subset of the mediators that serves and has no part that serves."""
    kept = set(mediators)
    for node in dag:
        if node in kept:
            fewer = _largest(dag, exposure, outcome, kept - {node}, covariates)
            if _intercepts(dag, exposure, outcome, fewer):
                kept = fewer
    return kept
