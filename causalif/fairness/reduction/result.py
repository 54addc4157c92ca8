"""What a dimension reduction gives: directions, their evidence, and loadings as an `Estimate`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from causalif.errors import DataError
from causalif.estimate import Estimate
from causalif.fairness.reduction.evidence import DimensionEvidence
from causalif.fairness.reduction.fits import Data, Fit, fit
from causalif.fairness.reduction.loadings import loadings, loadings_influence, tied
from causalif.fairness.reduction.predictors import Predictors


@dataclass(frozen=True)
class Reduction:
    """Directions that carry what a response depends on.

    Attributes
    ----------
    method : str
    directions : DataFrame, shape (p, d)
        Loadings in the columns' units, a column for each direction; each score has variance one
        (with a ridge, less). The largest loading, by the columns' standard deviations, is
        positive.
    eigenvalues : Series, length p
        Of the kernel, by size; those of "phd" have signs.
    projection : ndarray, shape (p, p)
        On the subspace, in standardised coordinates: it does not depend on signs.
    dimension : int
    evidence : DimensionEvidence or None
        None where the dimension was given.
    """

    method: str
    directions: pd.DataFrame = field(repr=False)
    eigenvalues: pd.Series[float] = field(repr=False)
    projection: np.ndarray = field(repr=False)
    dimension: int
    evidence: DimensionEvidence | None = field(repr=False)
    _predictors: Predictors = field(repr=False)
    _data: Data = field(repr=False)

    @cached_property
    def loadings(self) -> Estimate:
        """The loadings with their influence; terms ``"x1[1]"``, ..., direction after direction.

        Raises
        ------
        DataError
            No direction; a method without influence function ("opg"); equal eigenvalues, whose
            directions can be turned into each other: only the subspace is determined then.
        """
        if not self.dimension:
            raise DataError("dimension=0: there are no loadings. Give dimension= to keep some.")
        if self.method == "opg":
            raise DataError(
                'method="opg" gives directions only, without influence function. Take "sir", '
                '"save", "dr" or "phd" for standard errors.'
            )
        again = fit(self.method, self._data)
        if same := tied(again, self.dimension):
            raise DataError(
                f"direction {same[0]} shares its eigenvalue with another: loadings are not "
                "determined, the subspace is (.projection). Give another dimension=."
            )
        spread = self._predictors.spread
        rows = loadings_influence(again, self.dimension, spread)
        names = [f"{name}[{j}]" for j in self.directions for name in self.directions.index]
        return Estimate(
            self.directions.to_numpy().T.ravel(),
            pd.DataFrame(rows, index=self._predictors.index, columns=names),
            names=names,
            weights=self._data.weights,
            label=f"directions of {self.method}",
        )

    def influence(self) -> pd.DataFrame:
        """Influence of each row on each loading, centred and unweighted, shape (n, p d)."""
        return self.loadings.influence


def reduction(
    method: str,
    predictors: Predictors,
    data: Data,
    found: Fit,
    kept: int,
    evidence: DimensionEvidence | None,
) -> Reduction:
    """Keep the first directions of a fit."""
    vectors = found.vectors[:, :kept]
    numbers = range(1, len(found.eigenvalues) + 1)
    return Reduction(
        method,
        pd.DataFrame(
            loadings(found, kept, predictors.spread),
            index=list(predictors.names),
            columns=list(range(1, kept + 1)),
        ),
        pd.Series(found.eigenvalues, index=list(numbers), name="eigenvalue"),
        vectors @ vectors.T,
        kept,
        evidence,
        predictors,
        data,
    )
