"""How nuisances are fitted: features, targets and rows of every regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from causalif.data.design import Design, products
from causalif.nuisance.fits import Fit, Regression, Scheme, cross_fit
from causalif.nuisance.folds import draw_folds, seed_for
from causalif.nuisance.library import Kind, Library, Role
from causalif.nuisance.record import Mean, Record


class Regressions(Record):
    """A record that can be added to: what `Nuisances` has in common, whatever is asked of it.

    Parameters
    ----------
    design : Design
    library : Library
        Candidate learners by role.
    folds : ndarray of int, shape (n,), or int
        Fold of every row, or how many to draw.
    entropy : int
        Every seed derives from it and from what is fitted.
    n_jobs : int, default 1
        Passed to joblib; never changes a number.
    floor : float, default 0
        Probabilities of the exposure below it are raised to it.
    """

    def __init__(
        self,
        design: Design,
        library: Library,
        *,
        folds: np.ndarray | int = 5,
        entropy: int = 0,
        n_jobs: int | None = 1,
        floor: float = 0.0,
    ) -> None:
        super().__init__(design.crossed() if library.interactions else design, floor)
        if isinstance(folds, int):
            folds = draw_folds(design, folds, seed_for(entropy, "folds"))
        self.library = library
        self.scheme = Scheme(folds, entropy, n_jobs)

    def for_outcome(self, design: Design) -> Self:
        """The same for another outcome of the same rows: what does not hang on it is kept.

        Parameters
        ----------
        design : Design
            That of these nuisances, but for the outcome.
        """
        library, scheme = self.library, self.scheme
        other = type(self)(
            design,
            library,
            folds=scheme.folds,
            entropy=scheme.entropy,
            n_jobs=scheme.n_jobs,
            floor=self.floor,
        )
        other.adopt(self)
        return other

    def adopt(self, other: Self) -> None:
        """Take over the fits of another that do not hang on the outcome."""
        kept = ("exposure", "share", "dependence")
        self._fits.update({key: fit for key, fit in other._fits.items() if key[0] in kept})
        self._probabilities.update(other._probabilities)

    def _fit_mean(
        self,
        key: tuple[Any, ...],
        target: Mean | None,
        names: tuple[str, ...],
        arm: int | tuple[int, ...] | None,
    ) -> Fit:
        design = self.design
        train = np.full(design.n, True) if arm is None else np.isin(design.exposure.codes, arm)
        if target is None:
            train = train & design.outcome.observed
        rows = np.flatnonzero(train)
        features = self._features(names) if arm is None else design.matrix(names)
        views = [features, *self._views(names)] if arm is None else [features]
        if target is not None:
            y = self._by_fold(target, design.take(rows))
            kind = "fraction" if self._binary else "regression"
            return self._fit(key, "outcome", kind, features, views, rows, y, classes=0)
        y = design.outcome.values[rows]
        if self._binary:
            y = y.astype(np.int64)
            return self._fit(key, "outcome", "probability", features, views, rows, y, classes=2)
        return self._fit(key, "outcome", "regression", features, views, rows, y, classes=0)

    def _by_fold(self, target: Mean, design: Design) -> np.ndarray:
        """Predictions of a `Mean` at the rows of a design by every fold's model, (m, n_folds)."""
        design = design.holding(*target.held) if target.held else design
        found = self._fits[target.key].by_fold(self._inputs(target, design), self.scheme)
        return found if self.scheme.n_folds > 1 else found[:, 0]

    def _inputs(self, mean: Mean, design: Design) -> np.ndarray:
        """The features that a regression was fitted on, of another design's rows."""
        if mean.key[-1] is None:  # pooled over the exposure
            return self._features(mean.given, mean.level, design)
        return design.matrix(mean.given)

    def _fit_beside(
        self,
        key: tuple[Any, ...],
        role: Role,
        kind: Kind,
        features: np.ndarray,
        rows: np.ndarray,
        target: np.ndarray | None,
        among: np.ndarray | None = None,
    ) -> Fit:
        """Fit on copies of rows, beside the data; or tell them from rows `among` the data.

        `features` are those of the data, then those of the copies; the data are predicted.
        """
        n, m = self.design.n, len(rows)
        own = np.arange(0) if among is None else np.flatnonzero(among)
        weights, folds = self.design.weights, self.scheme.folds
        regression = Regression(
            key,
            role,
            features,
            [features],
            np.concatenate([own, n + np.arange(m)]),
            np.repeat([0, 1], [len(own), m]) if target is None else target,
            0 if target is not None else 2,
            None if weights is None else np.concatenate([weights, weights[rows]]),
        )
        scheme = replace(self.scheme, folds=np.concatenate([folds, folds[rows]]))
        return cross_fit(regression, self.library.candidates(role, kind), scheme)

    def _fit(
        self,
        key: tuple[Any, ...],
        role: Role,
        kind: Kind,
        features: np.ndarray,
        views: Sequence[np.ndarray],
        train: np.ndarray,
        target: np.ndarray,
        *,
        classes: int,
    ) -> Fit:
        learners = self.library.candidates(role, kind)
        weights = self.design.weights
        regression = Regression(key, role, features, views, train, target, classes, weights)
        return cross_fit(regression, learners, self.scheme)

    @property
    def _binary(self) -> bool:
        """Whether the outcome is modelled as a probability."""
        return self.design.outcome.kind == "binary"

    def _views(self, names: tuple[str, ...]) -> list[np.ndarray]:
        levels = range(len(self.design.exposure.levels))
        return [self._features(names, level) for level in levels]

    def _features(
        self, names: tuple[str, ...], level: int | None = None, design: Design | None = None
    ) -> np.ndarray:
        """Exposure dummies, mediator interactions if asked for, then the predictors."""
        design = self.design if design is None else design
        codes = design.exposure.codes if level is None else np.full(design.n, level)
        dummies = np.column_stack(
            [(codes == code).astype(float) for code in range(1, len(design.exposure.levels))]
        )
        parts = [dummies, design.matrix(names)]
        if self.library.interactions:
            mediators = {name for group in design.mediators for name in group}
            inner = design.matrix(tuple(name for name in names if name in mediators))
            parts.insert(1, products(dummies, inner))
            if design.by is not None and design.by.name in names:
                parts.insert(1, products(dummies, design.columns[design.by.name].values))
        return np.column_stack(parts)
