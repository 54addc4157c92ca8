"""E-values: how strong a confounder must be, on the scale of risk ratios, to explain a term."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalif.effects.sensitivity.confounding import Contrast, difference, names_of

if TYPE_CHECKING:
    from causalif.effects.result import EffectEstimate
    from causalif.estimate import Estimate

# log risk ratio per standard deviation of a continuous outcome (Chinn 2000).
PER_DEVIATION = 0.91


def e_value(risk_ratio: float) -> float:
    """RR + sqrt(RR (RR - 1)), of 1 / RR where it is below one.

    References
    ----------
    .. [1] VanderWeele & Ding (2017), Annals of Internal Medicine 167(4):268-274.

    Examples
    --------
    >>> round(e_value(3.9), 2), e_value(1.0), round(e_value(1 / 3.9), 2)
    (7.26, 1.0, 7.26)
    """
    ratio = max(risk_ratio, 1 / risk_ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def e_value_of_limit(low: float, high: float) -> float:
    """The E-value of the confidence limit of a risk ratio nearest to one; 1 if it is covered.

    Examples
    --------
    >>> round(e_value_of_limit(1.8, 8.7), 1), e_value_of_limit(0.9, 1.4)
    (3.0, 1.0)
    """
    if low <= 1 <= high:
        return 1.0
    return e_value(low if low > 1 else high)


def e_values(
    effect: EffectEstimate, contrast: Contrast, null: float, level: float
) -> tuple[float, float]:
    """E-values of a term and of its confidence limit; NaN where a mean is not positive."""
    ratio = _log_ratio(effect, contrast, null)
    if ratio is None:
        return np.nan, np.nan
    low, high = np.exp(ratio.confint(level).to_numpy()[0])
    return e_value(float(np.exp(float(ratio)))), e_value_of_limit(low, high)


def takes_ratio_of_means(effect: EffectEstimate) -> bool:
    """Whether the outcome has a natural zero: binary, a time, or analysed as a ratio."""
    outcome, scale = effect.design.outcome, effect.recipe.settings.scale
    return outcome.kind == "binary" or outcome.survival is not None or scale != "difference"


def _log_ratio(effect: EffectEstimate, contrast: Contrast, null: float) -> Estimate | None:
    """Log risk ratio, over the one that a difference equal to `null` would give."""
    if not takes_ratio_of_means(effect):
        return (difference(effect, contrast) - null) * (PER_DEVIATION / _deviation(effect))
    means = effect.means[names_of(effect, contrast.worlds)]
    one, zero = means.values
    if min(one, zero, zero + null) <= 0:
        return None
    return means.transform(lambda v: np.log(v[:1] / (v[1:] + null)), ["log risk ratio"])


def _deviation(effect: EffectEstimate) -> float:
    """Standard deviation of the outcome among rows where it was observed."""
    outcome, weights = effect.design.outcome, effect.design.weights
    seen = outcome.observed
    sampling = None if weights is None else weights[seen]
    y = outcome.values[seen]
    centre = np.average(y, weights=sampling)
    return float(np.sqrt(np.average((y - centre) ** 2, weights=sampling)))
