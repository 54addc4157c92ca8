"""The question that a call puts to a causal graph: columns and nodes are one by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import networkx as nx

from causalif.data.call import Call
from causalif.data.frames import Frame
from causalif.data.roles import as_names
from causalif.errors import DataError, NotIdentified, Problems, did_you_mean
from causalif.graph.dag import Question, ask, latent_nodes, names_in
from causalif.graph.failure import listed, reversed_order
from causalif.graph.ordering import Order, order_of
from causalif.graph.read import as_dag
from causalif.graph.recanting import out_of_order
from causalif.graph.search import Graph, Node, descendants
from causalif.graph.sequential import WITH_INTERMEDIATES


class Names:
    """Columns of data and formula terms, and the nodes that they stand for."""

    def __init__(self, frame: Frame, call: Call) -> None:
        self.frame, self.call = frame, call

    def behind(self, names: Iterable[str]) -> list[str]:
        """The columns that these names read, each once."""
        terms = self.call.terms
        found = [v for name in names for v in (terms[name].variables if name in terms else [name])]
        return list(dict.fromkeys(found))

    def of(self, nodes: Collection[Node]) -> tuple[str, ...]:
        """Nodes as names of columns, in the order of the data."""
        return tuple(name for name in self.frame.positions if name in nodes)


def question_of(
    dag: Any,
    names: Names,
    groups: Sequence[Sequence[str]],
    covariates: Sequence[str],
    criterion: str,
    problems: Problems,
    *,
    ordered: bool = False,
    intermediates: Sequence[str] = (),
) -> Question | None:
    """The question that a call puts to the graph; None where it cannot be put."""
    frame, call = names.frame, names.call
    try:
        graph = _with_text_nodes(as_dag(dag))
    except DataError as error:
        problems.add(str(error))
        return None
    _check_columns(graph, frame, problems)
    ends: list[str] = []
    for role, given in (("exposure", call.exposure), ("outcome", call.outcome)):
        found = names.behind(as_names(given, role, frame, problems))
        if len(found) > 1:
            problems.add(
                f"{role} {given!r} is made of {len(found)} columns, and a graph needs one node.",
                "Make it a column of data, and draw that in the graph.",
            )
        ends += found
        names_in(graph, found, role, problems)
    mediators = names.behind(name for group in groups for name in group)
    names_in(graph, mediators, "mediator", problems)
    named = names.behind(covariates)
    names_in(graph, named, "covariate", problems)
    between = names.behind(intermediates)
    names_in(graph, between, "intermediate", problems)
    for name in set(between) & latent_nodes(graph):
        problems.add(f"intermediate {name!r} is latent.", "Name intermediates that are measured.")
    if len(ends) != 2 or not {*ends, *mediators, *between} <= set(graph):
        return None  # no name at all is a problem of the design
    if set(between) & {*ends, *mediators, *named}:
        return None  # and so is one of two roles
    asked = next(
        (one for one, with_ in WITH_INTERMEDIATES.items() if with_ == criterion), criterion
    )
    try:
        question = ask(graph, *ends, estimand=asked, mediators=mediators or None)
    except DataError as error:
        problems.add(str(error))
        return None
    in_order = tuple(tuple(names.behind(group)) for group in groups) if ordered else ()
    return replace(question, estimand=criterion, groups=in_order, intermediates=tuple(between))


def _with_text_nodes(graph: Graph) -> Graph:
    """Nodes named as columns are: by text."""
    if all(isinstance(node, str) for node in graph):
        return graph
    return nx.relabel_nodes(graph, {node: str(node) for node in graph})


def _check_columns(graph: Graph, frame: Frame, problems: Problems) -> None:
    """Every node is a column, or marked latent."""
    latent = latent_nodes(graph)
    absent = [str(node) for node in graph if node not in frame.positions and node not in latent]
    if not absent:
        return
    listed = ", ".join(map(repr, absent))
    what = f"node {listed} of the graph is no column" if len(absent) == 1 else ""
    what = what or f"nodes {listed} of the graph are no columns"
    hints = [did_you_mean(name, frame.positions) for name in absent]
    close = " ".join(dict.fromkeys(hint for hint in hints if hint.startswith("Did you")))
    marked = "; ".join(f"{name} [latent]" for name in absent[:3])
    problems.add(
        f"{what} of data.{' ' if close else ''}{close}",
        "Add the columns, or mark as latent what was not measured: in text "
        f'"{marked}", in networkx latent=True on the node.',
    )


def check_order(question: Question) -> None:
    """Refuse an outcome before the exposure, and mediators out of their place."""
    if turned := reversed_order(question):
        raise NotIdentified(turned)
    if question.estimand not in ("natural", "interventional"):
        return
    for mediator in question.mediators:
        for first, last in ((mediator, question.exposure[0]), (question.outcome[0], mediator)):
            if last in descendants(question.dag, [first]):
                raise NotIdentified(
                    f"reversed order: {first} comes before {last} in the graph, so that no effect "
                    f"of {question.exposure[0]} on {question.outcome[0]} can run through "
                    f"{mediator}. Leave it out of the mediators, or turn an arrow."
                )
    if turned := out_of_order(question):
        raise NotIdentified(turned)


def put_in_order(
    question: Question, names: Names, covariates: Sequence[str] | None
) -> tuple[Question, str]:
    """The mediators of a question in an order of the graph, and that order in words.

    Raises
    ------
    NotIdentified
        The graph has no measured mediator.
    """
    given = names.of(question.mediators)
    if not given:
        raise NotIdentified(
            f"no measured node lies on a directed path from {question.exposure[0]} to "
            f"{question.outcome[0]} in the graph: there is nothing to split the effect by. Ask "
            "average_effect() for the total effect."
        )
    nodes = None if covariates is None else names.behind(covariates)
    found = order_of(replace(question, mediators=given), nodes)
    mediators = tuple(chain.from_iterable(found.groups))
    return replace(question, mediators=mediators, groups=found.groups), _order_in_words(found)


def _order_in_words(order: Order) -> str:
    places = [
        listed(map(str, group), "and") + (" together" if len(group) > 1 else "")
        for group in order.groups
    ]
    text = f"the mediators stand in the order of the graph: {', then '.join(places)}."
    for first, last, path in order.joined:
        text += f" {first} and {last} cannot be told apart, for {path} stays open."
    if order.between:
        one = len(order.between) == 1
        text += f" {listed(map(str, order.between), 'and')} {'lies' if one else 'lie'} between."
    if order.tied:
        text += " Where the graph leaves the order open, it is that of the columns of data."
    return text
