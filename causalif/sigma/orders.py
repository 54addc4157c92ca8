"""Does the ladder say the same of an arrow's direction whatever the order of the rows?

Flows are coded block after block, so that a rare row early or late changes the code. What is
said of a direction must not hang on that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from causalif.errors import ConvergenceWarning, warn
from causalif.sigma.listing import ladder_of
from causalif.sigma.scores.nodes import Nodes
from causalif.sigma.scores.parents import Scorer

if TYPE_CHECKING:
    from causalif.sigma.checkpoint import Checkpoint
    from causalif.sigma.learn import Settings

OTHERS = 2  # orders beside the one that scores
DECIDES = 2.0  # nats of odds by which an order takes a side
JOINED = 0.5


def directions(scorer: Scorer, allowed: np.ndarray) -> np.ndarray:
    """Log odds of the arrow from row to column against its reverse, two nodes by themselves.

    Parameters
    ----------
    scorer : Scorer
    allowed : ndarray of int64, shape (d,)
        The parents that each node may have.

    Returns
    -------
    ndarray, shape (d, d)
        NaN where one of the two arrows is not allowed.
    """
    nodes = len(allowed)
    single = np.int64(1) << np.arange(nodes, dtype=np.int64)
    sets = [np.append(np.int64(0), single[(allowed[j] & single) != 0]) for j in range(nodes)]
    gain = np.full((nodes, nodes), np.nan)
    for child, (masks, scores) in enumerate(zip(sets, scorer(sets), strict=True)):
        parents = np.log2(masks[1:]).astype(int)
        gain[parents, child] = scores[1:] - scores[0]
    return gain - gain.T


def check_orders(
    nodes: Nodes, settings: Settings, kept: Checkpoint, arrows: np.ndarray
) -> dict[str, list[float]]:
    """Pairs that are joined, and whose direction other orders of the rows turn round.

    Returns
    -------
    dict of str to list of float
        By pair ("A - B") the log odds of A -> B against B -> A in each order.

    Warns
    -----
    ConvergenceWarning
        There are some.
    """
    allowed = nodes.knowledge.allowed | nodes.knowledge.required
    odds = np.array(
        [
            directions(ladder_of(nodes, allowed, settings, kept, order), allowed)
            for order in range(1 + OTHERS)
        ]
    )
    found: dict[str, list[float]] = {
        f"{nodes.names[i]} - {nodes.names[j]}": odds[:, i, j].round(2).tolist()
        for i, j in _turned(odds)
        if arrows[i, j] + arrows[j, i] > JOINED
    }
    if found:
        _warn(found)
    return found


def _warn(found: dict[str, list[float]]) -> None:
    first, *_ = found
    odds = ", ".join(f"{value:+.1f}" for value in found[first])
    more = f", and of {', '.join(list(found)[1:5])} likewise" if len(found) > 1 else ""
    warn(
        f"the order of the rows decides a direction: log odds of {first.replace(' - ', ' -> ')} "
        f"against the reverse are {odds} in {1 + OTHERS} orders{more}. Do not trust these arrows; "
        "average over orders (orders=8), or say what comes first (tiers=).",
        ConvergenceWarning,
    )


def _turned(odds: np.ndarray) -> Sequence[tuple[int, int]]:
    """Pairs of which some order favours the one direction, and another the other."""
    low, high = odds.min(axis=0), odds.max(axis=0)  # NaN compares false
    both = np.argwhere((low < -DECIDES) & (high > DECIDES))
    return [(int(i), int(j)) for i, j in both if i < j]
