"""What is to be seen in the picture of a graph: names checked, defaults from its marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from causalif.errors import Problems, did_you_mean
from causalif.graph.dag import latent_nodes, mediators_between, names_in, nodes_of_role, shown_set
from causalif.graph.formats.marks import two_ends
from causalif.graph.search import Graph, Node


@dataclass(frozen=True)
class View:
    """A graph and what is to be seen in it; names are known to be nodes.

    Attributes
    ----------
    dag : DiGraph
    exposure, outcome, covariates : tuple of nodes
        Any number of each, and none in two of them.
    mediators, latent : frozenset of nodes
    tiers : mapping of node to number
        Empty if no times are given; else with every node that is no two-headed arrow.
    """

    dag: Graph
    exposure: tuple[Node, ...]
    outcome: tuple[Node, ...]
    covariates: tuple[Node, ...]
    mediators: frozenset[Node]
    latent: frozenset[Node]
    tiers: Mapping[Node, float]


def look(
    dag: Graph,
    exposure: Any,
    outcome: Any,
    covariates: Any,
    mediators: Any,
    tiers: Any,
    latent: Any,
) -> View:
    """Check the names once, and take from the graph what was not named.

    Raises
    ------
    DataError
        Every problem of the call.
    """
    problems = Problems()

    def named(names: Any, role: str, default: Iterable[Node]) -> tuple[Node, ...]:
        return tuple(default) if names is None else names_in(dag, names, role, problems)

    exposures = named(exposure, "exposure", nodes_of_role(dag, "exposure"))
    outcomes = named(outcome, "outcome", nodes_of_role(dag, "outcome"))
    hidden = {*latent_nodes(dag), *names_in(dag, latent, "latent", problems)}
    is_optimal = isinstance(covariates, str) and covariates == "optimal" and "optimal" not in dag
    asked = () if is_optimal else covariates
    adjusted = named(asked, "covariate", nodes_of_role(dag, "adjusted"))
    between = mediators_between(dag, exposures, outcomes)
    passed = named(mediators, "mediator", between)
    times = _times(dag, tiers, problems)
    if is_optimal and not (exposures and outcomes):
        problems.add('covariates="optimal" needs an exposure and an outcome.', "Name both.")
    for node in adjusted:
        if node in (*exposures, *outcomes):
            problems.add(f"covariate {str(node)!r} is the exposure or the outcome as well.")
    for node in exposures:
        if node in outcomes:
            problems.add(f"{str(node)!r} is both exposure and outcome.")
    problems.raise_if_any()
    if is_optimal:
        from causalif.graph.optimal import optimal_adjustment_set

        best = optimal_adjustment_set(dag, exposures, outcomes, latent=[*hidden])
        adjusted = tuple(node for node in dag if node in best)
    mediating = frozenset(passed) - {*exposures, *outcomes}
    return View(dag, exposures, outcomes, adjusted, mediating, frozenset(hidden), times)


def _times(dag: Graph, tiers: Any, problems: Problems) -> Mapping[Node, float]:
    """The time of each node that is drawn; no arrow may go back in time."""
    if tiers is None:
        return {}
    if isinstance(tiers, Mapping):
        given: dict[Any, Any] = dict(tiers)
    else:
        given = {}
        for time, tier in enumerate(tiers):
            given |= dict.fromkeys(names_in(dag, tier, "in tiers:", problems), time)
    for node, time in given.items():
        if node not in dag:
            problems.add(f"in tiers: {str(node)!r} is not in the graph.", did_you_mean(node, dag))
        if not isinstance(time, Real):
            problems.add(f"tiers[{str(node)!r}] is {time!r}, which is no number.")
    problems.raise_if_any()
    absent = [node for node in dag if node not in given and two_ends(dag, node) is None]
    if absent:
        problems.add(f"tiers gives no time for {shown_set(absent)}.", "Give every node one.")
    for tail, head in dag.edges:
        if tail in given and head in given and given[tail] > given[head]:
            problems.add(
                f"tiers puts {tail} later than {head}, but the graph has {tail} -> {head}.",
                "Turn the arrow or change the tiers.",
            )
    return given
