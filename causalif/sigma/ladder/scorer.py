"""The flow ladder: BGe, and above it rungs for curves, noise of any shape and changing spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from causalif.errors import Problems, check_choice
from causalif.sigma.ladder.codes import SMOOTH, Codes
from causalif.sigma.ladder.evidence import FIRST
from causalif.sigma.ladder.rungs import RUNGS as FLOWS
from causalif.sigma.ladder.rungs import SETTINGS, Pair
from causalif.sigma.ladder.score_cache import Key, fingerprint
from causalif.sigma.scores.gaussian import standardised
from causalif.sigma.scores.parents import Scorer
from causalif.sigma.scores.subsets import log_sum

RUNGS = ("smooth", "spline", "scale")
# Chosen with the rungs on seeds that no report uses: benchmarks/sigma/ladder_studies.py.
WEIGHT = 0.02
WORTH = 4.0  # arrows then move by less than .01, by the study "borrowing"


@dataclass(frozen=True)
class Ladder:
    """Mixes BGe with the codes of all rungs; called as a scorer.

    Attributes
    ----------
    base : Scorer
    codes : Codes
    weight : float
        Of all rungs above BGe together.
    progress : bool or None
    threads : int
    """

    base: Scorer
    codes: Codes
    weight: float
    progress: bool | None
    threads: int

    def __call__(self, sets: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Log local scores per node, in the order of its parent sets."""
        base = self.base(sets)
        if len(self.codes.values) <= FIRST:
            return base
        pairs = [[(node, int(mask)) for mask in masks] for node, masks in enumerate(sets)]
        self.codes.fill([pair for own in pairs for pair in own], self.progress, self.threads)
        return [
            np.array([self._mixed(*one) for one in zip(own, scores, strict=True)], dtype=float)
            for own, scores in zip(pairs, base, strict=True)
        ]

    def _mixed(self, pair: Pair, base: float) -> float:
        codes = self.codes.of(pair, base)
        rungs = np.log(self.weight / len(codes)) + codes
        return log_sum(np.append(rungs, np.log1p(-self.weight) + base))


def ladder_scorer(
    values: np.ndarray,
    *,
    base: Scorer,
    seed: int,
    rungs: Sequence[str] = RUNGS,
    weight: float = WEIGHT,
    worth: float = WORTH,
    orders: int = 1,
    cache: dict[Key, float] | None = None,
    progress: bool | None = None,
    threads: int = 1,
) -> Scorer:
    """A scorer that adds to BGe what curves, noise and spread say of directions.

    The local score is log((1 - weight) exp(BGe) + weight * mean over rungs of exp(code)). Where
    the data are linear and Gaussian BGe codes them best, and graphs of one equivalence class
    keep equal scores; flows alone would tell them apart by what each happens to overfit.
    With up to 50 rows the score is BGe.

    Parameters
    ----------
    values : ndarray, shape (n, d)
        Raw numbers; standardised here.
    base : Scorer
        BGe of the same columns.
    seed : int
        Of the order in which rows are coded.
    rungs : sequence of str
        "smooth": a curve in the mean, Gaussian noise, evidence in closed form on all rows.
        "spline": a line, noise of any shape. "mean": a curve, Gaussian noise. "additive": a
        curve, noise of any shape. "scale": a curve, another in the log scale, noise of any
        shape. All but the first are coded block after block. Without parents the code of
        "smooth" and "mean" is BGe, that of "additive" and "scale" is that of "spline".
    weight : float
    worth : float
        Parent sets with a parent that takes so many nats off the smooth evidence borrow the
        flows of the set without it; see `Codes`.
    orders : int
        How many orders of the rows codes are averaged over.
    cache : dict, optional
        Keeps codes; a `ScoreCache` with a path is written after every batch, so that a run
        that was killed goes on from there with the same scores.
    progress : bool, optional
        By default a bar where someone sees it.
    threads : int
        Processes that work side by side; scores do not depend on it.

    Returns
    -------
    Scorer

    Raises
    ------
    DataError
        No or unknown rungs, a weight outside (0, 1), no order.

    Examples
    --------
    >>> from functools import partial
    >>> from causalif.sigma.scores.gaussian import Moments, bge_totals
    >>> from causalif.sigma.scores.totals import local_from_totals
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=200)
    >>> data = np.column_stack([x, x**2 + 0.5 * rng.normal(size=200)])
    >>> bge = partial(local_from_totals, partial(bge_totals, Moments.of(data)))
    >>> scorer = ladder_scorer(data, base=bge, seed=1, progress=False)
    >>> forwards, backwards = scorer([np.array([0, 2]), np.array([0, 1])])
    >>> bool(forwards[0] + backwards[1] > forwards[1] + backwards[0] + 20)  # x -> y
    True
    """
    _check(rungs, weight, orders)
    scaled = standardised(np.asarray(values, dtype=float))
    rng = np.random.default_rng(seed)
    shuffled = tuple(rng.permutation(len(scaled)) for _ in range(orders))
    mark = fingerprint(scaled, seed, orders, SETTINGS)
    kept = {} if cache is None else cache
    return Ladder(
        base, Codes(scaled, shuffled, tuple(rungs), worth, mark, kept), weight, progress, threads
    )


def _check(rungs: Sequence[str], weight: float, orders: int) -> None:
    problems = Problems()
    for rung in rungs:
        check_choice(problems, "rung", rung, (SMOOTH, *FLOWS))
    if not rungs:
        problems.add("rungs is empty.", "Take BGe itself, or name some.")
    if not 0 < weight < 1:
        problems.add(f"weight={weight!r} is not between 0 and 1.")
    if orders < 1:
        problems.add(f"orders={orders!r} is less than 1.")
    problems.raise_if_any()
