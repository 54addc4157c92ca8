"""Draw a graph and a question about it: roles, causal paths, and a path that stays open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from causalif.errors import Problems, did_you_mean
from causalif.graph.conditions import causal_nodes, forbidden_nodes
from causalif.graph.dag import (
    is_two_headed,
    latent_nodes,
    mediators_between,
    names_in,
    nodes_of_role,
    shown_path,
    shown_set,
)
from causalif.graph.search import ALONG, Graph, Node, Step, ancestors, connected, descendants

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ABOVE, LEVEL, BELOW = -1, 0, 1


def plot_dag(
    dag: Any,
    exposure: Any = None,
    outcome: Any = None,
    *,
    covariates: Any = None,
    mediators: Any = None,
    open_paths: bool = True,
    tiers: Any = None,
    latent: Any = (),
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw a graph, time from left to right, and whether some covariates serve.

    Exposure, outcome and mediators are coloured, adjusted covariates are filled boxes, latent
    nodes have dashed borders. Arrows on causal paths are heavy. A shortest non-causal path
    that the covariates leave open is drawn in red and named above the graph.

    Parameters
    ----------
    dag : DiGraph, str or edges
        Whatever `read_dag` reads. If all its nodes have places (``pos``), they stand there.
    exposure, outcome : node or list of nodes, optional
        By default those that the graph marks.
    covariates : node, list of nodes or "optimal", optional
        What is adjusted for; by default what the graph marks. "optimal" asks
        `optimal_adjustment_set`.
    mediators : node or list of nodes, optional
        By default all nodes on directed paths from exposure to outcome.
    open_paths : bool
        Look for a non-causal path that is open given the covariates.
    tiers : list of lists of nodes, or mapping of node to number, optional
        Times, the oldest first. By default as the arrows have it.
    latent : node or list of nodes
        Not measured, beside those that the graph marks.
    ax : Axes, optional
        By default a new figure, as large as the graph asks for.
    title : str, optional

    Returns
    -------
    Axes
        ``ax.get_label()`` is the graph in words.

    Raises
    ------
    DataError
        An unknown node, one in two roles, or tiers that an arrow contradicts.
    NotIdentified
        With ``covariates="optimal"``, when no set of covariates serves.

    Examples
    --------
    >>> import networkx as nx
    >>> from matplotlib.figure import Figure
    >>> dag = nx.DiGraph([("W", "A"), ("W", "Y"), ("A", "Y")])
    >>> ax = plot_dag(dag, "A", "Y", ax=Figure().subplots())
    >>> ax.texts[0].get_text()
    'open: A <- W -> Y'
    """
    from causalif.graph.read import as_dag
    from causalif.report.network import network

    graph = as_dag(dag)
    view = _look(graph, exposure, outcome, covariates, mediators, tiers, latent)
    steps: list[Step] | None = None
    caption = ""
    if open_paths and view.exposure and view.outcome:
        steps = connected(
            graph,
            view.exposure,
            view.outcome,
            view.covariates,
            walls=view.exposure,
            closed=causal_nodes(graph, view.exposure, view.outcome),
        )
        caption = _caption(view, steps)
    nodes, arrows = _frames(view, steps or [])
    return network(nodes, arrows, title=title, caption=caption, ax=ax)


@dataclass(frozen=True)
class View:
    """A graph and what is to be seen in it; names are known to be nodes."""

    dag: Graph
    exposure: tuple[Node, ...]
    outcome: tuple[Node, ...]
    covariates: tuple[Node, ...]
    mediators: frozenset[Node]
    latent: frozenset[Node]
    tiers: Mapping[Node, float]


def _look(
    dag: Graph,
    exposure: Any,
    outcome: Any,
    covariates: Any,
    mediators: Any,
    tiers: Any,
    latent: Any,
) -> View:
    problems = Problems()
    if not len(dag):
        problems.add("the graph has no nodes, so there is nothing to draw.")

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
    for node in {*exposures, *outcomes} & set(adjusted):
        problems.add(f"covariate {str(node)!r} is the exposure or the outcome as well.")
    for node in set(exposures) & set(outcomes):
        problems.add(f"{str(node)!r} is both exposure and outcome.")
    problems.raise_if_any()
    if is_optimal:
        from causalif.graph.optimal import optimal_adjustment_set

        best = optimal_adjustment_set(dag, exposures, outcomes, latent=hidden)
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
    for node in given:
        if node not in dag:
            problems.add(f"in tiers: {str(node)!r} is not in the graph.", did_you_mean(node, dag))
    absent = [node for node in dag if node not in given and not _is_arc(dag, node)]
    if absent:
        problems.add(f"tiers gives no time for {shown_set(absent)}.", "Give every node one.")
    for tail, head in dag.edges:
        if tail in given and head in given and given[tail] > given[head]:
            problems.add(
                f"tiers puts {tail} later than {head}, but the graph has {tail} -> {head}.",
                "Turn the arrow or change the tiers.",
            )
    return given


def _is_arc(dag: Graph, node: Node) -> bool:
    """Whether a node is drawn as an arrow with two heads, not as a box."""
    return is_two_headed(node) and not dag.pred[node] and len(dag.succ[node]) == 2


def _caption(view: View, steps: list[Step] | None) -> str:
    given = f"adjusting for {shown_set(view.covariates)}" if view.covariates else ""
    if steps:
        said = f"open: {shown_path(steps)}" + (f", {given}" if given else "")
    else:
        said = f"{given} leaves no non-causal path open" if given else "no non-causal path is open"
    bad = forbidden_nodes(view.dag, view.exposure, view.outcome) & set(view.covariates)
    if bad:
        verb = "lies on a causal path or is" if len(bad) == 1 else "lie on causal paths or are"
        said += f"; {shown_set(bad)} {verb} changed by one"
    return said


def _frames(view: View, steps: list[Step]) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    dag = view.dag
    drawn = [node for node in dag if not _is_arc(dag, node)]
    row = {node: k for k, node in enumerate(drawn)}
    roles = dict.fromkeys(view.mediators, "mediator")
    roles |= dict.fromkeys(view.exposure, "exposure") | dict.fromkeys(view.outcome, "outcome")
    nodes = pd.DataFrame(
        {
            "label": [str(node) for node in drawn],
            "role": [roles.get(node, "") for node in drawn],
            "latent": [node in view.latent for node in drawn],
            "adjusted": [node in view.covariates for node in drawn],
        }
    )
    if view.exposure and view.outcome:
        nodes["side"] = _sides(view, drawn)
    places = [dag.nodes[node].get("pos") for node in drawn]
    if view.tiers:
        nodes["tier"] = [float(view.tiers[node]) for node in drawn]
    elif all(place is not None for place in places):
        nodes["x"] = [float(place[0]) for place in places]
        nodes["y"] = [-float(place[1]) for place in places]  # dagitty counts from the top
    is_open = _arrows_of(steps)
    causal = causal_nodes(dag, view.exposure, view.outcome)
    leads = causal | set(view.exposure)
    found: list[tuple[int, int, str, bool]] = []
    for tail, head in dag.edges:
        if tail in row:
            kind = "causal" if tail in leads and head in causal else "plain"
            kind = "open" if (tail, head) in is_open else kind
            found.append((row[tail], row[head], kind, False))
    for node in dag:
        if node not in row:
            one, other = dag.succ[node]
            kind = "open" if (node, one) in is_open else "plain"
            found.append((row[one], row[other], kind, True))
    return nodes, pd.DataFrame(found, columns=["tail", "head", "kind", "two_headed"])


def _arrows_of(steps: list[Step]) -> set[tuple[Node, Node]]:
    """The arrows of a path, each from tail to head."""
    return {
        (node, after) if came == ALONG else (after, node)
        for (node, _), (after, came) in pairwise(steps)
    }


def _sides(view: View, drawn: list[Node]) -> list[int]:
    """Where each node stands: causes above exposure and outcome, what they change below.

    What leads to nothing but the exposure stands level with it, as do mediators.
    """
    dag, exposure = view.dag, view.exposure
    ends = {*exposure, *view.outcome}
    before = ancestors(dag, exposure)
    level = ends | mediators_between(dag, exposure, view.outcome)
    level |= {node for node in before if descendants(dag, [node], walls=exposure) <= before}
    below = descendants(dag, ends) - level
    return [LEVEL if node in level else BELOW if node in below else ABOVE for node in drawn]
