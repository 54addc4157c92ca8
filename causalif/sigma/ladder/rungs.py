"""Code lengths of flows: every block of rows under the flow that was fitted to those before."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from scipy.special import logsumexp
from torch import Tensor

from causalif.sigma.ladder import evidence
from causalif.sigma.ladder.evidence import (
    FIRST,
    curve_evidence,
    curve_features,
    linear_evidence,
    linear_features,
)
from causalif.sigma.ladder.fitting import (
    ENOUGH,
    GRID,
    KNOT_SPREAD,
    LEVEL_SPREAD,
    MOST_DAMPING,
    SCALE_SPREAD,
    TAIL_SPREAD,
    fit,
    start,
)
from causalif.sigma.ladder.flows import BINS, BOUND, FREEDOM, Features, Flow
from causalif.sigma.scores.subsets import members

# A last block shorter than this share of the rows before it joins the block before.
SHORT = 0.25
CENTRES = 20
WIDTH = 1.4
# Of which the best by the evidence of the rows at hand is taken.
VARIANCES = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
FIRST_STEPS = 30
NEXT_STEPS = 20
FINAL_STEPS = 100
# What codes depend on; a cache keeps those of other settings apart.
SETTINGS = (
    (FIRST, SHORT, CENTRES, WIDTH, VARIANCES, FIRST_STEPS, NEXT_STEPS, ENOUGH, MOST_DAMPING),
    (BINS, BOUND, FREEDOM, SCALE_SPREAD, KNOT_SPREAD, LEVEL_SPREAD, TAIL_SPREAD, GRID),
    (evidence.CENTRES, evidence.WIDTHS, evidence.VARIANCES),
)
# Numbers in the rows' gradients of one batch: 16 MiB.
AT_ONCE = 2**21


Pair = tuple[int, int]  # a node and the bitmask of its parents


@dataclass(frozen=True)
class Rung:
    """What is free beside a line and a scale: a curve in the shift, one in the scale, the noise."""

    curve: bool
    scale: bool
    spline: bool


RUNGS = {
    "linear": Rung(curve=False, scale=False, spline=False),
    "spline": Rung(curve=False, scale=False, spline=True),
    "mean": Rung(curve=True, scale=False, spline=False),
    "additive": Rung(curve=True, scale=False, spline=True),
    "scale": Rung(curve=True, scale=True, spline=True),
}


def without_parents(rung: str) -> str:
    """The rung that a rung comes down to where there are no parents; "linear" is BGe.

    Examples
    --------
    >>> without_parents("scale"), without_parents("mean"), without_parents("smooth")
    ('spline', 'linear', 'linear')
    """
    return "spline" if rung in RUNGS and RUNGS[rung].spline else "linear"


def block_ends(rows: int) -> list[int]:
    """The last row of each block: 50, 100, 200, ... and all.

    Examples
    --------
    >>> block_ends(1000), block_ends(210), block_ends(50)
    ([50, 100, 200, 400, 800, 1000], [50, 100, 210], [50])
    """
    ends = [min(FIRST, rows)]
    while 2 * ends[-1] < rows:
        ends.append(2 * ends[-1])
    if len(ends) > 1 and rows < (1 + SHORT) * ends[-1]:
        ends.pop()
    return [*ends, rows] if rows > ends[-1] else ends


def batches(pairs: Sequence[Pair], rows: int) -> list[list[Pair]]:
    """Pairs of (node, mask) of equal parent count together, as many as fit in memory."""
    found: list[list[Pair]] = []
    by_size: dict[int, list[Pair]] = {}
    for pair in pairs:
        by_size.setdefault(pair[1].bit_count(), []).append(pair)
    most = max(1, AT_ONCE // (rows * 64))
    for _, some in sorted(by_size.items()):
        found += [some[k : k + most] for k in range(0, len(some), most)]
    return found


def centres_of(parents: np.ndarray) -> np.ndarray:
    """The rows through which curves go: some of those that BGe codes for every rung."""
    return parents[: min(CENTRES, len(parents))]


def features_of(
    parents: np.ndarray, centres: np.ndarray, rung: Rung
) -> tuple[np.ndarray, np.ndarray]:
    """What shift and log scale of one pair are linear in, shapes (n, a) and (n, b)."""
    shift, scale = linear_features(parents), np.ones((len(parents), 1))
    if rung.curve and parents.shape[1]:
        curve = curve_features(parents, centres, WIDTH * np.sqrt(parents.shape[1]))
        shift = np.hstack([shift, curve])
        scale = np.hstack([scale, curve]) if rung.scale else scale
    return shift, scale


def _batch(values: np.ndarray, pairs: Sequence[Pair], rung: Rung) -> tuple[Features, Tensor]:
    """Features and values of all rows for pairs of equal parent count."""
    own: list[tuple[np.ndarray, np.ndarray]] = []
    for _, mask in pairs:
        parents = values[:, members(mask, values.shape[1])]
        own.append(features_of(parents, centres_of(parents), rung))
    shift, scale = (torch.from_numpy(np.stack(part)) for part in zip(*own, strict=True))
    nodes = np.ascontiguousarray(values[:, [node for node, _ in pairs]].T)
    return Features(shift, scale), torch.from_numpy(nodes)


def code_lengths(values: np.ndarray, pairs: Sequence[Pair], name: str) -> np.ndarray:
    """Log probability of each node given its parents, coded block after block by one rung.

    The rung may take over from BGe at the start of any block; the code is the average over
    these starts, so that a flow is not charged for all that it got wrong on few rows.

    Parameters
    ----------
    values : ndarray, shape (n, d)
        Standardised, in the order in which they are coded.
    pairs : sequence of (node, bitmask of parents)
        With equal numbers of parents.
    name : str
        A key of `RUNGS`.

    Returns
    -------
    ndarray, shape (pairs,)

    References
    ----------
    .. [1] Dawid (1984), Statistical theory: the prequential approach, Journal of the Royal
           Statistical Society A 147, 278-292.
    .. [2] van Erven, Grunwald & de Rooij (2012), Catching up faster by switching sooner,
           Journal of the Royal Statistical Society B 74, 361-417.
    """
    ends = block_ends(len(values))
    before = np.array([[linear_code(values[:end], pair) for end in ends] for pair in pairs])
    if len(ends) == 1:
        return before[:, 0]
    blocks = _flow_codes(values, pairs, RUNGS[name], ends)
    after = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1]
    return logsumexp(before[:, :-1] + after, axis=1) - np.log(blocks.shape[1])


def linear_code(values: np.ndarray, pair: Pair) -> float:
    """BGe of these rows."""
    node, mask = pair
    return linear_evidence(values[:, members(mask, values.shape[1])], values[:, node])


def _flow_codes(
    values: np.ndarray, pairs: Sequence[Pair], rung: Rung, ends: Sequence[int]
) -> np.ndarray:
    """Log density of every block but the first under the flow of all rows before it."""
    features, own = _batch(values, pairs, rung)
    found, flow = list[np.ndarray](), None
    for end, upto in pairwise(ends):
        before = features.rows(slice(end))
        pull = _pull(before, own[:, :end], pairs)
        if flow is None:
            flow = start(before, own[:, :end], pull, rung.spline)
        steps = NEXT_STEPS if found else FIRST_STEPS
        flow = fit(flow, before, own[:, :end], pull, steps)
        block = slice(end, upto)
        found.append(flow.log_density(features.rows(block), own[:, block]).sum(1).numpy())
    return np.stack(found, axis=1)


def _pull(features: Features, values: Tensor, pairs: Sequence[Pair]) -> Tensor:
    """The prior's precision of the weights of the shift, by the evidence of these rows."""
    found = torch.ones_like(features.shift[:, 0])
    for row, (_, mask) in enumerate(pairs):
        both, line = features.shift[row].numpy(), 1 + mask.bit_count()
        if both.shape[1] > line:
            column = values[row].numpy()
            logs = curve_evidence(both[:, :line], both[:, line:], column, VARIANCES)
            found[row, line:] = 1 / VARIANCES[int(logs.argmax())]
    return found


def fit_all_rows(values: np.ndarray, pairs: Sequence[Pair], rung: Rung) -> Flow:
    """The flows of pairs of equal parent count, fitted to every row."""
    features, own = _batch(values, pairs, rung)
    pull = _pull(features, own, pairs)
    return fit(start(features, own, pull, rung.spline), features, own, pull, FINAL_STEPS)


@contextmanager
def one_thread() -> Generator[None]:
    """Keep torch and numpy on one thread: batches are small, and run side by side instead."""
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
