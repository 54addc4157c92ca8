"""`Nuisances`: the only place that fits. Each nuisance once, memoised by what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.nuisance.fits import Fit, Regression, Scheme, cross_fit
from causalif.nuisance.folds import draw_folds, seed_for
from causalif.nuisance.library import Kind, Library, Role


@dataclass(frozen=True)
class Mean:
    """A cross-fitted conditional mean E[target | exposure = level, given].

    Attributes
    ----------
    key : tuple
        What was regressed on what; names the fit and seeds it.
    given : tuple of str
    level : int
        Code of the exposure level at which it is evaluated.
    held_out : ndarray, shape (n,)
        Each row's prediction by the model that has not seen the row.
    """

    key: tuple[Any, ...]
    given: tuple[str, ...]
    level: int
    held_out: np.ndarray


class Nuisances:
    """Cross-fitted nuisance functions of one design, fitted on demand and remembered.

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
        if isinstance(folds, int):
            folds = draw_folds(design, folds, seed_for(entropy, "folds"))
        self.design = design
        self.library = library
        self.scheme = Scheme(folds, entropy, n_jobs)
        self.floor = floor
        self._fits: dict[tuple[Any, ...], Fit] = {}
        self._probabilities: dict[tuple[str, ...], np.ndarray] = {}
        self._means: dict[tuple[tuple[Any, ...], int], Mean] = {}

    # -- what pages ask for ---------------------------------------------------------------

    def mean(
        self,
        target: Mean | None,
        given: Sequence[str],
        level: int,
        among: tuple[int, ...] | None = None,
    ) -> Mean:
        """E[target | exposure = level, given]; the outcome when `target` is None.

        A `Mean` as target is regressed fold by fold: the model of each fold sees only the
        predictions of the same fold's model, so that no row meets its own outcome. With
        `among` the condition is that the exposure is at any of these levels instead.
        """
        names = self._canonical(given)
        source = ("outcome",) if target is None else (*target.key, target.level)
        library = self.library
        pooled = library.pooled if target is None else library.pooled_nested
        arm = among if among is not None else None if pooled else level
        key = ("mean", source, names, arm)
        if key not in self._fits:
            self._fits[key] = self._fit_mean(key, target, names, arm)
        if (key, level) not in self._means:
            fit = self._fits[key]
            values = fit.predictions[1 + level if arm is None else 0]
            values = values[:, 1] if values.ndim == 2 else values
            self._means[key, level] = Mean(key, names, level, values)
        return self._means[key, level]

    def probability(self, given: Sequence[str]) -> np.ndarray:
        """P(exposure = level | given) for every level, floored, shape (n, levels)."""
        names = self._canonical(given)
        if names not in self._probabilities:
            exposure, features = self.design.exposure, self.design.matrix(names)
            self._fits["exposure", names] = self._fit(
                ("exposure", names),
                "exposure",
                "probability",
                features,
                [features],
                np.arange(self.design.n),
                exposure.codes,
                classes=len(exposure.levels),
            )
            raw = self._fits["exposure", names].predictions[0]
            self._probabilities[names] = np.maximum(raw, self.floor)
        return self._probabilities[names]

    def observation(self, given: Sequence[str], level: int) -> np.ndarray:
        """P(outcome observed | exposure = level, given), floored, shape (n,)."""
        names = self._canonical(given)
        key = ("observed", names)
        if key not in self._fits:
            features = self._features(names)
            self._fits[key] = self._fit(
                key,
                "missing",
                "probability",
                features,
                [features, *self._views(names)],
                np.arange(self.design.n),
                self.design.outcome.observed.astype(np.int64),
                classes=2,
            )
        return np.maximum(self._fits[key].predictions[1 + level][:, 1], self.floor)

    # -- what diagnostics ask for ---------------------------------------------------------

    @property
    def losses(self) -> pd.DataFrame:
        """Columns nuisance, learner, loss, relative (to the best constant) and weight."""
        rows = [
            {"nuisance": self.describe(key), **loss}
            for key, fit in self._fits.items()
            for loss in fit.losses
        ]
        return pd.DataFrame(rows)

    def below_floor(self, given: Sequence[str]) -> np.ndarray:
        """Rows where some compared level was less probable than the floor, shape (n,)."""
        return np.any(self._weighed(self._canonical(given)) < self.floor, axis=1)

    def overlap(self) -> pd.DataFrame:
        """Least exposure probability, rows and share below the floor, per set of predictors."""
        found: dict[str, dict[str, float]] = {}
        for names in self._probabilities:
            below = self.below_floor(names)
            found[self.describe(("exposure", names))] = {
                "least": float(self._weighed(names).min()),
                "rows_below": int(below.sum()),
                "share_below": float(below.mean()),
            }
        return pd.DataFrame.from_dict(found, orient="index")

    def _weighed(self, names: tuple[str, ...]) -> np.ndarray:
        """Probabilities of the compared levels before flooring; infinite where none is used.

        Given what the exposure changed, a joint level is weighed against its own arm only:
        that another arm cannot have these values is no want of overlap.
        """
        exposure = self.design.exposure
        raw = self._fits["exposure", names].predictions[0][:, : exposure.contrasted]
        if set(names).isdisjoint(self.design.intermediates):
            return raw
        return np.where(exposure.within_arm(), raw, np.inf)

    @property
    def predictor_sets(self) -> list[tuple[str, ...]]:
        """The sets of predictors that the exposure was regressed on."""
        return list(self._probabilities)

    def frame(self) -> pd.DataFrame:
        """Every held-out nuisance prediction, a column each, named in words."""
        columns: dict[str, np.ndarray] = {}
        exposure = self.design.exposure
        for names, values in self._probabilities.items():
            given = ", ".join(names) or "1"
            for code in range(exposure.contrasted):
                columns[f"P({exposure.at(code)} | {given})"] = values[:, code]
        for (key, level), mean in self._means.items():
            named = key if isinstance(key[-1], tuple) else (*key[:-1], level)
            columns[self.describe(named)] = mean.held_out
        return pd.DataFrame(columns, index=self.design.index)

    def describe(self, key: tuple[Any, ...]) -> str:
        """A nuisance in words, as diagnostics print it."""
        exposure, names = self.design.exposure, _listed
        if key[0] == "exposure":
            return f"P({exposure.whole} | {names(key[1]) or '1'})"
        if key[0] == "observed":
            return f"P(observed | {names((exposure.whole, *key[1]))})"
        _, source, given, arm = key
        if isinstance(arm, tuple):
            at = " or ".join(map(exposure.at, arm))
        else:
            at = exposure.whole if arm is None else exposure.at(arm)
        inner = self.design.outcome.name
        if source != ("outcome",):
            inner = self.describe((*source[:3], source[-1]))
        return f"E[{inner} | {names((at, *given))}]"

    # -- how they are fitted --------------------------------------------------------------

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
            y = self._by_fold(target, rows)
            kind = "fraction" if self._binary else "regression"
            return self._fit(key, "outcome", kind, features, views, rows, y, classes=0)
        y = design.outcome.values[rows]
        if self._binary:
            y = y.astype(np.int64)
            return self._fit(key, "outcome", "probability", features, views, rows, y, classes=2)
        return self._fit(key, "outcome", "regression", features, views, rows, y, classes=0)

    def _by_fold(self, target: Mean, rows: np.ndarray) -> np.ndarray:
        """Predictions of a `Mean` at these rows by the model of every fold, (m, n_folds)."""
        if self.scheme.n_folds == 1:
            return target.held_out[rows]
        pooled = target.key[-1] is None
        names, level = target.given, target.level
        features = self._features(names, level) if pooled else self.design.matrix(names)
        return self._fits[target.key].by_fold(features[rows], self.scheme)

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

    def _canonical(self, given: Sequence[str]) -> tuple[str, ...]:
        """The predictors in the order of the design: their order cannot change a number."""
        wanted = set(given)
        return tuple(name for name in self.design.columns if name in wanted)

    def _views(self, names: tuple[str, ...]) -> list[np.ndarray]:
        levels = range(len(self.design.exposure.levels))
        return [self._features(names, level) for level in levels]

    def _features(self, names: tuple[str, ...], level: int | None = None) -> np.ndarray:
        """Exposure dummies, mediator interactions if asked for, then the predictors."""
        design = self.design
        codes = design.exposure.codes if level is None else np.full(design.n, level)
        dummies = np.column_stack(
            [(codes == code).astype(float) for code in range(1, len(design.exposure.levels))]
        )
        parts = [dummies, design.matrix(names)]
        if self.library.interactions:
            mediators = {name for group in design.mediators for name in group}
            inner = design.matrix(tuple(name for name in names if name in mediators))
            products = dummies[:, :, None] * inner[:, None, :]
            parts.insert(1, products.reshape(design.n, -1))
        return np.column_stack(parts)


def _listed(names: Sequence[str], most: int = 6) -> str:
    """A list short enough to print."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
