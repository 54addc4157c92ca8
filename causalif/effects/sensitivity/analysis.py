"""How strong an unmeasured confounder would have to be to change the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from causalif.effects.sensitivity.benchmarks import benchmark, covariates_of
from causalif.effects.sensitivity.confounding import contrasts_of, difference, strength
from causalif.effects.sensitivity.evalue import e_values, takes_ratio_of_means
from causalif.effects.sensitivity.reach import nuisances_of, reach
from causalif.effects.sensitivity.robustness import bounds, robustness
from causalif.errors import Problems, did_you_mean
from causalif.estimate import Estimate
from causalif.estimate.combine import combine
from causalif.estimate.inference import check_level
from causalif.estimate.references import bibliography

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalif.effects.result import EffectEstimate

REFERENCES = (
    "chernozhukov2022long",
    "vanderweele2017sensitivity",
    "smith2019mediational",
)


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """What an unmeasured confounder could do to each term; all on the difference scale.

    Strength is told by two shares. On the outcome's side: of the variance that the regression
    leaves of the outcome, among the rows that the term weighs (a partial R2). On the exposure's
    side: of the variance of the term's weights that the confounder would add; for a binary
    exposure near the partial R2 with the exposure, for indirect and direct effects near that
    with a normal mediator.

    Attributes
    ----------
    table : DataFrame
        A row per term: term, estimate, std_error, robustness_value (both shares at which the
        bias could be all there is between the estimate and the null), robustness_value_ci (the
        same for the end of the one-sided interval at `level`), e_value, e_value_ci (for the end
        of the two-sided interval nearest the null), against (which confounder).
    effects : Estimate
        The terms as differences of means.
    reach : Estimate
        Per term the bias that strength sqrt(outcome_r2 exposure_r2 / (1 - exposure_r2)) = 1
        allows, in units of the outcome.
    bounds : Estimate or None
        "<term> low" and "<term> high", where strengths were given.
    benchmarks : DataFrame or None
        Confounders as strong as observed covariates.
    outcome_r2, exposure_r2 : float or None
        The strengths of the bounds.
    level, null : float
    sides : tuple of str
        Per term what the confounder drives beside the outcome.
    outcome, label : str
    approximate : bool
        Whether E-values rest on an approximation for continuous outcomes.
    """

    table: pd.DataFrame
    effects: Estimate
    reach: Estimate
    bounds: Estimate | None
    benchmarks: pd.DataFrame | None
    outcome_r2: float | None
    exposure_r2: float | None
    level: float
    null: float
    sides: tuple[str, ...]
    outcome: str
    label: str
    approximate: bool

    def bibtex(self) -> str:
        """BibTeX entries of the methods behind these numbers."""
        return bibliography(REFERENCES)

    @property
    def bounds_table(self) -> pd.DataFrame | None:
        """Bounds of each term and their one-sided limits, or None without strengths.

        Columns term, estimate, low, high, conf_low, conf_high: below conf_low, or above
        conf_high, the bound lies with probability 1 - level.
        """
        if self.bounds is None:
            return None
        ends = self.bounds.values.to_numpy().reshape(-1, 2)
        half = float(ndtri(self.level)) * self.bounds.std_error.to_numpy().reshape(-1, 2)
        return pd.DataFrame(
            {
                "term": self.table["term"],
                "estimate": self.table["estimate"],
                "low": ends[:, 0],
                "high": ends[:, 1],
                "conf_low": ends[:, 0] - half[:, 0],
                "conf_high": ends[:, 1] + half[:, 1],
            }
        )

    def summary(self) -> str:
        """The table, and what it says of each term in plain words."""
        from causalif.effects.sensitivity import spoken

        return spoken.summary(self)

    def plot(self, term: str | None = None, *, ax: Axes | None = None) -> Axes:
        """The estimate after the largest bias, over all strengths of a confounder.

        Parameters
        ----------
        term : str, optional
            By default the first.
        ax : Axes, optional

        Raises
        ------
        DataError
            No such term.
        """
        from causalif.effects.sensitivity import contours

        problems, known = Problems(), list(self.table["term"])
        if term is not None and term not in known:
            problems.add(f"no term {term!r} in the sensitivity.", did_you_mean(term, known))
        problems.raise_if_any()
        return contours.draw(self, known[0] if term is None else term, ax)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        pairs = zip(self.table["term"], self.table["robustness_value"], strict=True)
        shown = [f"{term} {value:.1%}" for term, value in list(pairs)[:6]]
        more = ", ..." if len(self.table) > 6 else ""
        return f"<Sensitivity, robustness values: {', '.join(shown)}{more}>"

    def _repr_html_(self) -> str:
        from causalif.effects.sensitivity import spoken

        return spoken.as_html(self)


def sensitivity(
    effect: EffectEstimate,
    *,
    outcome_r2: float | None = None,
    exposure_r2: float | None = None,
    level: float = 0.95,
    null: float | None = None,
    benchmarks: bool | str | Sequence[str] | None = None,
) -> Sensitivity:
    """What `EffectEstimate.sensitivity` calls; see there.

    References
    ----------
    .. [1] Chernozhukov, Cinelli, Newey, Sharma & Syrgkanis (2022), Long story short.
    .. [2] VanderWeele & Ding (2017), Annals of Internal Medicine 167(4):268-274.
    .. [3] Smith & VanderWeele (2019), Epidemiology 30(6):835-837.
    """
    names = _checked(effect, outcome_r2, exposure_r2, null, benchmarks)
    check_level(level)
    zero = 0.0 if null is None else float(null)
    contrasts = contrasts_of(effect)
    effects = combine([difference(effect, c) for c in contrasts])
    nuisances = nuisances_of(effect)
    sizes = combine([reach(effect, c, nuisances) for c in contrasts])
    terms = list(effects.names)
    values = zip(terms, sizes.names, strict=True)
    robust = [robustness(effects[t], sizes[s], zero, level) for t, s in values]
    e = [e_values(effect, c, zero, level) for c in contrasts]
    table = pd.DataFrame(
        {
            "term": terms,
            "estimate": effects.values.to_numpy(),
            "std_error": effects.std_error.to_numpy(),
            "robustness_value": [value for value, _ in robust],
            "robustness_value_ci": [value for _, value in robust],
            "e_value": [value for value, _ in e],
            "e_value_ci": [value for _, value in e],
            "against": [c.against for c in contrasts],
        }
    )
    ends = None
    if outcome_r2 is not None and exposure_r2 is not None:
        ends = bounds(effects, sizes, strength(outcome_r2, exposure_r2))
    return Sensitivity(
        table=table,
        effects=effects,
        reach=sizes,
        bounds=ends,
        benchmarks=benchmark(effect, contrasts, names, zero) if names else None,
        outcome_r2=outcome_r2,
        exposure_r2=exposure_r2,
        level=level,
        null=zero,
        sides=tuple(c.side for c in contrasts),
        outcome=effect.design.outcome.name,
        label=effect.label,
        approximate=not takes_ratio_of_means(effect),
    )


def _checked(
    effect: EffectEstimate, outcome_r2: Any, exposure_r2: Any, null: Any, benchmarks: Any
) -> list[str]:
    """Note every problem at once; the covariates to measure confounders by."""
    problems = Problems()
    given = {"outcome_r2": outcome_r2, "exposure_r2": exposure_r2}
    for name, value in given.items():
        if value is not None and not (_is_real(value) and 0 <= value < 1):
            problems.add(
                f"{name}={value!r} is not within [0, 1).", "It is a share of variance: 0.1 is 10%."
            )
    lacking = [name for name, value in given.items() if value is None]
    if len(lacking) == 1:
        problems.add(
            f"{lacking[0]} is not given.", "Bounds need both; for equal strengths give it twice."
        )
    if null is not None and not _is_real(null):
        problems.add(f"null={null!r} is not a number.", "It is a difference; by default 0.")
    by = effect.design.by
    if by is not None:
        problems.add(
            "sensitivity() has no answer for subgroups.",
            f"Ask it of an analysis of one group, or of all rows without by={by.name!r}.",
        )
        problems.raise_if_any()
    if effect.recipe.design.complete is not None:
        problems.add(
            "sensitivity() has no answer where mediators were seen in some rows only.",
            "Ask it of an analysis of the complete rows.",
        )
        problems.raise_if_any()
    names = covariates_of(effect, benchmarks, problems)
    problems.raise_if_any()
    return names


def _is_real(value: Any) -> bool:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return number and bool(np.isfinite(value))
