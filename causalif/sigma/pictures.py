"""Plots of a posterior and of its pathways: which frame goes to which drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd

from causalif.errors import DataError
from causalif.report import network, plots
from causalif.sigma.document import as_html, write_report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalif.sigma.posterior import DAGPosterior
    from causalif.sigma.result import SigmaResult

__all__ = ["POSTERIOR", "RESULT", "as_html", "write_report"]

ABOVE, LEVEL, BELOW = -1, 0, 1


def draw_posterior(
    posterior: DAGPosterior, ax: Axes | None, least: float = 0.1, **options: Any
) -> Axes:
    """The graph of all arrows of at least this probability."""
    graph = _consensus(posterior, least)
    nodes = _nodes(posterior, graph)
    return _network(posterior, nodes, least, frozenset(), ax, options)


def draw_arrows(result: SigmaResult, ax: Axes | None, least: float = 0.1, **options: Any) -> Axes:
    """The same with exposure, outcome and mediators by role, and stable pathways in colour."""
    posterior, study = result.posterior, result.study
    graph = _consensus(posterior, least)
    nodes = _nodes(posterior, graph)
    stable = [path.split(" -> ") for path in result.stable]
    roles = {name: "mediator" for path in stable for name in path[1:-1]}
    likely = result.mediators[result.mediators["stability"] >= result.threshold]
    roles |= dict.fromkeys(likely["mediator"], "mediator")
    roles |= {study.exposure: "exposure", study.outcome: "outcome"}
    nodes["role"] = [roles.get(name, "") for name in posterior.names]
    nodes["side"] = _sides(posterior.names, graph, roles)
    on_pathway = frozenset(arrow for path in stable for arrow in pairwise(path))
    return _network(posterior, nodes, least, on_pathway, ax, options)


def _consensus(posterior: DAGPosterior, least: float) -> nx.DiGraph[str]:
    if isinstance(least, bool) or not isinstance(least, int | float) or not 0 < least <= 1:
        raise DataError(f"least={least!r} is no probability above 0 and up to 1.")
    return posterior.consensus(least)


def _nodes(posterior: DAGPosterior, graph: nx.DiGraph[str]) -> pd.DataFrame:
    order = {name: k for k, name in enumerate(nx.lexicographical_topological_sort(graph))}
    nodes = pd.DataFrame({"label": list(posterior.names)})
    nodes = nodes.assign(role="", latent=False, adjusted=False)
    nodes["order"] = [order[name] for name in posterior.names]
    times = _times(posterior.settings.get("tiers"))
    if set(posterior.names) <= set(times):
        nodes["tier"] = [times[name] for name in posterior.names]
    return nodes


def _times(tiers: Any) -> dict[str, float]:
    """The tier of each column that has one."""
    if isinstance(tiers, Mapping):
        return {str(name): float(time) for name, time in tiers.items()}
    return {
        str(name): float(k)
        for k, tier in enumerate(tiers or ())
        for name in ([tier] if isinstance(tier, str) else tier)
    }


def _sides(names: Sequence[str], graph: nx.DiGraph[str], roles: Mapping[str, str]) -> list[int]:
    """Causes of exposure and outcome above the pathways, what they change below."""
    ends = [name for name, role in roles.items() if role in ("exposure", "outcome")]
    before = {node for end in ends for node in nx.ancestors(graph, end)}
    return [LEVEL if name in roles else ABOVE if name in before else BELOW for name in names]


def _network(
    posterior: DAGPosterior,
    nodes: pd.DataFrame,
    least: float,
    on_pathway: frozenset[tuple[str, str]],
    ax: Axes | None,
    options: Mapping[str, Any],
) -> Axes:
    names = posterior.names
    rows = [
        (i, j, "causal" if (names[i], names[j]) in on_pathway else "plain", False, p)
        for (i, j), p in np.ndenumerate(posterior.arrows)
        if p >= least
    ]
    arrows = pd.DataFrame(rows, columns=["tail", "head", "kind", "two_headed", "probability"])
    words = f"width: probability of the arrow; below {least:g}: left out"
    defaults: dict[str, Any] = {"caption": words}
    return network.network(nodes, arrows, ax=ax, **{**defaults, **options})


def draw_matrix(posterior: DAGPosterior, ax: Axes | None, **options: Any) -> Axes:
    """The probability of the arrow from row to column, as shades and numbers."""
    return plots.matrix(posterior.edge_probabilities, ax=ax, **options)


def draw_pathways(result: SigmaResult, ax: Axes | None, most: int = 12, **options: Any) -> Axes:
    """Effects with intervals beside stabilities, the total first, then the most stable."""
    unit = "per unit of " if result.study.per_unit else "of "
    defaults: dict[str, Any] = {
        "stable": {*result.stable},
        "threshold": result.threshold if result.fdr is None else None,
        "first": 1,
        "level": result.level,
        "xlabel": f"Effect {unit}{result.study.exposure} on {result.study.outcome}",
    }
    return plots.pathways(_rows(result, most), ax=ax, **{**defaults, **options})


def draw_variance(result: SigmaResult, ax: Axes | None, most: int = 12, **options: Any) -> Axes:
    """Variances within graphs and between them, the total first."""
    defaults: dict[str, Any] = {"first": 1}
    return plots.shares(_rows(result, most), ax=ax, **{**defaults, **options})


def _rows(result: SigmaResult, most: int) -> pd.DataFrame:
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise DataError(f"most={most!r} is not a whole number from 1 up.")
    return result.tidy().head(most + 1).replace({"path": {"total": "total effect"}})


POSTERIOR: Mapping[str, Callable[..., Axes]] = {"arrows": draw_posterior, "matrix": draw_matrix}
RESULT: Mapping[str, Callable[..., Axes]] = {
    "pathways": draw_pathways,
    "variance": draw_variance,
    "arrows": draw_arrows,
}
