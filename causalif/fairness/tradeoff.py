"""The price of fairness: utility and gaps along the line, with joint standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import (
    Problems,
    check_choice,
)
from causalif.fairness.along import cosines_of, estimate_of, measured_of, mixed
from causalif.fairness.asked import read_clusters, read_measures, read_places
from causalif.fairness.curve import TradeoffCurve
from causalif.fairness.few import few_events, warn_of_few
from causalif.fairness.inputs import check_dimensions
from causalif.fairness.learning import NOTIONS, REDUCTIONS, Choices, learn
from causalif.fairness.others import warn_if_won_back
from causalif.fairness.points import UNMITIGATED, climb, fixed
from causalif.fairness.problem import read_problem
from causalif.fairness.representation import named_directions


def fairness_tradeoff(
    data: Any,
    outcome: str,
    sensitive: str | Sequence[str],
    features: str | Sequence[str] | None = None,
    *,
    model: Any = "auto",
    shared: float | Sequence[float] | None = None,
    measures: str | Sequence[str] | None = None,
    notion: str = "demographic_parity",
    reduction: str = "sir",
    target_dim: int | str = "auto",
    sensitive_dim: int | str = "auto",
    keep_residual: bool = False,
    near_shared: float = 0.95,
    threshold: float = 0.5,
    positive: Any = None,
    reference: Any = None,
    folds: int = 5,
    weights: Any = None,
    clusters: Any = None,
    seed: Any = None,
    progress: bool | None = None,
) -> TradeoffCurve:
    """How much accuracy fairness costs: a curve with its influence function.

    Predictions are made without the sensitive attribute: from a representation of the features
    that shares nothing with it (0.0), from all features (1.0), or between; each utility and gap is
    estimated at every place, with the uncertainty of the representation in its standard error.

    Parameters
    ----------
    data : DataFrame
    outcome : str
        Two levels, or numbers.
    sensitive : str or list of str
        Categorical columns. All are taken out; gaps are between their combinations.
    features : str or list of str, optional
        By default all other columns. Text and categories become indicators.
    model : "auto" or scikit-learn estimator
        "auto": logistic for a binary outcome, else linear. Another learner is fitted on each
        representation; predictions are of rows held out, and standard errors then hold them
        fixed.
    shared : float, int, or sequence of either, optional
        Floats are places on the line between the linear predictors at 0.0 and at 1.0; whole
        numbers alone are counts of shared directions. By default 0.0, 0.1, ..., 1.0; with another
        learner all counts.
    measures : str or list of str, optional
        See ``cif.fairness.measures.MEASURES``. By default accuracy, log loss, AUC and the usual
        gaps; of numbers mean squared error, mean score, calibration and loss by group.
    notion, reduction, target_dim, sensitive_dim, keep_residual, near_shared
        As in `FairSubspace`.
    threshold : float, default 0.5
        Probability from which the decision is favourable.
    positive, reference : optional
        The favourable level (by default the last), the group compared with (the first).
    folds : int, default 5
        Measures are of rows held out. 1: of the rows that were fitted.
    weights, clusters : str or array, optional
    seed : int or Generator, optional
        Draws folds, and resamples where dimensions are chosen.
    progress : bool, optional

    Returns
    -------
    TradeoffCurve
        An `Estimate` over measures and places, with ``.tidy()``, ``.plot()``, ``.compare()``,
        ``.shared_for()``, ``.cosines``, ``.leakage()``.

    Raises
    ------
    DataError
        Anything that cannot be used, before any fit.

    Warns
    -----
    SmallSampleWarning
        A group below 30 rows, or whose value is an average over fewer than 10 at some place.
    DataWarning
        A learner that is not linear with `keep_residual`: it can win the attribute back.

    References
    ----------
    .. [1] Shi, Bhagwat, Yang, Kong & Jiang (2025), Understanding Fairness and Prediction Error
           through Subspace Decomposition and Influence Analysis. NeurIPS.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sex = rng.integers(0, 2, 500)
    >>> frame = pd.DataFrame(rng.normal(size=(500, 3)), columns=["a", "b", "c"])
    >>> frame["a"] += sex
    >>> frame["good"] = (frame.sum(axis=1) + rng.normal(size=500) > 0).astype(int)
    >>> frame["sex"] = np.where(sex, "M", "F")
    >>> curve = cif.fairness_tradeoff(
    ...     frame, "good", "sex", shared=[0.0, 1.0], measures="demographic_parity", seed=1
    ... )
    >>> curve.tidy()[["term", "shared"]].to_dict("list")
    {'term': ['demographic_parity', 'demographic_parity'], 'shared': [0.0, 1.0]}
    """
    problems = Problems()
    check_choice(problems, "notion", notion, NOTIONS)
    check_choice(problems, "reduction", reduction, REDUCTIONS)
    check_dimensions(problems, target_dim=target_dim, sensitive_dim=sensitive_dim)
    if not isinstance(folds, int) or folds < 1:
        problems.add(f"folds={folds!r} is not a whole number of at least 1.")
    if not 0 < threshold < 1:
        problems.add(f"threshold={threshold!r} is not between 0 and 1.")
    problems.raise_if_any()
    problem = read_problem(
        data, outcome, sensitive, features, positive=positive, reference=reference, weights=weights
    )
    names = read_measures(measures, problem.logistic)
    rng = np.random.default_rng(seed)
    choices = Choices(target_dim, sensitive_dim, notion, reduction, near_shared)
    learned = learn(
        problem.values,
        problem.target.codes,
        problem.codes,
        choices,
        weights=problem.weights,
        rng=rng,
    )
    most = learned.subspaces.most_shared
    linear = isinstance(model, str)
    places = read_places(shared, most, linear)
    if not linear and keep_residual:
        warn_if_won_back(problem, learned, model, np.random.default_rng(0))
    rungs = climb(
        problem,
        learned,
        sorted({k for mix in places.values() for k in mix} | {UNMITIGATED}),
        fixed(choices, learned),
        learner=None if linear else model,
        keep_residual=keep_residual,
        folds=folds,
        rng=rng,
        progress=progress,
    )
    sampling = {"weights": problem.weights, "clusters": read_clusters(data, clusters)}
    at = {
        place: measured_of(problem, rungs, mix, names, threshold) for place, mix in places.items()
    }
    label = f"fairness of predictions of {outcome}"
    curve = estimate_of(problem, at, label, sampling)
    few = few_events(problem, rungs, list(places.values()), names, threshold)
    warn_of_few(few, problem.groups)
    raw = measured_of(problem, rungs, {UNMITIGATED: 1.0}, names, threshold)
    directions, loadings = named_directions(learned, most, keep_residual=keep_residual)
    return TradeoffCurve.from_estimate(
        curve,
        places=tuple(place for place, found in at.items() for _ in found),
        terms=tuple(term for found in at.values() for term in found),
        unmitigated=estimate_of(problem, {None: raw}, f"{label}, all features", sampling),
        cosines=cosines_of(problem, learned, sampling),
        loadings=pd.DataFrame(loadings, index=directions, columns=list(problem.features.names)),
        scores=pd.DataFrame(
            {place: mixed(rungs, mix).linear for place, mix in places.items()}, index=problem.index
        ),
        groups=problem.groups,
        few=few,
        choices=fixed(choices, learned),
        evidence=learned.evidence,
        frozen=not linear,
        held_out=folds > 1,
        logistic=problem.logistic,
    )
