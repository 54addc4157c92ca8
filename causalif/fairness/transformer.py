"""`FairSubspace`: a scikit-learn transformer that takes a sensitive attribute out of features."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from causalif.errors import DataError
from causalif.fairness.inputs import check_not_among, check_options, is_place
from causalif.fairness.learning import NEAR_SHARED, Choices, Learned, learn
from causalif.fairness.reads import ReadsFeatures
from causalif.fairness.representation import line, named_directions
from causalif.fairness.targets import Target


class FairSubspace(ReadsFeatures):
    """Features that serve a target, less the directions along which a sensitive attribute shows.

    Finds the directions of the features that tell of the target, and those along which groups
    differ, and keeps of the former what is uncorrelated with the latter; some shared directions
    can be let in again. The sensitive attribute is read in `fit` only: predictions need it not.

    Parameters
    ----------
    target_dim, sensitive_dim : int or "auto", default "auto"
        Directions of each. "auto": with "sir" all differences of means for the sensitive
        attribute, one direction for a binary target; otherwise by the ladle.
    shared : int or float, default 0
        An int: so many shared directions are kept, the most useful first. A float in [0, 1]: one
        column, the linear predictor on the line between the model without shared directions
        (0.0) and the one on all features (1.0).
    notion : {"demographic_parity", "equal_opportunity", "equalized_odds"}
        Which differences of means are taken out: between groups; between groups among those
        with the favourable target (the last level); within every level of the target.
    reduction : {"sir", "save", "dr"}, default "sir"
        "save" and "dr" see differences of variances as well.
    keep_residual : bool, default False
        Keep all that is uncorrelated with the sensitive directions, not the target's alone. More
        accurate; but a learner that is not linear can win the attribute back from it.
    aware : bool, default False
        Take the groups' means out of the features, which needs the sensitive attribute in
        `transform` too. With `keep_residual` the same as fairlearn's CorrelationRemover.
    slices : int, default 10
        Of a continuous target.
    near_shared : float, default 0.95
        Cosine from which a direction of the target counts as shared altogether; one below counts
        too, up to 45 degrees, where noise alone would part the two as far.
    random_state : int, optional
        Of the resamples that choose dimensions.

    Attributes
    ----------
    cosines_ : ndarray
        Of the angles between the subspaces, largest first: near 1 there is nothing to keep that
        does not tell of the attribute.
    directions_ : DataFrame, shape (k, p)
        Loadings of the standardised features.
    target_dim_, sensitive_dim_ : int
    dimension_evidence_ : dict of str to DimensionEvidence
        Of "target" and "sensitive", where the dimension was chosen by the data: a table of
        tests and criteria by dimension.
    n_features_in_, feature_names_in_
        As scikit-learn has them.

    Raises
    ------
    DataError
        In `fit`: constant attribute, an attribute among the features, as many features as rows,
        options that do not go together. In `transform`: unseen levels, or the attribute missing
        where `aware`, or given where not.

    Warns
    -----
    DataWarning
        No sensitive attribute was given; redundant features.

    Notes
    -----
    In a pipeline: ``pipeline.fit(X, y, fairsubspace__sensitive=sex)``. With metadata routing on,
    set both requests (``.set_fit_request(sensitive=True).set_transform_request(sensitive=True)``),
    since scikit-learn wants them alike; predictions need no attribute all the same.

    References
    ----------
    .. [1] Shi, Bhagwat, Yang, Kong & Jiang (2025), Understanding Fairness and Prediction Error
           through Subspace Decomposition and Influence Analysis. NeurIPS.
    .. [2] Li (1991), Journal of the American Statistical Association 86(414):316-327.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sex = rng.integers(0, 2, 500)
    >>> X = rng.normal(size=(500, 3)) + np.outer(sex, [1.0, 0.0, 0.0])
    >>> y = (X.sum(axis=1) + rng.normal(size=500) > 0).astype(int)
    >>> kept = cif.FairSubspace().fit(X, y, sensitive=sex)
    >>> means = [kept.transform(X)[sex == k].mean() for k in (0, 1)]
    >>> bool(abs(means[1] - means[0]) < 1e-10)
    True
    """

    def __init__(
        self,
        target_dim: int | str = "auto",
        sensitive_dim: int | str = "auto",
        shared: float = 0,
        notion: str = "demographic_parity",
        reduction: str = "sir",
        keep_residual: bool = False,
        aware: bool = False,
        slices: int = 10,
        near_shared: float = NEAR_SHARED,
        random_state: int | None = None,
    ) -> None:
        self.target_dim = target_dim
        self.sensitive_dim = sensitive_dim
        self.shared = shared
        self.notion = notion
        self.reduction = reduction
        self.keep_residual = keep_residual
        self.aware = aware
        self.slices = slices
        self.near_shared = near_shared
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sensitive: Any = None) -> Self:
        """Learn the directions.

        Parameters
        ----------
        X : array or DataFrame, shape (n, p)
            Of a data frame, text and categories become indicators.
        y : array, shape (n,)
            The target: levels, or numbers (more than ten values are cut into slices).
        sensitive : array, Series or DataFrame, shape (n,) or (n, attributes)
            Levels of one or several attributes.
        """
        check_options(self)
        target, values = self._read(X, y)
        groups = self._attributes(sensitive, X, len(values))
        check_not_among(self._features, values, groups)
        if self.aware:
            if sensitive is None:
                raise DataError("aware=True needs sensitive= in fit() as well.")
            self._levels = [group.levels for group in groups]
            values = self._centre(values, sensitive, reset=True)
        learned = learn(
            values,
            target.codes,
            [] if self.aware else [group.codes for group in groups],
            Choices(
                self.target_dim,
                self.sensitive_dim,
                self.notion,
                self.reduction,
                float(self.near_shared),
            ),
            rng=np.random.default_rng(self.random_state),
        )
        self._keep(learned, values, target)
        return self

    def transform(self, X: Any, sensitive: Any = None) -> np.ndarray:
        """The representation of any rows, shape (n, k).

        Parameters
        ----------
        X : array or DataFrame, shape (n, p)
        sensitive : optional
            Where ``aware=True``, and only there.
        """
        check_is_fitted(self, "directions_")
        if not self.aware and sensitive is not None:
            raise DataError(
                "transform() was given sensitive=, and does not read it: the representation is the "
                "same for all groups. Leave it out, or set aware=True."
            )
        values = self._encoded(X)
        if self.aware:
            if sensitive is None:
                raise DataError(
                    "aware=True takes the means of each row's own group out: transform() needs "
                    "sensitive=. Give it, or set aware=False."
                )
            values = self._centre(values, sensitive, reset=False)
        return values @ self.directions_.to_numpy().T + self._offset

    def fit_transform(  # type: ignore[override]
        self,
        X: Any,
        y: Any = None,
        sensitive: Any = None,
    ) -> np.ndarray:
        """`fit`, then `transform` of the same rows."""
        return self.fit(X, y, sensitive).transform(X, sensitive if self.aware else None)

    def _keep(self, learned: Learned, values: np.ndarray, target: Target) -> None:
        spaces = learned.subspaces
        self.cosines_ = spaces.cosines
        self.target_dim_, self.sensitive_dim_ = spaces.target_dim, spaces.sensitive_dim
        self.dimension_evidence_ = learned.evidence
        self._offset: float | np.ndarray = 0.0
        if is_place(self.shared):
            if target.numbers is None:
                raise DataError(
                    f"shared={self.shared!r} is a place on a line between two models, and the "
                    f"target has {len(target.levels)} levels. Give an int."
                )
            self._offset, coefficients = line(
                learned,
                values,
                target.numbers,
                float(self.shared),
                keep_residual=self.keep_residual,
                logistic=target.is_binary,
            )
            names, loadings = ["score"], coefficients[None, :]
        else:
            if self.shared > spaces.most_shared and not self.aware:
                raise DataError(
                    f"shared={self.shared}: there are {spaces.most_shared} shared directions here "
                    f"(target {spaces.target_dim}, sensitive {spaces.sensitive_dim})."
                )
            names, loadings = named_directions(
                learned, int(self.shared), keep_residual=self.keep_residual
            )
        if not len(names):
            raise DataError(
                "nothing is left: every direction of the target is shared with the sensitive "
                f"attribute (cosine {spaces.cosines[0]:.2f}). Keep some (shared=1), or the rest of "
                "the features (keep_residual=True)."
            )
        self.directions_ = pd.DataFrame(loadings, index=names, columns=list(self._features.names))
