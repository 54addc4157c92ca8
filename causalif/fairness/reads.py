"""What a transformer reads with its features: target and attributes, learned levels and scales."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from causalif.errors import DataError, DataWarning, warn
from causalif.fairness.features import Features, frame_of, learn_features
from causalif.fairness.groups import Groups
from causalif.fairness.inputs import indicators, read_each
from causalif.fairness.targets import Target, read_target


class ReadsFeatures(TransformerMixin, BaseEstimator):
    """A scikit-learn transformer of arrays and of data frames with categories."""

    n_features_in_: int
    directions_: pd.DataFrame
    slices: int
    _features: Features
    _levels: list[tuple[Any, ...]]
    _means: np.ndarray

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """``target1``, ..., ``shared1``, ..., ``residual1``, ...; of a float `shared` ``score``."""
        check_is_fitted(self, "directions_")
        return np.asarray(self.directions_.index, dtype=object)

    def _read(self, X: Any, y: Any) -> tuple[Target, np.ndarray]:
        """The target, and standardised features; their levels and scales are kept."""
        if y is None:
            raise DataError(
                "This FairSubspace estimator requires y to be passed, but the target y is None."
            )
        frame = frame_of(X)
        if frame is None:
            numbers = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
            frame = pd.DataFrame(numbers, columns=[f"x{k}" for k in range(self.n_features_in_)])
        else:
            validate_data(self, X, skip_check_array=True)
        target = read_target(y, self.slices)
        if len(frame) != len(target.codes):
            raise DataError(f"X has {len(frame)} rows and y has {len(target.codes)}.")
        self._features, values = learn_features(frame)
        return target, values

    def _encoded(self, X: Any) -> np.ndarray:
        frame = frame_of(X)
        if frame is None:
            numbers = validate_data(self, X, reset=False, dtype=np.float64)
            frame = pd.DataFrame(numbers, columns=list(self._features.columns))
        else:
            validate_data(self, X, skip_check_array=True, reset=False)
        return self._features.encode(frame)

    def _attributes(self, sensitive: Any, X: Any, rows: int) -> list[Groups]:
        if sensitive is None:
            warn(
                "FairSubspace was given no sensitive=: nothing is taken out, and the features are "
                "those that serve the target. Give fit(X, y, sensitive=...).",
                DataWarning,
            )
            return []
        return read_each(sensitive, getattr(X, "index", None), rows)

    def _centre(self, values: np.ndarray, sensitive: Any, *, reset: bool) -> np.ndarray:
        """Features less what is linear in the attributes' indicators."""
        attributes = indicators(sensitive, self._levels, len(values))
        inputs = np.column_stack([np.ones(len(values)), attributes])
        if reset:
            self._means = np.linalg.lstsq(inputs, values, rcond=None)[0]
        return values - inputs @ self._means
