"""An order of the mediators from the graph, and which of them must stand together in it.

Every mediator has a place of its own, unless the effects are then not identified: two that an
open path joins (a common cause that is latent, or changed by the exposure) are one group, and with
them all that lies on the way from the one to the other. No finer grouping is identified.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import networkx as nx

from causalif.graph.dag import Question, shown_path
from causalif.graph.search import Graph, Node, Step, connected, descendants
from causalif.graph.task import Group, task_of


@dataclass(frozen=True)
class Order:
    """Mediators in ordered groups, and why so.

    Attributes
    ----------
    groups : tuple of tuples of nodes
    joined : tuple of (node, node, path)
        Pairs that are in one group for the path that stays open between them.
    tied : bool
        Whether the graph leaves the order of some neighbours open.
    """

    groups: tuple[Group, ...]
    joined: tuple[tuple[Node, Node, str], ...]
    tied: bool

    @property
    def between(self) -> tuple[Node, ...]:
        """What is in a group only because it lies between two that are joined."""
        ends = {node for first, last, _ in self.joined for node in (first, last)}
        return tuple(n for group in self.groups if len(group) > 1 for n in group if n not in ends)


def order_of(question: Question, covariates: Collection[Node] | None = None) -> Order:
    """The finest order of a question's mediators in which the effects are identified, if in any.

    Parameters
    ----------
    question : Question
        Of the estimand "natural". The order of its mediators decides where the graph does not.
    covariates : collection of nodes, optional
        What is adjusted for; by default whatever serves.

    Examples
    --------
    >>> dag = nx.DiGraph([("a", "m"), ("a", "n"), ("m", "y"), ("n", "y"), ("u", "m"), ("u", "n")])
    >>> question = Question(dag, ("a",), ("y",), ("n", "m"), frozenset("amny"), "natural")
    >>> order_of(question).groups
    (('n', 'm'),)
    >>> order_of(replace(question, observed=frozenset(dag))).groups
    (('n',), ('m',))
    """
    after = {node: descendants(question.dag, [node]) for node in question.mediators}
    groups: list[Group] = [(node,) for node in question.mediators]
    joined: list[tuple[Node, Node, str]] = []
    while True:
        groups, tied = _in_order(groups, after, question.mediators)
        path = _open_between(replace(question, groups=tuple(groups)), covariates)
        if path is None:
            return Order(tuple(groups), tuple(joined), tied)
        ends = (path[0][0], path[-1][0])
        joined.append((*ends, shown_path(path)))
        both = [group for group in groups if not set(ends).isdisjoint(group)]
        groups = [group for group in groups if group not in both]
        groups.append(tuple(node for group in both for node in group))


def _in_order(
    groups: Sequence[Group], after: dict[Node, set[Node]], given: Sequence[Node]
) -> tuple[list[Group], bool]:
    """Groups as the graph orders them; those that lead to each other are made one."""
    place = {node: k for k, node in enumerate(given)}
    leads: Graph = nx.DiGraph()
    leads.add_nodes_from(range(len(groups)))
    for k, group in enumerate(groups):
        reached = set[Node]().union(*(after[node] for node in group))
        leads.add_edges_from((k, j) for j, g in enumerate(groups) if j != k and reached & set(g))
    whole = nx.condensation(leads)
    members = {
        k: sorted((n for g in whole.nodes[k]["members"] for n in groups[g]), key=place.__getitem__)
        for k in whole
    }
    order = list(nx.lexicographical_topological_sort(whole, lambda k: place[members[k][0]]))
    tied = any(not whole.has_edge(*pair) for pair in pairwise(order))
    return [tuple(members[k]) for k in order], tied


def _open_between(question: Question, covariates: Collection[Node] | None) -> list[Step] | None:
    """A path from one group of mediators to a later one that the covariates leave open."""
    task = task_of(question)
    given = task.widest() if covariates is None else covariates
    groups = question.groups
    steps = zip(task.pairs[1:-1], task.causal[1:-1], strict=True)
    for k, ((before, last), causal) in enumerate(steps):
        for group in groups[:k]:
            path = connected(question.dag, group, last, given, walls=before, closed=causal)
            if path is not None:
                return path
    return None
