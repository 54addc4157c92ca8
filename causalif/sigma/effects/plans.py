"""From a graph to what is to be estimated in it, for an exposure of two levels.

The effect along one directed path is identified as a natural effect where no other path shares
its first arrow (else the node behind that arrow is a recanting witness). Where one node of the
path has no other path through it, the interventional effect through that node is the path's
own, with what comes before as intermediates. What is left of a first arrow, when all its other
paths are known, is the last one's by subtraction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import networkx as nx

from causalif.effects.chain import collapse
from causalif.effects.path_specific import telescoping
from causalif.errors import NotIdentified
from causalif.graph.dag import Question, ask
from causalif.graph.optimal import optimal_set
from causalif.graph.search import Graph, ancestors, descendants
from causalif.sigma.effects.terms import NOTHING, Term, WorldMean

Path = tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What one graph asks to be estimated.

    Attributes
    ----------
    paths : tuple of paths
        Every directed path from exposure to outcome.
    terms : dict of path to Term
        The effect along each path that is identified.
    reasons : dict of path to str
        Why each of the others is not.
    total : Term or None
        The total effect; no products where the outcome does not follow the exposure. None
        where it is not identified.
    covariates : tuple of str
        What is adjusted for.
    """

    paths: tuple[Path, ...]
    terms: dict[Path, Term]
    reasons: dict[Path, str]
    total: Term | None
    covariates: tuple[str, ...] = ()


def plan(graph: nx.DiGraph[str], exposure: str, outcome: str, paths: Sequence[Path]) -> Plan:
    """What to estimate of the effects of an exposure along all its paths, in one graph.

    Parameters
    ----------
    graph : DiGraph
        Every node measured; nodes in the order of the data.
    exposure, outcome : str
    paths : sequence of paths
        All directed paths between the two in this graph.

    Examples
    --------
    >>> graph = nx.DiGraph([("A", "M"), ("M", "Y"), ("A", "Y")])
    >>> found = plan(graph, "A", "Y", [("A", "Y"), ("A", "M", "Y")])
    >>> found.terms["A", "M", "Y"].products  # E[Y(1, M(1))] - E[Y(1, M(0))]
    {(WorldMean(covariates=(), groups=(), levels=(1,), intermediates=()),): 1.0, (WorldMean(covariates=(), groups=(('M',),), levels=(0, 1), intermediates=()),): -1.0}
    """  # noqa: E501
    if not paths:
        return Plan((), {}, {}, NOTHING)
    groups, covariates = _groups(graph, exposure, outcome, paths)
    by_first = _natural(groups, covariates)
    terms: dict[Path, Term] = {}
    for first, term in by_first.items():
        own = [path for path in paths if _first(path) == first]
        if len(own) == 1:
            terms[own[0]] = term
    while len(terms) < len(paths):
        found = _one_more(graph, paths, terms, by_first)
        if found is None:
            break
        terms.update([found])
    reasons = {path: _why_not(path, paths) for path in paths if path not in terms}
    total = Term()
    for term in by_first.values():
        total = total.plus(term)
    return Plan(tuple(paths), terms, reasons, total, covariates)


def _first(path: Path) -> str:
    """The head of a path's first arrow; empty for the outcome's own arrow."""
    return "" if len(path) == 2 else path[1]


def _why_not(path: Path, paths: Sequence[Path]) -> str:
    others = sum(_first(other) == _first(path) for other in paths) - 1
    return (
        f"{path[1]} would have to follow {path[0]} on this path and not on the {others} other"
        f"{'s' if others > 1 else ''} that start{'' if others > 1 else 's'} with "
        f"{path[0]} -> {path[1]} (a recanting witness)"
    )


def _groups(
    graph: nx.DiGraph[str], exposure: str, outcome: str, paths: Sequence[Path]
) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Mediators in order, each group entered by one arrow from the exposure; and covariates.

    Mediators that the exposure does not reach by an arrow of their own are left out, if the
    rest is identified without; else each joins the group before it.
    """
    between = {node for path in paths for node in path[1:-1]}
    order = [node for node in _in_order(graph) if node in between]
    entered = {path[1] for path in paths if len(path) > 2}
    question = ask(graph, exposure, outcome, estimand="natural", mediators=order or None)
    if not order:
        return (), _named(graph, optimal_set(replace(question, mediators=(), estimand="total")))
    alone = tuple((node,) for node in order if node in entered)
    try:
        return alone, _covariates(graph, question, alone)
    except NotIdentified:
        joined: list[tuple[str, ...]] = []
        for node in order:  # the first of them is entered
            joined[-1:] = [(*joined[-1], node)] if node not in entered else [*joined[-1:], (node,)]
        return tuple(joined), _covariates(graph, question, tuple(joined))


def _covariates(
    graph: nx.DiGraph[str], question: Question, groups: tuple[tuple[str, ...], ...]
) -> tuple[str, ...]:
    mediators = tuple(node for group in groups for node in group)
    return _named(graph, optimal_set(replace(question, mediators=mediators, groups=groups)))


def _in_order(graph: nx.DiGraph[str]) -> list[str]:
    """An order of the graph; where it leaves one open, that of the data."""
    place = {node: k for k, node in enumerate(graph)}
    return list(nx.lexicographical_topological_sort(graph, place.__getitem__))


def _named(graph: nx.DiGraph[str], nodes: Collection[object]) -> tuple[str, ...]:
    return tuple(node for node in graph if node in nodes)


def _natural(groups: tuple[tuple[str, ...], ...], covariates: tuple[str, ...]) -> dict[str, Term]:
    """The effect by each first arrow, by the head of that arrow; "" is the outcome's own."""
    names = tuple(group[0] for group in groups)
    contrasts = telescoping(names, 1, 0)
    found: dict[str, Term] = {}
    for name in ("direct", *names):
        plus, minus, *_ = contrasts[name]
        on, off = (_mean(groups, world, covariates) for world in (plus, minus))
        found["" if name == "direct" else name] = Term({(on,): 1.0}).plus(Term({(off,): 1.0}), -1)
    return found


def _mean(
    groups: tuple[tuple[str, ...], ...], world: tuple[int, ...], covariates: tuple[str, ...]
) -> WorldMean:
    return WorldMean(covariates, *collapse(groups, world))


def _one_more(
    graph: nx.DiGraph[str],
    paths: Sequence[Path],
    terms: dict[Path, Term],
    by_first: dict[str, Term],
) -> tuple[Path, Term] | None:
    """A path that is known once others are: through a node of its own, or as what is left."""
    for path in paths:
        if path in terms:
            continue
        for node in reversed(path[1:-1]):
            others = [other for other in paths if node in other and other != path]
            if all(other in terms for other in others):
                through = _through(graph, path[0], path[-1], node)
                if through is not None:
                    return path, _less(through, [terms[other] for other in others])
        others = [other for other in paths if _first(other) == _first(path) and other != path]
        if all(other in terms for other in others):
            return path, _less(by_first[_first(path)], [terms[other] for other in others])
    return None


def _less(term: Term, others: Iterable[Term]) -> Term:
    for other in others:
        term = term.plus(other, -1.0)
    return term


def _through(graph: nx.DiGraph[str], exposure: str, outcome: str, node: str) -> Term | None:
    """The interventional effect through a node, with intermediates if it needs some."""
    question = ask(graph, exposure, outcome, estimand="natural", mediators=[node])
    whole: Graph = nx.DiGraph()
    whole.add_edges_from(graph.edges)
    whole.add_nodes_from(graph)
    changed = descendants(whole, [exposure]) - descendants(whole, [node]) - {exposure}
    for ends in ([node], [node, outcome]):  # no more intermediates than it takes
        between = _named(graph, changed & ancestors(whole, ends))
        asked = replace(question, estimand="interventional", intermediates=between)
        try:
            covariates = _named(graph, optimal_set(asked))
        except NotIdentified:
            continue
        if not between:
            on, off = (_mean(((node,),), world, covariates) for world in ((1, 1), (0, 1)))
            return Term({(on,): 1.0, (off,): -1.0})
        on = WorldMean(covariates, ((node,),), (1, 1), between)
        off = WorldMean(covariates, ((node,),), (0, 1), between)
        return Term({(on,): 1.0, (off,): -1.0}, "interventional")
    return None
