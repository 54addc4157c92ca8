"""Where nodes stand whose arrows may go either way: each pair is joined by one line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from causalif.report.layout import routes
from causalif.report.layout.columns import by_rank, by_tier
from causalif.report.layout.layered import layered

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# In a graph that would be wider only arrows of a higher probability go from left to right.
LEADS, MOST_COLUMNS = (0.0, 0.3, 0.5), 6
ROOM = np.array([40.0, 12.0])  # between boxes, more than without numbers on the lines


def paired(
    nodes: pd.DataFrame, arrows: pd.DataFrame, sizes: Floats
) -> tuple[Ints, Floats, list[Floats]]:
    """Pairs that are joined, centres of the boxes, and the line of each pair.

    Parameters
    ----------
    nodes : DataFrame
        Columns ``order`` and ``role``, and perhaps ``tier`` and ``side``.
    arrows : DataFrame
        Columns ``tail``, ``head`` and ``probability``.
    sizes : array, shape (n, 2)
        Of the boxes.

    Returns
    -------
    pairs : array of int, shape (m, 2)
    centres : array, shape (n, 2)
    lines : list of arrays, shape (k, 2)
        Each from the border of its first box to that of its second.
    """
    pairs, probability = joined(nodes, arrows)
    columns = _columns(nodes, pairs, probability)
    layout = layered(
        sizes + ROOM,
        pairs,
        columns=columns,
        side=nodes["side"].to_numpy(dtype=np.intp) if "side" in nodes.columns else None,
        baseline=np.flatnonzero(nodes["role"].isin(["exposure", "outcome"])).tolist(),
    )
    lines: list[Floats] = []
    for (one, other), corridor in zip(pairs.tolist(), layout.corridors, strict=True):
        turned = columns[one] > columns[other]
        ends = (other, one) if turned else (one, other)
        if columns[one] == columns[other]:
            line = routes.between(layout.centres, sizes, ends)
        else:
            line = routes.along(corridor, layout.centres, sizes, ends)
        line = routes.trimmed(line, layout.centres, sizes, ends)
        lines.append(line[::-1] if turned else line)
    return pairs, layout.centres, lines


def joined(nodes: pd.DataFrame, arrows: pd.DataFrame) -> tuple[Ints, Floats]:
    """The pairs that some arrow joins, each once, and how probable they are in this direction.

    Parameters
    ----------
    nodes : DataFrame
        Column ``order``: pairs go from lower to higher.
    arrows : DataFrame
        Columns ``tail``, ``head`` and ``probability``.

    Examples
    --------
    >>> nodes = pd.DataFrame({"order": [1, 0, 2]})
    >>> arrows = pd.DataFrame({"tail": [0, 1, 0], "head": [1, 0, 2]})
    >>> arrows["probability"] = [0.2, 0.7, 0.3]
    >>> pairs, probability = joined(nodes, arrows)
    >>> pairs.tolist(), probability.tolist()
    ([[1, 0], [0, 2]], [0.7, 0.3])
    """
    order = nodes["order"].to_numpy()
    found: dict[tuple[int, int], float] = {}
    for tail, head, p in zip(arrows["tail"], arrows["head"], arrows["probability"], strict=True):
        pair = (int(tail), int(head)) if order[tail] < order[head] else (int(head), int(tail))
        found[pair] = max(found.get(pair, 0.0), float(p) if pair[0] == tail else 0.0)
    return np.array(list(found), dtype=np.intp).reshape(-1, 2), np.array(list(found.values()))


def _columns(nodes: pd.DataFrame, pairs: Ints, probability: Floats) -> Ints:
    """Columns with as many arrows from left to right as the width allows."""
    tiers = nodes["tier"].to_numpy(dtype=float) if "tier" in nodes.columns else None
    found = np.zeros(len(nodes), dtype=np.intp)
    for least in LEADS:
        leads = probability >= least
        if tiers is None:
            found = by_rank(len(nodes), pairs[leads], pairs[~leads])
        else:
            found = by_tier(len(nodes), pairs[leads], tiers)
        if len(np.unique(found)) <= MOST_COLUMNS:
            break
    return found
