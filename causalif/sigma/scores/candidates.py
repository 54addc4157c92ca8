"""Which parent sets are worth listing where there are too many nodes for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from causalif.sigma.scores.knowledge import Knowledge, subsets_up_to
from causalif.sigma.scores.nodes import Nodes, log_prior
from causalif.sigma.scores.subsets import log_sum, members

CANDIDATES = 10
# How many of the best sets are joined with one more parent, or two, to see what that adds.
BEST = 32


def choose_candidates(
    nodes: Nodes,
    *,
    count: int = CANDIDATES,
    prior: str = "uniform",
    first: np.ndarray | None = None,
) -> np.ndarray:
    """The candidate parents of each node, as bitmasks, shape (d,).

    They are found one by one: the next is the one for which the sets that contain it, joined
    with the best sets so far, have the largest sum. A parent that counts only beside others is
    found after these.

    Parameters
    ----------
    nodes : Nodes
    count : int
        Candidates per node, besides the parents that are required.
    prior : {"uniform", "fair"}
    first : ndarray of int64, shape (d,), optional
        Candidates that are there to begin with.

    References
    ----------
    .. [1] Viinikka et al. (2020), Towards scalable Bayesian learning of causal DAGs, NeurIPS 33.
    """
    known, most = nodes.knowledge, most_parents(nodes.knowledge, None)
    chosen = np.zeros(len(nodes.names), dtype=np.int64)
    if first is not None:
        chosen |= first & known.allowed & ~known.required
    masks = [
        np.unique(np.append(must, must | np.int64(1) << members(int(own), len(nodes.names))))
        for must, own in zip(known.required, chosen, strict=True)
    ]
    scores = _score(nodes, masks, prior)
    while (wanting := size(chosen) < count).any():
        free = np.where(wanting, known.allowed & ~known.required & ~chosen, 0)
        if not free.any():
            break
        options = [np.int64(1) << members(int(own), len(known.names)) for own in free]
        bases = [_best(m, s, most - 1) for m, s in zip(masks, scores, strict=True)]
        tried = [(b | o[:, None]).ravel() for b, o in zip(bases, options, strict=True)]
        found = _score(nodes, tried, prior)
        if not any(map(len, tried)):
            break
        for node in range(len(chosen)):
            if len(tried[node]):
                rows = found[node].reshape(len(options[node]), -1)
                best = int(np.argmax([log_sum(row) for row in rows]))
                chosen[node] |= options[node][best]
                masks[node] = np.append(masks[node], tried[node].reshape(rows.shape)[best])
                scores[node] = np.append(scores[node], rows[best])
    return chosen


def candidate_sets(
    nodes: Nodes, chosen: np.ndarray, *, limit: int | None = None
) -> list[np.ndarray]:
    """List parent sets: subsets of each node's candidates, and one parent from outside.

    Parameters
    ----------
    nodes : Nodes
    chosen : ndarray of int64, shape (d,)
        The candidates of each node.
    limit : int, optional
        The most parents of a node in the list; by default no fewer than background knowledge
        allows. A limit loses far more than what is outside the candidates does: where an arrow
        may be turned round, common effects become parents.

    Returns
    -------
    list of ndarray of int64
        Per node, bitmasks in ascending order. Required parents are in all of them. What is not
        in them is lost: see `lost_mass`.

    References
    ----------
    .. [1] Kuipers, Suter & Moffa (2022), Efficient sampling and structure learning of Bayesian
           networks, Journal of Computational and Graphical Statistics 31, 639-650.

    Examples
    --------
    >>> from causalif.sigma.scores.nodes import read_nodes
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(200, 5)), columns=list("ABCDE"))
    >>> data["E"] += data["B"] + data["D"]
    >>> nodes = read_nodes(data)
    >>> masks = candidate_sets(nodes, choose_candidates(nodes, count=2), limit=2)
    >>> len(masks[4])  # subsets of B and D, and A or C with none or one of these
    10
    """
    known, most = nodes.knowledge, most_parents(nodes.knowledge, limit)
    sets = list[np.ndarray]()
    for must, may, own in zip(known.required, known.allowed, chosen, strict=True):
        outside = np.int64(1) << members(int(may & ~must & ~own), len(known.names))
        inner = must | subsets_up_to(members(int(own), len(known.names)), most - int(size(must)))
        sets.append(np.sort(np.concatenate([inner, _joined(inner, outside, most)])))
    return sets


def most_parents(known: Knowledge, limit: int | None) -> int:
    """The most parents of a node that are listed; required ones always are."""
    most = known.max_parents if limit is None else min(limit, known.max_parents)
    return max(most, int(size(known.required).max()))


def size(masks: np.ndarray) -> np.ndarray:
    """The number of members of each set."""
    return np.bitwise_count(masks).astype(np.int64)


def _joined(sets: np.ndarray, more: np.ndarray, most: int) -> np.ndarray:
    """Every set with every addition, as far as the number of parents allows."""
    found = np.unique(sets[:, None] | more)
    return found[size(found) <= most]


def _score(nodes: Nodes, sets: Sequence[np.ndarray], prior: str) -> list[np.ndarray]:
    count = len(nodes.names)
    local = nodes.scorer(sets)
    return [s + log_prior(m, count, prior) for s, m in zip(local, sets, strict=True)]


def _best(masks: np.ndarray, scores: np.ndarray, most: int) -> np.ndarray:
    some = size(masks) <= most
    return masks[some][np.argsort(-scores[some], kind="stable")[:BEST]]


def lost_mass(
    nodes: Nodes, sets: Sequence[np.ndarray], graphs: np.ndarray, prior: str = "uniform"
) -> np.ndarray:
    """The estimated share of each node's parent-set mass that is not listed, shape (d,).

    In an order of each graph, what a node could have as parents is what stands before it. Of
    that, the sets one step beyond the list (two parents from outside, joined with the best of
    the list) are scored, and their share in the sum of both is averaged over the graphs. What
    lies two steps beyond is not in it.

    Parameters
    ----------
    nodes : Nodes
    sets : sequence of ndarray of int64
        The list: bitmasks per node.
    graphs : ndarray of int, shape (count, d)
        Drawn from the posterior that the list gives.
    prior : {"uniform", "fair"}
    """
    listed = _score(nodes, sets, prior)
    shares = np.zeros((len(graphs), len(nodes.names)))
    for k, graph in enumerate(graphs):
        before = _before(graph)
        inside = [(own & ~before[j]) == 0 for j, own in enumerate(sets)]
        beyond = [
            _one_step(nodes, j, own[kept], scores[kept], before[j], own)
            for j, (own, scores, kept) in enumerate(zip(sets, listed, inside, strict=True))
        ]
        found = _score(nodes, beyond, prior)
        shares[k] = [
            _share(rest, scores[kept])
            for rest, scores, kept in zip(found, listed, inside, strict=True)
        ]
    return shares.mean(axis=0)


def _before(graph: np.ndarray) -> list[int]:
    """What stands before each node in an order of the graph, as bitmasks."""
    found, placed = [0] * len(graph), 0
    while placed != 2 ** len(graph) - 1:
        for node, parents in enumerate(graph.tolist()):
            if not placed >> node & 1 and parents & ~placed == 0:
                found[node] = placed
                placed |= 1 << node
    return found


def _one_step(
    nodes: Nodes, node: int, masks: np.ndarray, scores: np.ndarray, before: int, listed: np.ndarray
) -> np.ndarray:
    """The best of the list with one more parent from what stands before, if not listed."""
    known = nodes.knowledge
    free = before & int(known.allowed[node])
    more = np.int64(1) << members(free, len(known.names))
    best = masks[np.argsort(-scores, kind="stable")[:BEST]]
    reached = _joined(best, more, known.max_parents)
    return reached[~np.isin(reached, listed)]


def _share(part: np.ndarray, rest: np.ndarray) -> float:
    """What share of the sum of both the first has."""
    if not len(part):
        return 0.0
    inside = log_sum(part)
    return float(np.exp(inside - np.logaddexp(inside, log_sum(rest))))
