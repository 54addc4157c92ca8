"""`EffectEstimate`: an `Estimate` that knows its design, its diagnostics and how to refit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.effects.diagnostics import Diagnostics
from causalif.errors import Problems, check_choice
from causalif.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalif.effects.recipe import Recipe
    from causalif.effects.sensitivity import Sensitivity
    from causalif.nuisance.one_step import Stepping

PLOTS = ("effects", "curve", "overlap", "balance", "influence", "learners")


class EffectEstimate(Estimate):
    """Effects with their influence values, and all that is needed to judge them.

    Attributes
    ----------
    design : Design
        The frozen arrays; the user's frame is not kept. Where mediators were seen in some rows
        only (``missing="ipw"``) these are the complete rows, as in diagnostics and nuisance.
    diagnostics : Diagnostics
        Overlap, effective sample sizes, balance, losses of the learners.
    nuisance : DataFrame, n rows
        Held-out nuisance predictions, a column each, named in words.
    means : Estimate
        The mean outcome of every world that the effects compare.
    recipe : Recipe
        Estimand, settings and folds: what `refit` repeats.
    """

    design: Design
    diagnostics: Diagnostics
    nuisance: pd.DataFrame
    means: Estimate
    recipe: Recipe

    def refit(self, rows: Any) -> EffectEstimate:  # type: ignore[override]
        """The same analysis on some of the rows, with their original folds and seeds.

        Parameters
        ----------
        rows : ndarray
            Boolean mask of length n, or positions, of the rows to keep.
        """
        return self.recipe.refit(np.asarray(rows))

    def stepping(self) -> Stepping:  # type: ignore[override]
        """The same with nuisances that can move by one Newton step, as rows or coefficients do.

        What `causalif.row_influence` calls "rif" and "newton".

        Raises
        ------
        DataError
            Learners that are not parametric (``learners="glm"`` are).
        """
        return self.recipe.stepping()

    def plot(self, kind: str = "effects", *, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the effects, or a diagnostic.

        Parameters
        ----------
        kind : {"effects", "curve", "overlap", "balance", "influence", "learners"}
        ax : Axes, optional
        **options
            Passed to the plot: ``level=`` (effects), ``term=`` (influence), ``given=`` (overlap:
            predictors of the exposure other than the covariates), ...

        Raises
        ------
        DataError
            An unknown kind; a curve where there is none.
        """
        problems = Problems()
        check_choice(problems, "kind", kind, PLOTS)
        problems.raise_if_any()
        from causalif.effects import document

        return document.DRAW[kind](self, ax, **options)

    def equality(self) -> pd.DataFrame:
        """Test that each term is the same in every group of ``by=``.

        On the scale on which the terms are kept (logarithms of ratios); shares of a total are
        left out, for the ratio of two estimates may be far from normal.

        Returns
        -------
        DataFrame
            A row per term: term, statistic (chi-square), df (groups - 1) and p_value.

        Raises
        ------
        DataError
            The analysis has no subgroups.

        Examples
        --------
        >>> import causalif as cif
        >>> jobs = cif.load_dataset("jobs")
        >>> effect = cif.average_effect(
        ...     jobs, "treat", "depress2", "age", by="sex", learners="glm", seed=1
        ... )
        >>> effect.equality()[["term", "df"]].to_dict("list")
        {'term': ['TE'], 'df': [1]}
        """
        from causalif.effects import subgroups

        return subgroups.equality(self.recipe.estimand, self.design, self)

    def sensitivity(
        self,
        *,
        outcome_r2: float | None = None,
        exposure_r2: float | None = None,
        level: float = 0.95,
        null: float | None = None,
        benchmarks: bool | str | Sequence[str] | None = None,
    ) -> Sensitivity:
        """How strong an unmeasured confounder would have to be to change the answer.

        Parameters
        ----------
        outcome_r2, exposure_r2 : float, optional
            Strength of a confounder, for bounds on every term: the share that it explains of
            what is left of the outcome, and the share of the variance of the term's weights
            that it would add (near its partial R2 with a binary exposure).
        level : float, default 0.95
        null : float, optional
            The difference that bias is to reach, by default 0.
        benchmarks : bool, str or list of str, optional
            Covariates whose strength is found by leaving each out; True for all.

        Returns
        -------
        Sensitivity
            ``.table`` (robustness values and E-values), ``.bounds_table``, ``.benchmarks``,
            ``.summary()`` and ``.plot()``. All on the difference scale.

        Raises
        ------
        DataError
            A share outside [0, 1), an unknown covariate; all problems at once.

        References
        ----------
        .. [1] Chernozhukov, Cinelli, Newey, Sharma & Syrgkanis (2022), Long story short:
               omitted variable bias in causal machine learning. NBER working paper 30302.
        .. [2] VanderWeele & Ding (2017), Annals of Internal Medicine 167(4):268-274.
        .. [3] Smith & VanderWeele (2019), Epidemiology 30(6):835-837.

        Examples
        --------
        >>> import causalif as cif
        >>> jobs = cif.load_dataset("jobs")
        >>> effect = cif.average_effect(
        ...     jobs, "treat", "depress2", ["econ_hard", "sex", "age"], learners="glm", seed=1
        ... )
        >>> effect.sensitivity(outcome_r2=0.05, exposure_r2=0.05).bounds_table["term"].item()
        'TE'
        """
        from causalif.effects.sensitivity import sensitivity

        return sensitivity(
            self,
            outcome_r2=outcome_r2,
            exposure_r2=exposure_r2,
            level=level,
            null=null,
            benchmarks=benchmarks,
        )

    def report(self, path: str | Path) -> Path:
        """Write one self-contained HTML file: effects, assumptions, diagnostics, plots.

        Returns
        -------
        Path
            Absolute, of the file written.
        """
        from causalif.effects import document

        file = Path(path).expanduser().resolve()
        if not file.parent.is_dir():
            from causalif.errors import DataError

            raise DataError(
                f"no folder {str(file.parent)!r} to write the report to. Make it first."
            )
        file.write_text(document.page(self), encoding="utf-8")
        return file

    def _glance(self) -> dict[str, Any]:
        settings, found = self.recipe.settings, self.diagnostics
        return super()._glance() | {
            "estimand": self.recipe.estimand.name,
            "method": settings.method,
            "learners": settings.library.name,
            "folds": found.folds,
            "repeats": found.repeats,
            "scale": settings.scale,
            "observed": found.observed,
            "least_propensity": found.least_propensity,
            "effective_rows": found.effective_sample_size,
        }

    def _summary_head(self) -> list[str]:
        settings = self.recipe.settings
        folds = f"{self.diagnostics.folds} folds" if self.diagnostics.folds > 1 else "no folds"
        repeats = self.diagnostics.repeats
        drawn = f", drawn {repeats} times" if repeats > 1 else ""
        return [
            self.design.exposure.headline(),
            f"method: {settings.method}, learners: {settings.library.name}, {folds}{drawn}",
        ]

    def _summary_notes(self) -> list[str]:
        found = self.diagnostics
        lines = [
            f"Least exposure probability {found.least_propensity:.3g} (floor "
            f"{found.floor:.2g}); least effective sample {found.effective_sample_size:.0f} of "
            f"{self.n} rows.",
        ]
        if found.spread is not None:
            worst = (found.spread / self.std_error).max()
            lines.append(
                f"Fresh folds move a term by up to {worst:.2f} of its standard error (included)."
            )
        if self.recipe.settings.method in ("ipw", "plugin"):
            lines.append(
                "Standard errors are those of the efficient influence function; they hold for this "
                "method only as far as its nuisances are estimated well."
            )
        if self.design.by is not None:
            from causalif.effects import subgroups

            lines += subgroups.spoken(self.design.by.name, self.equality())
        lines += [*self.design.notes, "", "Assumed:"]
        return [*lines, *(f"- {text}" for text in self.assumptions)]

    @property
    def assumptions(self) -> list[str]:
        """What must hold for these terms to be causal effects, in plain words."""
        design = self.design
        mediators = [*design.exposure.held, *(name for group in design.mediators for name in group)]
        names = {
            "exposure": design.exposure.name,
            "outcome": design.outcome.name,
            "mediators": ", ".join(mediators),
            "intermediates": ", ".join(design.intermediates),
        }
        return [text.format(**names) for text in self.recipe.estimand.assumptions]
