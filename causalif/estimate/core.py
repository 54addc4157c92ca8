"""`Estimate`: values together with their influence on every row."""

# The modules of this package share the state of an estimate.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from causalif.errors import DataError, Problems, did_you_mean
from causalif.estimate.algebra import Algebra
from causalif.estimate.base import DEFAULT_REFERENCES
from causalif.estimate.checks import read_parts, read_rows, read_scales, read_weights
from causalif.estimate.present import Presentation
from causalif.estimate.references import check_references
from causalif.estimate.rows import Rows


class Estimate(Algebra, Presentation):
    """Values together with their influence function at every row.

    A regular estimator is, to first order, its estimand plus an average of influence
    values. Standard errors, tests, bands and arithmetic all follow from these rows.
    An estimate is frozen, pickles, and keeps nothing of the caller's data.

    Parameters
    ----------
    values : sequence, Series or mapping, length k
        Estimates on their scale.
    influence : array or DataFrame, shape (n, k), or (n,) when k = 1
        Influence values: per row, unweighted. The index of a DataFrame labels the rows.
    names : sequence of str, optional
        Names of the terms; by default those of `values`, or of the columns of `influence`.
    clusters, strata : sequence, length n, optional
        Labels. Clusters are nested within strata.
    weights : sequence, length n, optional
        Sampling weights, of any positive scale.
    scale : {"identity", "log", "logit"} or a sequence of these, length k
        Scale of the values; exp of a log or logit value is a ratio or odds.
    label : str
        A title, which also tells apart equal names in `combine`.
    fractions : mapping of str to Estimate, optional
        For a term that is a ratio, such as PM = NIE / TE: a two-term estimate
        (numerator, denominator) on the same rows. See `confint`.
    references : sequence of str
        Keys of known references, or BibTeX entries; see `bibtex`.

    Raises
    ------
    DataError
        Shapes that do not fit, NaN influence, fewer than two rows or clusters, clusters
        with missing labels, unusable weights.

    Notes
    -----
    A subclass declares its fields as annotations, builds itself with `from_estimate`,
    and may override `refit`, `_glance`, `_summary_head` and `_summary_notes`. What is
    derived from it by arithmetic or selection is a plain `Estimate`.

    References
    ----------
    .. [1] van der Vaart (1998), Asymptotic Statistics, chapter 25.

    Examples
    --------
    >>> import causalif as cif
    >>> y = np.array([1.0, 2.0, 3.0, 6.0])
    >>> mean = cif.Estimate([y.mean()], y - y.mean(), names=["mean"])
    >>> mean
    <Estimate n=4: mean = 3 (0.94)>
    >>> np.log(mean)
    <Estimate n=4: log(mean) = 1.099 (0.31)>
    """

    def __init__(
        self,
        values: Any,
        influence: Any,
        *,
        names: str | Sequence[str] | None = None,
        clusters: Any = None,
        strata: Any = None,
        weights: Any = None,
        scale: str | Sequence[str] = "identity",
        label: str = "",
        fractions: Mapping[str, Estimate] | None = None,
        references: Iterable[str] = DEFAULT_REFERENCES,
    ) -> None:
        problems = Problems()
        parts = read_parts(problems, values, influence, names)
        scales = read_scales(problems, scale, len(parts.names))
        rows = read_rows(problems, parts.index, weights, clusters, strata)
        self._set(
            names=parts.names,
            label=str(label),
            references=check_references(references),
            _values=parts.values,
            _influence=parts.influence,
            _rows=rows,
            _scales=scales,
            _fractions=_read_fractions(fractions or {}, parts.names, parts.values, rows),
        )

    @classmethod
    def from_uncentred(
        cls,
        columns: Mapping[str, Any],
        *,
        index: Any = None,
        clusters: Any = None,
        strata: Any = None,
        weights: Any = None,
        **keywords: Any,
    ) -> Self:
        """Estimates that are (weighted) means of one column each.

        Parameters
        ----------
        columns : mapping of str to array, shape (n,)
            Uncentred influence values: their mean is the estimate, the rest its influence.
        index : Index, optional
            Row labels.
        clusters, strata, weights
            As for `Estimate`.
        **keywords
            Passed on to the class.

        Examples
        --------
        >>> import causalif as cif
        >>> cif.Estimate.from_uncentred({"mean": np.array([1.0, 2.0, 6.0])})
        <Estimate n=3: mean = 3 (1.2)>
        """
        matrix = np.stack([np.asarray(column, dtype=float) for column in columns.values()], axis=1)
        labels = pd.RangeIndex(len(matrix)) if index is None else pd.Index(index)
        # Unusable weights give None here; the constructor below says what is wrong with them.
        mean_one = read_weights(Problems(), labels, weights)
        means = Rows(labels, mean_one).mean(matrix)
        # A column with NaN goes uncentred to the constructor, which then names its rows.
        means[~np.isfinite(means)] = 0.0
        influence = pd.DataFrame(matrix - means, index=labels, columns=list(columns))
        sampling = {"clusters": clusters, "strata": strata, "weights": weights}
        return cls(means, influence, names=list(columns), **sampling, **keywords)

    @classmethod
    def from_estimate(
        cls,
        estimate: Estimate,
        *,
        scale: str | Sequence[str] | None = None,
        fractions: Mapping[str, Estimate] | None = None,
        **fields: Any,
    ) -> Self:
        """The same estimate as an instance of this class, with the fields of a subclass.

        Parameters
        ----------
        estimate : Estimate
        scale, fractions
            As for `Estimate`, in place of the estimate's own.
        **fields
            Attributes that the subclass adds, or `label` and `references`.
        """
        state = estimate.__getstate__()
        if scale is not None:
            problems = Problems()
            state["_scales"] = read_scales(problems, scale, len(estimate))
            problems.raise_if_any()
        if fractions is not None:
            rows = estimate._rows
            parts = (fractions, estimate.names, estimate._values, rows)
            state["_fractions"] = _read_fractions(*parts)
        return cls.__new__(cls)._set(**{**state, **fields})

    def refit(self, rows: Any) -> Any:
        """Estimate again on some of the rows; an `Estimate` alone cannot.

        Raises
        ------
        DataError
            Always: numbers and influence values carry no recipe. Results of `mediate`,
            `average_effect` and the like do, and override this.
        """
        raise DataError(
            "this estimate carries no recipe, so it cannot be fitted again on other rows. Pass the "
            "result of the analysis itself (of cif.mediate, cif.average_effect, ..), not a term "
            "selected or computed from it."
        )

    def stepping(self) -> Any:
        """The same with nuisances that can move; an `Estimate` alone has none.

        Raises
        ------
        DataError
            Always: only results of `mediate`, `average_effect` and the like have nuisances that
            can be moved by one Newton step.
        """
        raise DataError(
            "this estimate carries no nuisances that one Newton step could move. Pass the result "
            "of the analysis itself (of cif.mediate, cif.average_effect, ..), or hold nuisances "
            'fixed with method="if".'
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the estimate to one .npz file: arrays and JSON, no pickle.

        A subclass is saved as a plain estimate, without its recipe.

        Raises
        ------
        DataError
            Row labels of a type that cannot be stored exactly.
        """
        from causalif.estimate.store import save_estimate

        save_estimate(self, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Estimate:
        """Read an estimate back, bit for bit.

        Raises
        ------
        DataError
            No such file, not a saved estimate, a newer format, or a damaged file.
        """
        from causalif.estimate.store import load_estimate

        return load_estimate(path)


def _read_fractions(
    fractions: Mapping[str, Estimate], names: tuple[str, ...], values: np.ndarray, rows: Rows
) -> dict[str, Estimate]:
    read: dict[str, Estimate] = {}
    for term, pair in fractions.items():
        if term not in names:
            raise DataError(f"fractions: no term {term!r}. {did_you_mean(term, names)}")
        if len(pair) != 2:
            raise DataError(
                f"fractions: {term!r} needs two terms, numerator and denominator, not {len(pair)}."
            )
        pair = pair._on(rows)
        value, (top, bottom) = values[names.index(term)], pair._values
        if not np.isclose(value * bottom, top, rtol=1e-6, atol=1e-12):
            raise DataError(
                f"fractions: {term!r} is {value:.6g}, but {pair.names[0]} / {pair.names[1]} is "
                f"{top:.6g} / {bottom:.6g}."
            )
        read[term] = pair
    return read
