"""Draw a graph and a question about it: roles, causal paths, and a path that stays open."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from causalif.graph.conditions import causal_nodes, forbidden_nodes
from causalif.graph.dag import mediators_between, shown_path, shown_set
from causalif.graph.formats.marks import as_position, two_ends
from causalif.graph.search import ALONG, Node, Step, ancestors, connected, descendants
from causalif.graph.view import View, look

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
    that the covariates leave open stands out in colour and is named above the graph.

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
    view = look(graph, exposure, outcome, covariates, mediators, tiers, latent)
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
    drawn = [node for node in dag if two_ends(dag, node) is None]
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
    if view.tiers:
        nodes["tier"] = [float(view.tiers[node]) for node in drawn]
    elif (places := _places(view, drawn)) is not None:
        nodes["x"], nodes["y"] = places
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
        if (ends := two_ends(dag, node)) is not None:
            one, other = ends
            kind = "open" if (node, one) in is_open else "plain"
            found.append((row[one], row[other], kind, True))
    return nodes, pd.DataFrame(found, columns=["tail", "head", "kind", "two_headed"])


def _places(view: View, drawn: list[Node]) -> tuple[list[float], list[float]] | None:
    """Where the graph says that its nodes stand, if it says so of all of them."""
    places = [as_position(view.dag.nodes[node].get("pos")) for node in drawn]
    known = [place for place in places if place is not None]
    if len(known) < len(drawn):
        return None
    return [x for x, _ in known], [-y for _, y in known]  # dagitty counts y from the top


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
