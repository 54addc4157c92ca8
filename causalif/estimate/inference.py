"""Standard errors, intervals and tests: all from the influence rows."""

# The modules of this package share the state of an estimate.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import (
    DataError,
    Problems,
    SmallSampleWarning,
    check_choice,
    did_you_mean,
    warn,
)
from causalif.estimate.bands import gaussian_maximum, multiplier_maximum, normal_quantile
from causalif.estimate.base import Base
from causalif.estimate.fieller import fieller_interval, near_zero
from causalif.estimate.wald import read_hypothesis, wald_test, z_test

METHODS = ("wald", "simultaneous", "multiplier")


def check_level(level: object) -> float:
    """A confidence level, strictly between 0 and 1.

    Examples
    --------
    >>> check_level(95)
    Traceback (most recent call last):
    causalif.errors.DataError: level=95 is not between 0 and 1. Did you mean level=0.95?
    """
    number = float("nan")
    if isinstance(level, (int, float, np.floating)) and not isinstance(level, bool):
        number = float(level)
    if 0 < number < 1:
        return number
    hint = f"Did you mean level={number / 100:g}?" if 1 < number < 100 else "The usual one is 0.95."
    raise DataError(f"level={level!r} is not between 0 and 1. {hint}")


class Inference(Base):
    """Large-sample inference; nobody else divides by n."""

    @cached_property
    def _contributions(self) -> np.ndarray:
        return self._rows.contributions(self._influence)

    @cached_property
    def _covariance(self) -> np.ndarray:
        return self._contributions.T @ self._contributions

    def __getstate__(self) -> dict[str, Any]:
        return {
            k: v for k, v in self.__dict__.items() if k not in ("_contributions", "_covariance")
        }

    def cov(self) -> pd.DataFrame:
        """The covariance matrix of the estimates, shape (k, k).

        Influence values are centred at their (weighted) mean, times the weights, divided
        by n, and summed within clusters; then products are summed, times G / (G - 1) for G
        clusters. Strata: the sum over strata of the same within each.

        Examples
        --------
        >>> import causalif as cif
        >>> cif.Estimate([2.0], [[-1.0], [0.0], [1.0]], names=["mean"]).cov()
                  mean
        mean  0.222222
        """
        names = list(self.names)
        return pd.DataFrame(self._covariance.copy(), index=names, columns=names)

    @property
    def std_error(self) -> pd.Series:
        """Standard errors, shape (k,), in the units of the estimates.

        References
        ----------
        .. [1] van der Vaart (1998), Asymptotic Statistics, section 25.3.

        Examples
        --------
        >>> import causalif as cif
        >>> cif.Estimate([2.0], [[-1.0], [0.0], [1.0]], names=["mean"]).std_error
        mean    0.471405
        dtype: float64
        """
        return pd.Series(np.sqrt(np.diag(self._covariance)), index=list(self.names))

    def confint(self, level: float = 0.95, method: str = "wald", seed: Any = 0) -> pd.DataFrame:
        """Confidence intervals, on the scale of the values.

        A ratio term (see `fractions`) has Fieller's interval when its denominator lies
        within three standard errors of zero, and the delta method's otherwise. Where
        Fieller's set is unbounded the limits are -inf and inf.

        Parameters
        ----------
        level : float, default 0.95
        method : {"wald", "simultaneous", "multiplier"}
            One interval at a time; or a band that covers all terms at once, from the
            Gaussian maximum or from random signs of the influence rows (or clusters).
        seed : int or Generator, default 0
            For the two bands.

        Returns
        -------
        DataFrame, shape (k, 2)
            Columns conf_low and conf_high, indexed by term.

        Raises
        ------
        DataError
            A level outside (0, 1), or an unknown method.

        References
        ----------
        .. [1] Montiel Olea, Plagborg-Moller (2019), Journal of Applied Econometrics 34(1):1-17.

        Examples
        --------
        >>> import causalif as cif
        >>> est = cif.Estimate([2.0], [[-1.0], [0.0], [1.0]], names=["mean"])
        >>> est.confint(0.9).round(3)
              conf_low  conf_high
        mean     1.225      2.775
        """
        critical = self._critical(check_level(level), method, seed)
        half = critical * np.sqrt(np.diag(self._covariance))
        limits = np.stack([self._values - half, self._values + half], axis=1)
        for term in self._near_zero:
            pair = self._fractions[term]
            interval = fieller_interval(pair._values, pair._covariance, critical)
            limits[self.names.index(term)] = interval
        return pd.DataFrame(limits, index=list(self.names), columns=["conf_low", "conf_high"])

    def _critical(self, level: float, method: str, seed: Any) -> float:
        problems = Problems()
        check_choice(problems, "method", method, METHODS)
        problems.raise_if_any()
        if method == "simultaneous":
            return gaussian_maximum(self._contributions, level, seed)
        if method == "multiplier":
            return multiplier_maximum(self._contributions, level, seed)
        return normal_quantile(level)

    @cached_property
    def _near_zero(self) -> tuple[str, ...]:
        """Ratio terms whose denominator lies within three standard errors of zero."""
        pairs = self._fractions.items()
        return tuple(term for term, p in pairs if near_zero(p._values, p._covariance))

    def test(self, null: Any = 0, joint: bool = False) -> pd.DataFrame | pd.Series:
        """Test each term, all terms jointly, or linear hypotheses given as text.

        Parameters
        ----------
        null : number, sequence, Series, mapping or str, default 0
            Values under the null hypothesis, on the scale of the values; or equations
            between terms, ``"NDE = NIE"`` or ``"NDE + NIE = TE, PM = 0.5"``, tested jointly.
        joint : bool, default False
            One chi-square test of all terms instead of one test for each.

        Returns
        -------
        DataFrame or Series
            Per term: estimate, null, std_error, statistic (normal) and p_value, indexed by
            term. Joint or text: statistic (chi-square), df and p_value. Redundant
            constraints do not count in df; with df 0 the hypothesis holds by construction.

        Warns
        -----
        SmallSampleWarning
            Fewer degrees of freedom than equations: statistic and p_value are missing.

        Raises
        ------
        DataError
            An unknown term, or text that is not linear equations.

        Examples
        --------
        >>> import causalif as cif
        >>> est = cif.Estimate([1.0, 0.5], [[-1, 0], [0, 1], [1, -1]], names=["NDE", "NIE"])
        >>> est.test("NDE = NIE").round(3)
        statistic    0.375
        df           1.000
        p_value      0.540
        Name: NDE = NIE, dtype: float64
        """
        if isinstance(null, str):
            matrix, constants = read_hypothesis(null, self.names)
            return self._joint(null, matrix, constants)
        expected = self._null_values(null)
        if joint:
            name = ", ".join(f"{t} = {b:g}" for t, b in zip(self.names, expected, strict=True))
            return self._joint(name, np.eye(len(self)), expected)
        error = np.sqrt(np.diag(self._covariance))
        statistic, p_value = z_test(self._values - expected, error)
        table = {"estimate": self._values, "null": expected, "std_error": error}
        table |= {"statistic": statistic, "p_value": p_value}
        return pd.DataFrame(table, index=pd.Index(list(self.names), name="term"))

    def _joint(self, name: str, matrix: np.ndarray, constants: np.ndarray) -> pd.Series:
        statistic, df, p = wald_test(matrix, constants, self._values, self._contributions)
        strata = 1 if self.strata is None else len(np.unique(self._rows.stratum_of_unit))
        left = self._rows.n_units - strata
        if np.isinf(statistic) and df >= left:  # as many directions as there are differences
            units = "rows" if self.clusters is None else "clusters"
            warn(
                f"{self._rows.n_units} {units} leave {left} degrees of freedom: too few to test "
                f"{len(matrix)} equations at once. Test fewer, or use a finer grouping.",
                SmallSampleWarning,
            )
            statistic = p = np.nan
        entries = {"statistic": statistic, "df": float(df), "p_value": p}
        return pd.Series(entries, name=name)

    def _null_values(self, null: Any) -> np.ndarray:
        if isinstance(null, (pd.Series, Mapping)):
            given = dict(null)
            for term in given:
                self._position(term)
            missing = [term for term in self.names if term not in given]
            if missing:
                raise DataError(
                    f"null gives no value for {missing[0]!r}. {did_you_mean(missing[0], given)}"
                )
            null = [given[term] for term in self.names]
        try:
            values = np.asarray(null, dtype=float)
        except (TypeError, ValueError):
            values = np.empty((0, 0))
        if values.shape not in ((), (len(self),)) or not np.isfinite(values).all():
            raise DataError(f"null={null!r} must be one number, or one for each of {self.names}.")
        return np.broadcast_to(values, len(self)).astype(float)
