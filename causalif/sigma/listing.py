"""Which parent sets are listed, and how each is scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from causalif.data.variables import Variable
from causalif.sigma.checkpoint import Checkpoint
from causalif.sigma.scores.candidates import candidate_sets, lost_mass
from causalif.sigma.scores.columns import MOST_LEVELS
from causalif.sigma.scores.nodes import Nodes, score_parent_sets
from causalif.sigma.scores.parents import ParentSets, Scorer
from causalif.sigma.scores.tables import MOST_NODES

if TYPE_CHECKING:
    from causalif.sigma.learn import Settings

# Flows are fitted set by set: without limit they are too many from six nodes on.
FEW_NODES, FEW_PARENTS = 5, 3
LOOKED_AT = 20  # graphs in whose order it is seen what the list leaves out


def scored(nodes: Nodes, settings: Settings, kept: Checkpoint) -> tuple[ParentSets, dict[str, Any]]:
    """The parent sets that are looked at, with their scores.

    Up to 14 nodes these are all that background knowledge permits; above, subsets of each
    node's candidates and one parent from outside.

    Parameters
    ----------
    nodes : Nodes
    settings : Settings
    kept : Checkpoint
    """
    whole = nodes
    if settings.score == "ladder":
        whole = replace(nodes, scorer=_by_ladder(nodes, settings, kept))
    sets = _listed(nodes, settings)
    return score_parent_sets(whole, sets, settings.prior), {
        "parent_sets": sum(len(masks) for masks in sets)
    }


def _listed(nodes: Nodes, settings: Settings) -> list[np.ndarray]:
    if len(nodes.names) <= MOST_NODES:
        return nodes.knowledge.parent_sets()
    return candidate_sets(nodes, count=settings.candidates, prior=settings.prior)


def _by_ladder(nodes: Nodes, settings: Settings, kept: Checkpoint) -> Scorer:
    """The ladder where flows can be fitted; elsewhere its lowest rung alone."""
    from causalif.sigma.ladder.scorer import WEIGHT

    most = len(nodes.names)
    if most > FEW_NODES:
        most = max(FEW_PARENTS, int(np.bitwise_count(nodes.knowledge.required).max()))
    less, dense = float(np.log1p(-WEIGHT)), tuple(map(_has_density, nodes.variables))
    return partial(_small_and_large, kept.ladder(nodes, settings), nodes.scorer, dense, most, less)


def _has_density(variable: Variable) -> bool:
    """Whether its values are many: a flow would put ever narrower peaks on a few."""
    return variable.numbers is not None and len(np.unique(variable.numbers)) > MOST_LEVELS


def _small_and_large(
    ladder: Scorer,
    base: Scorer,
    dense: Sequence[bool],
    most: int,
    less: float,
    sets: Sequence[np.ndarray],
) -> list[np.ndarray]:
    """The ladder's scores of small sets, for nodes that have a density; else what BGe gives."""
    small = [
        (np.bitwise_count(masks) <= most) & has for masks, has in zip(sets, dense, strict=True)
    ]
    own = ladder([masks[which] for masks, which in zip(sets, small, strict=True)])
    found = base(sets)
    for scores, which, better, has in zip(found, small, own, dense, strict=True):
        scores += less if has else 0.0
        scores[which] = better
    return found


def lost(nodes: Nodes, sets: ParentSets, draws: np.ndarray, settings: Settings) -> dict[str, float]:
    """For every node the estimated share of its parent sets that is not listed."""
    some = draws[:: max(1, len(draws) // LOOKED_AT)][:LOOKED_AT]
    shares = lost_mass(nodes, sets.masks, some, settings.prior)
    return dict(zip(nodes.names, np.round(shares, 6).tolist(), strict=True))
