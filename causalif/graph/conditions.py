"""The adjustment criterion for sets of nodes: its conditions, each with what breaks it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from causalif.graph.dag import shown_path, shown_set
from causalif.graph.search import (
    DESCENDANTS,
    DOWN,
    Graph,
    Node,
    Step,
    ancestors,
    connected,
    descendants,
    leave,
    walk,
)


@dataclass(frozen=True)
class Condition:
    """One condition of a criterion, as it stands for one set of covariates.

    Attributes
    ----------
    claim : str
        What must hold, in words.
    holds : bool
    why : str
        What breaks it: the nodes, or the open path. Empty where it holds.
    path : sequence of steps
        The open path, as `connected` gives it, where that is what breaks the condition.
    """

    claim: str
    holds: bool
    why: str = ""
    path: Sequence[Step] = ()


def causal_nodes(dag: Graph, exposure: Collection[Node], outcome: Collection[Node]) -> set[Node]:
    """Nodes on proper causal paths: they leave the exposures once, and for good.

    The outcome is among them where there is such a path; the exposures are not.

    Examples
    --------
    >>> import networkx as nx
    >>> dag = nx.DiGraph([("a", "m"), ("m", "y"), ("a", "y"), ("w", "y"), ("a", "c")])
    >>> sorted(causal_nodes(dag, ["a"], ["y"]))
    ['m', 'y']
    """
    after = descendants(dag, exposure)
    before = ancestors(dag, outcome, walls=exposure)
    return (after & before) - set(exposure)


def forbidden_nodes(dag: Graph, exposure: Collection[Node], outcome: Collection[Node]) -> set[Node]:
    """Causal nodes and all that they lead to: adjusting for one takes away or biases.

    References
    ----------
    .. [1] Perkovic, Textor, Kalisch & Maathuis (2018), JMLR 18(220), Definition 4.
    """
    return descendants(dag, causal_nodes(dag, exposure, outcome))


def adjustment_conditions(
    dag: Graph,
    exposure: Collection[Node],
    outcome: Collection[Node],
    covariates: Collection[Node],
) -> Iterator[Condition]:
    """The two conditions of the adjustment criterion, for sets of nodes.

    References
    ----------
    .. [1] Shpitser, VanderWeele & Robins (2010), UAI, Definition 4 and Theorem 5.
    .. [2] Perkovic, Textor, Kalisch & Maathuis (2018), JMLR 18(220), Definition 5.
    """
    causal = causal_nodes(dag, exposure, outcome)
    words = f"{shown_names(exposure)} to {shown_names(outcome)}"
    broken = descendants(dag, causal) & set(covariates)
    yield Condition(
        f"no covariate lies on a causal path from {words}, or is changed by it",
        not broken,
        "; ".join(_offence(dag, exposure, outcome, causal, node) for node in dag if node in broken)
        if broken
        else "",
    )
    path = connected(dag, exposure, outcome, covariates, walls=exposure, closed=causal)
    yield Condition(
        f"the covariates block every non-causal path from {words}",
        path is None,
        f"{shown_path(path)} is open" if path else "",
        path or (),
    )


def _offence(
    dag: Graph,
    exposure: Collection[Node],
    outcome: Collection[Node],
    causal: Collection[Node],
    covariate: Node,
) -> str:
    """How a covariate comes after the exposure: on a causal path, or changed by one."""
    first = [step for step in leave(dag, exposure, DOWN) if step[1][0] in causal]
    path = _descent(dag, first, {covariate})
    if covariate not in causal or covariate in outcome:
        return f"{covariate} is changed along {shown_path(path)}"
    rest = _descent(dag, leave(dag, [covariate], DOWN, closed=exposure), set(outcome))
    return f"{covariate} lies on {shown_path([*path, *rest[1:]])}"


def _descent(dag: Graph, first: Iterable[tuple[Node, Step]], until: set[Node]) -> list[Step]:
    """A shortest directed path from some first steps; there is one."""
    found = walk(dag, first, DESCENDANTS, {}, until=until)
    assert found.end is not None
    return found.path(found.end)


def shown_names(nodes: Iterable[Node]) -> str:
    """``a``, or ``{a, b}``."""
    names = list(nodes)
    return str(names[0]) if len(names) == 1 else shown_set(names)
