"""Which parent sets are listed, and how each is scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from causalif.data.variables import Variable
from causalif.sigma.checkpoint import Checkpoint
from causalif.sigma.scores.candidates import candidate_sets, choose_candidates, lost_mass
from causalif.sigma.scores.columns import MOST_LEVELS
from causalif.sigma.scores.gaussian import standardised
from causalif.sigma.scores.nodes import Nodes, score_parent_sets
from causalif.sigma.scores.parents import ParentSets, Scorer
from causalif.sigma.scores.tables import MOST_NODES

if TYPE_CHECKING:
    from causalif.sigma.learn import Settings

# Flows are fitted set by set: without limit they are too many from six nodes on.
FEW_NODES, FEW_PARENTS = 5, 3
WORTH_A_LOOK = 3.0  # nats by which a curve explains more than a line
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
    knowledge = nodes.knowledge
    ladder = settings.score == "ladder"
    if len(nodes.names) <= MOST_NODES:
        near, sets = knowledge.allowed, knowledge.parent_sets()
    else:
        first = _curved(nodes, settings) if ladder else None
        near = choose_candidates(
            nodes, count=settings.candidates, prior=settings.prior, first=first
        )
        sets = candidate_sets(nodes, near)
    if ladder:
        nodes = replace(nodes, scorer=ladder_of(nodes, near, settings, kept))
    return score_parent_sets(nodes, sets, settings.prior), {
        "parent_sets": sum(len(masks) for masks in sets)
    }


def _curved(nodes: Nodes, settings: Settings) -> np.ndarray:
    """Per node, a few parents whose curve explains more of it than their line, shape (d,).

    Candidates are found by BGe, which does not see them.
    """
    from causalif.sigma.ladder.evidence import linear_evidence, smooth_evidence

    assert nodes.values is not None
    values, found = standardised(nodes.values), np.zeros(len(nodes.names), dtype=np.int64)
    for node, own in enumerate(values.T):
        gains = [
            smooth_evidence(values[:, [k]], own) - linear_evidence(values[:, [k]], own)
            if k != node else -np.inf
            for k in range(values.shape[1])
        ]  # fmt: skip
        best = np.argsort(gains)[::-1][: settings.candidates // 2]
        found[node] = sum(1 << int(k) for k in best if gains[k] > WORTH_A_LOOK)
    return found


def ladder_of(
    nodes: Nodes, near: np.ndarray, settings: Settings, kept: Checkpoint, order: int = 0
) -> Scorer:
    """The ladder where flows can be fitted; elsewhere its lowest rung alone.

    Parameters
    ----------
    nodes : Nodes
    near : ndarray of int64, shape (d,)
        The candidates of each node.
    settings : Settings
    kept : Checkpoint
    order : int, default 0
        Which of many orders of the rows they are coded in.
    """
    from causalif.sigma.ladder.scorer import WEIGHT

    most = len(nodes.names)
    if most > FEW_NODES:
        most = max(FEW_PARENTS, int(np.bitwise_count(nodes.knowledge.required).max()))
    where = Where(tuple(map(_has_density, nodes.variables)), near | nodes.knowledge.required, most)
    less = float(np.log1p(-WEIGHT))
    return partial(_small_and_large, kept.ladder(nodes, settings, order), nodes.scorer, where, less)


@dataclass(frozen=True)
class Where:
    """Which parent sets get flows.

    Attributes
    ----------
    dense : tuple of bool
        Whether each node's values are many.
    near : ndarray of int64, shape (d,)
        The candidates of each node.
    most : int
        Parents.
    """

    dense: tuple[bool, ...]
    near: np.ndarray
    most: int

    def small(self, node: int, masks: np.ndarray) -> np.ndarray:
        """Single parents, and small sets of candidates."""
        few = np.bitwise_count(masks) <= np.where(masks & ~self.near[node] == 0, self.most, 1)
        return few & self.dense[node]


def _has_density(variable: Variable) -> bool:
    """Whether its values are many: a flow would put ever narrower peaks on a few."""
    return variable.numbers is not None and len(np.unique(variable.numbers)) > MOST_LEVELS


def _small_and_large(
    ladder: Scorer, base: Scorer, where: Where, less: float, sets: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """The ladder's scores where flows are fitted; elsewhere its lowest rung alone."""
    small = [where.small(node, masks) for node, masks in enumerate(sets)]
    own = ladder([masks[which] for masks, which in zip(sets, small, strict=True)])
    found = base(sets)
    for scores, which, better, dense in zip(found, small, own, where.dense, strict=True):
        scores += less if dense else 0.0
        scores[which] = better
    return found


def lost(nodes: Nodes, sets: ParentSets, draws: np.ndarray, settings: Settings) -> dict[str, float]:
    """For every node the estimated share of its parent sets that is not listed."""
    some = draws[:: max(1, len(draws) // LOOKED_AT)][:LOOKED_AT]
    shares = lost_mass(nodes, sets.masks, some, settings.prior)
    return dict(zip(nodes.names, np.round(shares, 6).tolist(), strict=True))
