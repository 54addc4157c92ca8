"""Sets of covariates for the weighted controlled direct effect: all, minimal, the best.

The two conditions of `causalif.graph.wcde` are questions that a total effect asks as well,
each of a graph without some arrows into the outcome Y:

    (2)  Z2 separates A and M' from Y without their arrows to Y, that is from X;
    (1)  given such a Z2, Z1 separates A, X and Z2 from Y without theirs, that is from M'.

For (2) makes X independent of every mediator given Z2: a mediator that X were connected with
leads on to M'. So M' is independent of Z2 given Z1 just when it is of Z2 and X. Two more facts
make the search short, and keep it from looking through subsets of mediators:
- If any Z1 separates M' from a node then all observed mediators do, for they are ancestors of
  M'. Z2 may therefore hold whatever these separate from M', and for each Z2 there is a Z1.
- Each node of a minimal Z2 is connected with X by nodes that are no mediators, so that a Z1
  that separates M' from A and X separates it from Z2: the minimal sets are all pairs of a
  minimal Z2 and a minimal Z1, found apart, and the smallest and best of them likewise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations, islice

from causalif.errors import NotIdentified
from causalif.graph.adjustment import all_sets_of, minimal_sets_of
from causalif.graph.conditions import Condition
from causalif.graph.dag import Question, is_two_headed, shown_path
from causalif.graph.failure import (
    BOUNDS,
    effect_name,
    listed,
    measurable,
    passed,
    reversed_order,
)
from causalif.graph.minimum import minimum_set
from causalif.graph.optimal import beside
from causalif.graph.search import Node, connected
from causalif.graph.task import Task
from causalif.graph.wcde import Causes, causes, weighted_conditions
from causalif.graph.wcde_compare import candidates, dependent, improved, undominated


def weighted_sets(
    question: Question, *, minimal: bool, limit: int | None = None
) -> Iterator[frozenset[Node]]:
    """Every valid set of observed nodes, or every minimal one, as they are found.

    Parameters
    ----------
    question : Question
    minimal : bool
        Only sets from which nothing can be left out. The first is the best of them.
    limit : int, optional
        For callers that say how many they will take; the sets come one by one in any case.

    Notes
    -----
    From one minimal set to the next the time is polynomial, and so it is for sets that meet
    both conditions as they stand. Sets of which some covariates must be left aside first
    come last, and are looked for among all subsets: exponential in the observed nodes.

    Examples
    --------
    >>> from causalif.graph.dag import ask
    >>> arrows = [("a", "m"), ("m", "n"), ("n", "y"), ("a", "y"), ("w", "a"), ("w", "y")]
    >>> question = ask(arrows, "a", "y", estimand="wcde")
    >>> [sorted(found) for found in weighted_sets(question, minimal=True)]
    [['n', 'w'], ['m', 'w']]
    """
    roles = causes(question)
    if _broken(question, widest_weighted_set(question)):
        return
    if minimal:
        yield from _as_they_stand(question, roles, minimal=True)
        return
    found: set[frozenset[Node]] = set()
    for chosen in _as_they_stand(question, roles, minimal=False):
        found.add(chosen)
        yield chosen
    allowed = set[Node]().union(*candidates(question, roles))
    pool = [node for node in question.dag if node in allowed]
    for size in range(len(pool) + 1):
        for chosen in map(frozenset, combinations(pool, size)):
            if chosen not in found and not _broken(question, chosen):
                yield chosen


def _as_they_stand(
    question: Question, roles: Causes, *, minimal: bool
) -> Iterator[frozenset[Node]]:
    """The sets that meet both conditions with no covariate left aside."""
    sets_of = minimal_sets_of if minimal else all_sets_of
    for outer in sets_of(_outer_task(question, roles)):
        inner_task = _inner_task(question, roles, () if minimal else outer)
        for inner in sets_of(inner_task):
            yield inner | outer


def optimal_weighted_set(question: Question, *, among: str = "all") -> set[Node]:
    """The set whose estimate has the least variance.

    Where the direct causes of the outcome are measured it is these, without the exposure:
    no set that meets both conditions does better in any law [1]_. With latent ones it is what
    stands next to them, improved by the rules of `undominated_weighted_sets`. In no law is it
    worse than a set of ancestors of exposure and outcome that meets both conditions, nor
    than a minimal one. What other sets there may be, better in some laws and worse in others,
    that function says; between these the data can choose, by the variance that each estimates.

    Parameters
    ----------
    question : Question
    among : {"all", "minimal", "minimum"}
        All valid sets; those from which nothing can be left out; those of fewest nodes. The
        best of the minimal sets, and of the smallest, is so in every law.

    Raises
    ------
    NotIdentified
        Names the condition that no set meets, and the open path.

    Notes
    -----
    A set that meets the conditions only with independent covariates left aside can do better
    than the direct causes, in laws with strong interactions: in a -> m -> n -> y, a -> y,
    w -> n the set {m, w} uses that w is independent of a and m, which {n} does not.

    References
    ----------
    .. [1] Lin, Guo & Gan (2025), NeurIPS, arXiv 2506.09871.

    Examples
    --------
    >>> from causalif.graph.dag import ask
    >>> arrows = [("a", "m"), ("m", "y"), ("a", "y"), ("w", "a"), ("w", "y"), ("x", "y")]
    >>> question = ask(arrows, "a", "y", estimand="wcde")
    >>> sorted(optimal_weighted_set(question))
    ['m', 'w', 'x']
    >>> sorted(optimal_weighted_set(question, among="minimal"))
    ['m', 'w']
    """
    roles = causes(question)
    direct = {*roles.changed, *roles.other}
    if among == "all" and direct <= question.observed and not reversed_order(question):
        return direct
    if broken := _broken(question, widest_weighted_set(question)):
        raise NotIdentified(reversed_order(question) or _refusal(question, roles, broken[0]))
    if among == "all":
        return improved(question, _best_of_ancestors(question, roles))
    part = minimum_set if among == "minimum" else _nearest
    return part(_outer_task(question, roles)) | part(_inner_task(question, roles, ()))


def undominated_weighted_sets(
    question: Question, *, limit: int | None = 1000
) -> list[frozenset[Node]]:
    """The valid sets than which no other is known to be as good in every law.

    If one is left, it has the least variance in every law. If several are, laws decide: none
    of them is known to be never worse than another. Two rules compare sets. A covariate that
    tells nothing of the outcome, given exposure and the others, is better left out. One that
    is independent of the exposure and of the covariates on the other side, given those on its
    own, is better taken in; the sides are mediators and non-mediators.

    Parameters
    ----------
    question : Question
    limit : int, optional
        Compare no more than so many valid sets; None: all of them. They are as many as there
        are subsets of irrelevant nodes, so leave these out of a large graph first.

    Returns
    -------
    list of frozensets
        The small ones first, then in the order of the graph's nodes.

    Raises
    ------
    NotIdentified
        As `optimal_weighted_set`.

    Examples
    --------
    >>> from causalif.graph.dag import ask
    >>> arrows = [("a", "y"), ("u", "y"), ("u", "v"), ("w", "v"), ("w", "a"), ("x", "y")]
    >>> question = ask(arrows, "a", "y", estimand="wcde", latent="u")
    >>> [sorted(found) for found in undominated_weighted_sets(question)]
    [['x'], ['v', 'w', 'x']]
    """
    best = frozenset(optimal_weighted_set(question))
    valid = islice(_as_they_stand(question, causes(question), minimal=False), limit)
    better = dict.fromkeys([best, *(frozenset(improved(question, chosen)) for chosen in valid)])
    place = {node: k for k, node in enumerate(question.dag)}
    left = undominated(question, better)
    return sorted(left, key=lambda chosen: (len(chosen), sorted(place[node] for node in chosen)))


def widest_weighted_set(question: Question) -> set[Node]:
    """A set that serves if any does: every observed ancestor that does not break (1)."""
    roles = causes(question)
    inner, _ = candidates(question, roles)
    return inner | _outer_task(question, roles).widest()


def _outer_task(question: Question, roles: Causes) -> Task:
    """What Z2 is to do, and which nodes may be in it."""
    inner, outer = candidates(question, roles)
    tied = dependent(question.dag, roles.changed, inner, outer)
    return _task(question, (*question.exposure, *roles.changed), frozenset(outer - tied))


def _inner_task(question: Question, roles: Causes, outer: Collection[Node]) -> Task:
    """What Z1 is to do beside a Z2, which need not be given if it is minimal."""
    first = dict.fromkeys([*question.exposure, *roles.other, *outer])
    return _task(question, tuple(first), question.observed & roles.mediators)


def _task(question: Question, first: tuple[Node, ...], allowed: frozenset[Node]) -> Task:
    """To separate `first` from the outcome without its arrows from these."""
    outcome = question.outcome
    return Task(question.dag, [(first, outcome)], [set(outcome)], [first, outcome], allowed)


def _best_of_ancestors(question: Question, roles: Causes) -> set[Node]:
    """All that stands next to the outcome; so no other set of ancestors is better."""
    outer_task = _outer_task(question, roles)
    outer = beside(outer_task, outer_task.groups[1:])
    inner_task = _inner_task(question, roles, outer)
    return outer | beside(inner_task, inner_task.groups[1:])


def _nearest(task: Task) -> set[Node]:
    """The minimal set nearest to the outcome."""
    return beside(task, task.groups[:1], beside(task, task.groups[1:]))


def _broken(question: Question, covariates: Collection[Node]) -> list[Condition]:
    return [found for found in weighted_conditions(question, covariates) if not found.holds]


def _refusal(question: Question, roles: Causes, broken: Condition) -> str:
    """Why no set serves: the path, what on it is latent, what may not be adjusted for."""
    inner, outer = candidates(question, roles)
    hidden = [node for node in passed(broken.path) if node not in question.observed]
    named = [str(node) for node in hidden if not is_two_headed(node)]
    text = f"no set of observed covariates identifies {effect_name(question)}: "
    text += f"{shown_path(broken.path)} stays open"
    if named:
        text += f" and {listed(named, 'and')} {'is' if len(named) == 1 else 'are'} latent"
    for node in passed(broken.path):
        if node in outer and (tie := connected(question.dag, [node], roles.changed, inner)):
            text += f"; {node} would block it, but {shown_path(tie)} is open"
            hidden += [n for n in (*passed(tie), tie[-1][0]) if n not in question.observed]
    return f"{text}. Measure {listed(map(measurable, dict.fromkeys(hidden)), 'or')}, or {BOUNDS}."
