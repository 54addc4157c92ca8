"""What a reader must know before believing an effect: overlap, weights, balance, learners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.effects.potential import PotentialMean
from causalif.errors import PositivityWarning, warn
from causalif.nuisance.crossfit import Nuisances

# Weights that leave fewer effective rows than this carry no large-sample promise.
FEW_EFFECTIVE_ROWS = 30
# Below this share of floored rows, or of the squared influence they carry, all is well.
SHARE_WORTH_A_WARNING = 0.01
INFLUENCE_WORTH_A_WARNING = 0.10


@dataclass(frozen=True)
class Diagnostics:
    """Tables on the validity of an effect; of the first draw of the folds.

    Attributes
    ----------
    observed : int
        Rows with an observed outcome.
    folds, repeats : int
    floor : float
        Exposure probabilities below it were raised to it.
    propensity : DataFrame, n rows x levels
        P(exposure = level | covariates), or given the mediators as well where both are adjusted.
    overlap : DataFrame
        Per set of predictors: least probability, rows and share below the floor.
    weights : DataFrame
        Per world and residual: rows used, effective sample size, share of the largest.
    balance : DataFrame
        Standardised mean differences of the covariates before and after weighting.
    losses : DataFrame
        Held-out loss of every learner, relative to the best constant, and its weight.
    spread : Series or None
        Standard deviation of each term over the draws of the folds.
    outcome_weights, outcome_residuals : DataFrame, n rows x worlds
        What each world's mean weighs the outcome with (its Riesz representer), and the outcome
        minus its regression, 0 where the weight is.
    """

    observed: int
    folds: int
    repeats: int
    floor: float
    propensity: pd.DataFrame
    overlap: pd.DataFrame
    weights: pd.DataFrame
    balance: pd.DataFrame
    losses: pd.DataFrame
    spread: pd.Series | None
    outcome_weights: pd.DataFrame
    outcome_residuals: pd.DataFrame

    @property
    def effective_sample_size(self) -> float:
        """The least effective sample size of any weight."""
        return float(self.weights["effective_rows"].min())

    @property
    def least_propensity(self) -> float:
        """The least exposure probability before flooring."""
        return float(self.overlap["least"].min())


def diagnose(
    design: Design,
    nuisances: Nuisances,
    means: Mapping[str, PotentialMean],
    spread: pd.Series | None,
    repeats: int,
    adjusted: tuple[str, ...],
) -> Diagnostics:
    """Collect the tables of one draw of the folds; overlap and balance given `adjusted`."""
    propensity = nuisances.probability(adjusted)
    return Diagnostics(
        observed=int(design.outcome.observed.sum()),
        folds=nuisances.scheme.n_folds,
        repeats=repeats,
        floor=nuisances.floor,
        propensity=pd.DataFrame(
            propensity, index=design.index, columns=[str(a) for a in design.exposure.levels]
        ),
        overlap=nuisances.overlap(),
        weights=_weights(design, means),
        balance=balance(design, adjusted, propensity),
        losses=nuisances.losses,
        spread=spread,
        outcome_weights=_by_world(
            design, {world: next(iter(mean.weights.values())) for world, mean in means.items()}
        ),
        outcome_residuals=_by_world(
            design, {world: mean.residual for world, mean in means.items()}
        ),
    )


def _by_world(design: Design, columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame(dict(columns), index=design.index)


def _weights(design: Design, means: Mapping[str, PotentialMean]) -> pd.DataFrame:
    rows = []
    for world, mean in means.items():
        for term, weight in mean.weights.items():
            used = weight if design.weights is None else weight * design.weights
            total = used.sum()
            rows.append(
                {
                    "mean": world,
                    "residual": term,
                    "rows": int((used != 0).sum()),
                    "effective_rows": float(total**2 / (used**2).sum()),
                    "largest_share": float(abs(used).max() / total),
                }
            )
    return pd.DataFrame(rows)


def balance(design: Design, names: tuple[str, ...], propensity: np.ndarray) -> pd.DataFrame:
    """Largest standardised mean difference of each covariate over the contrasts.

    In units of the pooled standard deviation of the two groups before weighting
    (Austin 2009); weighted by the inverse exposure probability.
    """
    labels = [label for name in names for label in design.columns[name].labels]
    if not labels:
        return pd.DataFrame({"unadjusted": [], "weighted": []}, pd.Index([], name="covariate"))
    values = design.matrix(names)
    sampling = np.ones(design.n) if design.weights is None else design.weights
    groups = [design.exposure.codes == level for level in range(design.exposure.contrasted)]

    def difference(pair: tuple[int, int], weight: Sequence[np.ndarray]) -> np.ndarray:
        one, zero = (np.average(values[groups[g]], axis=0, weights=weight[g]) for g in pair)
        spread = [
            np.average((values[groups[g]] - np.average(values[groups[g]], axis=0)) ** 2, axis=0)
            for g in pair
        ]
        pooled = np.sqrt((spread[0] + spread[1]) / 2)
        return np.divide(one - zero, pooled, out=np.zeros_like(pooled), where=pooled > 0)

    plain = [sampling[g] for g in groups]
    weighted = [sampling[g] / propensity[g, a] for a, g in enumerate(groups)]
    columns: dict[str, np.ndarray] = {}
    for name, weight in (("unadjusted", plain), ("weighted", weighted)):
        by_pair = [difference(pair, weight) for pair in design.exposure.comparisons().values()]
        largest = np.argmax(np.abs(by_pair), axis=0)
        columns[name] = np.array([by_pair[k][j] for j, k in enumerate(largest)])
    return pd.DataFrame(columns, index=pd.Index(labels, name="covariate"))


def warn_on_positivity(
    design: Design,
    nuisances: Nuisances,
    found: Diagnostics,
    influence: np.ndarray,
    least_rows: int,
    adjusted: tuple[str, ...],
) -> None:
    """Warn when floored rows, or few effective rows, carry the answer."""
    worst = most_floored(nuisances)
    look = _where_to_look(nuisances, worst, adjusted)
    warn_of_floor(nuisances, influence, f"Look at {look}; set the floor with truncate=.")
    thin = found.weights.iloc[int(found.weights["effective_rows"].argmin())]
    if thin["effective_rows"] < max(FEW_EFFECTIVE_ROWS, least_rows):
        warn(
            f"the weights for {thin['mean']} ({thin['residual']}) leave an effective sample of "
            f"{thin['effective_rows']:.0f} out of {thin['rows']} rows. Intervals are not to be "
            "trusted at that size; compare levels that more people have.",
            PositivityWarning,
        )


def most_floored(nuisances: Nuisances) -> tuple[str, ...]:
    """The predictors given which most rows had a probability below the floor."""
    return max(nuisances.predictor_sets, key=lambda names: nuisances.below_floor(names).sum())


def warn_of_floor(nuisances: Nuisances, influence: np.ndarray, remedy: str) -> None:
    """Warn when rows with floored probabilities are many, or carry the answer.

    Parameters
    ----------
    nuisances : Nuisances
    influence : ndarray, shape (n, k)
    remedy : str
        What to do, in words.
    """
    design, worst = nuisances.design, most_floored(nuisances)
    sampling = np.ones(design.n) if design.weights is None else design.weights
    rows = nuisances.below_floor(worst)
    squared = (influence * sampling[:, None]) ** 2
    total = squared.sum(axis=0)
    carried = float((squared[rows].sum(axis=0) / np.where(total > 0, total, 1.0)).max())
    if rows.mean() > SHARE_WORTH_A_WARNING or carried > INFLUENCE_WORTH_A_WARNING:
        warn(
            f"{int(rows.sum())} of {design.n} rows ({rows.mean():.1%}) have a probability of some "
            f"level below {nuisances.floor:.2g} in {nuisances.describe(('exposure', worst))}; it "
            f"was raised to that floor, and these rows carry up to {carried:.0%} of the squared "
            f"influence. {remedy}",
            PositivityWarning,
        )


def _where_to_look(nuisances: Nuisances, worst: tuple[str, ...], adjusted: tuple[str, ...]) -> str:
    """The plot of these probabilities."""
    in_order = tuple(name for name in nuisances.design.columns if name in adjusted)
    return '.plot("overlap")' if worst == in_order else f'.plot("overlap", given={list(worst)})'
