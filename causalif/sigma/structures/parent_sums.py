"""The law of parent sets given a layering: sums over the listed sets, and draws from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.structures.layerings import Steps, distinct

# Entries of the tables of states by parent sets that are held at a time.
_ENTRIES = 2**21
# Sums below are taken again relative to their largest term: they lose digits, or all.
_TINY = 1e-250


@dataclass(frozen=True)
class States:
    """Distinct pairs of placed nodes and last layer, with sums over parent sets.

    Attributes
    ----------
    placed, last : ndarray of int64, shape (states,)
    within : ndarray, shape (states, d)
        Log of the sum over a node's parent sets within the placed nodes that touch the last
        layer; at the start, over the empty set. -inf: the node cannot be in the next layer.
    beyond : ndarray, shape (states, d)
        Log of the sum over its parent sets that are not within the placed nodes.
    """

    placed: np.ndarray
    last: np.ndarray
    within: np.ndarray
    beyond: np.ndarray

    @classmethod
    def among(
        cls, sets: ParentSets, placed: np.ndarray, last: np.ndarray
    ) -> tuple[States, np.ndarray]:
        """The distinct states of some steps, and which of them each step starts from."""
        first, number = distinct(placed, last)
        placed, last = placed[first], last[first]
        within, beyond = np.full((2, len(placed), len(sets.names)), -np.inf)
        for node, (masks, scores) in enumerate(zip(sets.masks, sets.scores, strict=True)):
            rows = np.flatnonzero((placed >> node) & 1 == 0)
            for some in _blocks(rows, len(masks)):
                inside = (masks & ~placed[some, None]) == 0
                beyond[some, node] = _log_sums(~inside, scores)
                allowed = _allowed(masks, placed[some], last[some], inside)
                within[some, node] = _log_sums(allowed, scores)
        return cls(placed, last, within, beyond), number

    @property
    def candidates(self) -> np.ndarray:
        """Which nodes can be in the next layer, bool, shape (states, d)."""
        return np.isfinite(self.within)


def _blocks(rows: np.ndarray, width: int) -> Iterator[np.ndarray]:
    size = max(_ENTRIES // max(width, 1), 1)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _allowed(
    masks: np.ndarray, placed: np.ndarray, last: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    return inside & (((masks & last[:, None]) != 0) | (placed == 0)[:, None])


def _log_sums(chosen: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Log of the sum of exp(scores) over the chosen ones, by row; the scores fall."""
    if not len(scores):
        return np.full(len(chosen), -np.inf)
    sums = chosen @ np.exp(scores - scores[0])
    small = np.flatnonzero(sums < _TINY)
    tops = np.full(len(sums), scores[0])
    if len(small):
        weights, tops[small] = _weights(chosen[small], scores)
        sums[small] = weights.sum(axis=1)
    with np.errstate(divide="ignore"):
        return np.log(sums) + tops


def _weights(chosen: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The terms relative to the largest that is chosen, and the log of that one."""
    tops = scores[chosen.argmax(axis=1)]
    # Those above the top are not chosen: no overflow on their account.
    return chosen * np.exp(np.minimum(scores - tops[:, None], 0.0)), tops


def draw_parents(sets: ParentSets, levels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw graphs with given layerings, with probability proportional to exp of their scores.

    Parameters
    ----------
    sets : ParentSets
    levels : ndarray of int, shape (count, d)
        The layer of each node; every node has a parent set that fits there.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (count, d)
    """
    steps, graphs = Steps.of(levels), np.zeros(levels.shape, dtype=np.int64)
    for node, (masks, scores) in enumerate(zip(sets.masks, sets.scores, strict=True)):
        at, uniform = steps.at[:, node], rng.random(len(levels))
        placed, last = steps.placed[at], steps.last[at]
        first, number = distinct(placed, last)
        order = np.argsort(number, kind="stable")
        for some in _blocks(np.arange(len(first)), len(masks)):
            ends = np.searchsorted(number[order], [some[0], some[-1] + 1])
            rows = order[ends[0] : ends[1]]
            own, before = placed[first[some]], last[first[some]]
            allowed = _allowed(masks, own, before, (masks & ~own[:, None]) == 0)
            weights, _ = _weights(allowed, scores)
            graphs[rows, node] = masks[_choose(weights, number[rows] - some[0], uniform[rows])]
    return graphs


def _choose(weights: np.ndarray, row: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """A column for each entry of `row`, with probabilities proportional to that row's weights."""
    sums = np.cumsum(weights, axis=1)
    sums /= sums[:, -1:]
    # Row r runs from r to r + 1, so that all rows are searched at once.
    sums += np.arange(len(sums))[:, None]
    below = np.minimum(row + uniform, np.nextafter(row + 1.0, 0.0))
    return np.searchsorted(sums.ravel(), below, side="right") - row * weights.shape[1]
