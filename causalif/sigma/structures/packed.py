"""Lists of parent sets as the flat arrays that the compiled code reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.scores.subsets import sum_over_subsets
from causalif.sigma.structures.kernel import Lists

# Tables of a node: all its possible parents where there are so few, else the most frequent.
ALL_IN_CORE = 13
CORE = 10


@dataclass(frozen=True)
class _Packed:
    """One node's part of `Lists`."""

    core: np.ndarray
    outside: np.ndarray
    sums: np.ndarray
    counts: np.ndarray
    masks: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, masks: np.ndarray, scores: np.ndarray, nodes: int) -> _Packed:
        scores = scores - scores[0]
        core = _core(masks, nodes)
        inside = np.sum(1 << core, dtype=np.int64)
        outside, group, counts = np.unique(masks & ~inside, return_inverse=True, return_counts=True)
        sums = np.full((len(outside), 2 ** len(core)), -np.inf)
        at = ((masks[:, None] >> core) & 1) @ (1 << np.arange(len(core)))
        sums[group, at] = scores
        order = np.argsort(group, kind="stable")  # scores fall within each group
        tables = sum_over_subsets(sums).ravel()
        return cls(core, outside, tables, counts, masks[order], scores[order])


def _core(masks: np.ndarray, nodes: int) -> np.ndarray:
    """The nodes that are in most of the sets; all of them where they are few."""
    often = ((masks[:, None] >> np.arange(nodes)) & 1).sum(axis=0)
    occur = int(np.count_nonzero(often))
    most = occur if occur <= ALL_IN_CORE else CORE
    return np.sort(np.argsort(-often, kind="stable")[:most]).astype(np.int64)


def _starts(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def pack(sets: ParentSets) -> Lists:
    """Group each node's parent sets by their members outside its core, and sum them.

    Examples
    --------
    >>> sets = ParentSets.of("AB", [np.array([0]), np.array([0, 1])],
    ...                      [np.array([0.0]), np.array([-1.0, 2.0])])
    >>> lists = pack(sets)
    >>> lists.masks.tolist(), lists.scores.tolist()
    ([0, 1, 0], [0.0, 0.0, -3.0])
    >>> lists.sums.round(3).tolist()  # A; B without A, B with or without
    [0.0, -3.0, 0.049]
    """
    nodes = len(sets.names)
    core = np.zeros((nodes, ALL_IN_CORE), dtype=np.int64)
    size, members = np.zeros(nodes, dtype=np.int64), np.zeros(nodes, dtype=np.int64)
    packed = [
        _Packed.of(own, values, nodes) for own, values in zip(sets.masks, sets.scores, strict=True)
    ]
    for node, own in enumerate(packed):
        size[node] = len(own.core)
        core[node, : len(own.core)] = own.core
        members[node] = np.bitwise_or.reduce(own.masks)
    outside = np.concatenate([own.outside for own in packed])
    widths = np.concatenate([np.full(len(own.outside), 2 ** len(own.core)) for own in packed])
    counts = np.concatenate([own.counts for own in packed])
    return Lists(
        core,
        size,
        members,
        _starts(np.array([len(own.outside) for own in packed])),
        outside,
        _starts(widths)[:-1].copy(),
        np.concatenate([own.sums for own in packed]),
        _starts(counts),
        np.concatenate([own.masks for own in packed]),
        np.concatenate([own.scores for own in packed]),
    )
