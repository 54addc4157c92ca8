"""Cross-fitted multiply robust mediation with gradient boosting alone, as written elsewhere.

A plain reimplementation that shares no code with causalif: five folds, every nuisance one
histogram gradient boosting, one-step estimate, standard error from the influence function,
probabilities kept within [.01, .99]. Regressions are fitted per exposure arm, so the
pseudo-outcomes of the nested regression are predictions for rows that their model has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import StratifiedKFold

Array = np.ndarray
CLIP = 0.01


@dataclass(frozen=True)
class Plugins:
    """Predicted nuisances, one value a row; exposure is 0 or 1."""

    propensity: Array  # P(A=1 | W)
    propensity_given_mediators: Array  # P(A=1 | M, W)
    outcome_0: Array  # E[Y | A=0, W]
    outcome_1: Array  # E[Y | A=1, W]
    outcome_given_mediators: Array  # E[Y | A=1, M, W]
    nested: Array  # E[ E[Y | A=1, M, W] | A=0, W]


def uncentred(a: Array, y: Array, p: Plugins) -> dict[str, Array]:
    """Uncentred influence values of the effects (Tchetgen Tchetgen & Shpitser 2012, thm 1)."""
    g, e = p.propensity, p.propensity_given_mediators
    mean_1 = a / g * (y - p.outcome_1) + p.outcome_1
    mean_0 = (1 - a) / (1 - g) * (y - p.outcome_0) + p.outcome_0
    crossed = (
        a / (1 - g) * (1 - e) / e * (y - p.outcome_given_mediators)
        + (1 - a) / (1 - g) * (p.outcome_given_mediators - p.nested)
        + p.nested
    )
    return {"TE": mean_1 - mean_0, "NDE": crossed - mean_0, "NIE": mean_1 - crossed}


def cross_fit(
    w: Array, a: Array, m: Array, y: Array, *, seed: int, folds: int = 5, **trees: Any
) -> Plugins:
    """Out-of-fold `Plugins`; `trees` are settings of the gradient boosting."""
    mw, binary = np.column_stack([m, w]), bool(np.isin(y, (0, 1)).all())

    def share(x: Array, target: Array, new: Array) -> Array:
        model = HistGradientBoostingClassifier(random_state=seed, **trees).fit(x, target)
        return model.predict_proba(new)[:, 1]

    def mean(x: Array, target: Array, new: Array) -> Array:
        return HistGradientBoostingRegressor(random_state=seed, **trees).fit(x, target).predict(new)

    outcome = share if binary else mean
    out = {name: np.empty(len(y)) for name in Plugins.__annotations__}
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(w, a):
        arm_0, arm_1 = train[a[train] == 0], train[a[train] == 1]
        out["propensity"][test] = share(w[train], a[train], w[test]).clip(CLIP, 1 - CLIP)
        out["propensity_given_mediators"][test] = share(mw[train], a[train], mw[test]).clip(
            CLIP, 1 - CLIP
        )
        out["outcome_0"][test] = outcome(w[arm_0], y[arm_0], w[test])
        out["outcome_1"][test] = outcome(w[arm_1], y[arm_1], w[test])
        both = np.concatenate([arm_0, test])
        predicted = outcome(mw[arm_1], y[arm_1], mw[both])
        out["outcome_given_mediators"][test] = predicted[len(arm_0) :]
        out["nested"][test] = mean(w[arm_0], predicted[: len(arm_0)], w[test])
    return Plugins(**out)
