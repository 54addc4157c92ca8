"""`Nuisances`: the only place that fits. Each nuisance once, memoised by what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.nuisance import fitting
from causalif.nuisance.folds import draw_folds, seed_for
from causalif.nuisance.library import Library
from causalif.nuisance.stacking import simplex_weights, simplex_weights_logloss

# From here on a leave-fold-out fit from per-fold Gram matrices is cheaper than separate fits.
MANY_ROWS = 10_000


@dataclass(frozen=True)
class Fit:
    """A nuisance fitted on every training fold, with the weights of its library.

    Attributes
    ----------
    models : tuple (n_folds) of tuple (learners) of fitted estimators
    weights : ndarray, shape (learners,)
        Non-negative, sum one: short stacking on the held-out predictions.
    predictions : ndarray, shape (views, n) or (views, n, classes)
        Held-out predictions with the exposure as it is, then at each level.
    """

    models: tuple[tuple[Any, ...], ...]
    weights: np.ndarray
    predictions: np.ndarray


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
    bar : tqdm-like, optional
        Advanced by one at each nuisance.
    floor : float, default 0
        Probabilities of the exposure below it are raised to it.

    Attributes
    ----------
    losses : list of dict
        nuisance, learner, loss, relative loss (to the best constant) and stack weight.
    truncated : dict
        Rows with a probability below the floor, by predictors; boolean, shape (n,).
    """

    def __init__(
        self,
        design: Design,
        library: Library,
        *,
        folds: np.ndarray | int = 5,
        entropy: int = 0,
        n_jobs: int | None = 1,
        bar: Any = None,
        floor: float = 0.0,
    ) -> None:
        self.design = design
        self.library = library
        if isinstance(folds, int):
            folds = draw_folds(design, folds, seed_for(entropy, "folds"))
        self.folds = folds
        self.n_folds = max(int(folds.max()) + 1, 1)
        self.entropy = entropy
        self.n_jobs = n_jobs
        self.floor = floor
        self.losses: list[dict[str, Any]] = []
        self.truncated: dict[tuple[str, ...], np.ndarray] = {}
        self._bar = bar
        self._fits: dict[tuple[Any, ...], Fit] = {}
        self._probabilities: dict[tuple[str, ...], np.ndarray] = {}
        self._asked: dict[tuple[tuple[Any, ...], int], None] = {}

    # -- what pages ask for ---------------------------------------------------------------

    def mean(self, target: Mean | None, given: Sequence[str], level: int) -> Mean:
        """E[target | exposure = level, given]; the outcome when `target` is None.

        A `Mean` as target is regressed fold by fold: the model of each fold sees only the
        predictions of the same fold's model, so that no row meets its own outcome.
        """
        names = self._canonical(given)
        source = ("outcome",) if target is None else (*target.key, target.level)
        arm = None if self.library.pooled else level
        key = ("mean", source, names, arm)
        if key not in self._fits:
            self._fits[key] = self._fit_mean(key, target, names, arm)
        self._asked[key, level] = None
        return Mean(key, names, level, self._fits[key].predictions[self._view(level)])

    def probability(self, given: Sequence[str]) -> np.ndarray:
        """P(exposure = level | given) for every level, floored, shape (n, levels)."""
        names = self._canonical(given)
        if names not in self._probabilities:
            raw = self._fit_probability(names).predictions[0]
            compared = raw[:, : self.design.exposure.contrasted]
            self.truncated[names] = (compared < self.floor).any(axis=1)
            self._probabilities[names] = np.maximum(raw, self.floor) if self.floor else raw
        return self._probabilities[names]

    def observation(self, given: Sequence[str], level: int) -> np.ndarray:
        """P(outcome observed | exposure = level, given), floored, shape (n,)."""
        names = self._canonical(given)
        key = ("observed", names)
        if key not in self._fits:
            features, views = self._features(names), self._views(names)
            self._fits[key] = self._fit(
                key,
                role="missing",
                kind="probability",
                features=features,
                views=[features, *views],
                train=np.arange(self.design.n),
                target=self.design.outcome.observed.astype(np.int64),
                classes=2,
            )
        found = self._fits[key].predictions[1 + level][:, 1]
        return np.maximum(found, self.floor) if self.floor else found

    # -- what diagnostics ask for ---------------------------------------------------------

    def overlap(self) -> pd.DataFrame:
        """Least exposure probability and rows below the floor, per set of predictors.

        Columns least, rows_below, share_below, which (boolean rows).
        """
        found: dict[str, dict[str, Any]] = {}
        for names, rows in self.truncated.items():
            raw = self._fits["exposure", names].predictions[0]
            compared = raw[:, : self.design.exposure.contrasted]
            found[self.describe(("exposure", names))] = {
                "least": float(compared.min()),
                "rows_below": int(rows.sum()),
                "share_below": float(rows.mean()),
                "which": rows,
            }
        return pd.DataFrame.from_dict(found, orient="index")

    def frame(self) -> pd.DataFrame:
        """Every held-out nuisance prediction, a column each, named in words."""
        columns: dict[str, np.ndarray] = {}
        exposure = self.design.exposure
        for names, values in self._probabilities.items():
            given = ", ".join(names) or "1"
            for code in range(exposure.contrasted):
                columns[f"P({exposure.name}={exposure.levels[code]} | {given})"] = values[:, code]
        for key, level in self._asked:
            name = self.describe((*key[:-1], level))
            columns[name] = self._fits[key].predictions[self._view(level)]
        return pd.DataFrame(columns, index=self.design.index)

    # -- the three kinds of fit -----------------------------------------------------------

    def _fit_mean(
        self, key: tuple[Any, ...], target: Mean | None, names: tuple[str, ...], arm: int | None
    ) -> Fit:
        design = self.design
        binary = design.outcome.kind == "binary"
        train = np.full(design.n, True) if arm is None else design.exposure.codes == arm
        if target is None:
            train = train & design.outcome.observed
        rows = np.flatnonzero(train)
        if arm is None:
            features = self._features(names)
            views = [features, *self._views(names)]
        else:
            features = design.matrix(names)
            views = [features]
        if target is None:
            y = design.outcome.values[rows]
            kind, classes = ("probability", 2) if binary else ("regression", 0)
            y = y.astype(np.int64) if binary else y
        else:
            y = self._by_fold(target, rows)
            kind, classes = ("fraction" if binary else "regression"), 0
        return self._fit(
            key,
            role="outcome",
            kind=kind,
            features=features,
            views=views,
            train=rows,
            target=y,
            classes=classes,
        )

    def _fit_probability(self, names: tuple[str, ...]) -> Fit:
        key = ("exposure", names)
        if key not in self._fits:
            features = self.design.matrix(names)
            self._fits[key] = self._fit(
                key,
                role="exposure",
                kind="probability",
                features=features,
                views=[features],
                train=np.arange(self.design.n),
                target=self.design.exposure.codes,
                classes=len(self.design.exposure.levels),
            )
        return self._fits[key]

    def _by_fold(self, target: Mean, rows: np.ndarray) -> np.ndarray:
        """Predictions of a `Mean` at these rows by the model of every fold, (m, n_folds)."""
        fit = self._fits[target.key]
        if self.n_folds == 1:
            return target.held_out[rows]
        pooled = target.key[-1] is None
        features = (
            self._features(target.given, target.level)[rows]
            if pooled
            else self.design.matrix(target.given)[rows]
        )
        task = self._task(target.key, "outcome", "", None, rows, rows, (0,), 0)
        columns = self._parallel(
            (_predict_stack, (models, fit.weights, features, task, fold, self._binary_outcome))
            for fold, models in enumerate(fit.models)
        )
        return np.column_stack(columns)

    @property
    def _binary_outcome(self) -> bool:
        return self.design.outcome.kind == "binary"

    # -- the machinery --------------------------------------------------------------------

    def _fit(
        self,
        key: tuple[Any, ...],
        *,
        role: str,
        kind: str,
        features: np.ndarray,
        views: Sequence[np.ndarray],
        train: np.ndarray,
        target: np.ndarray,
        classes: int,
    ) -> Fit:
        learners = self.library.candidates(role, kind)
        jobs: list[tuple[int, fitting.Task]] = []
        for position, (name, learner) in enumerate(learners):
            shared = len(train) >= MANY_ROWS and hasattr(learner, "fit_folds")
            groups = [tuple(range(self.n_folds))] if shared and self.n_folds > 1 else [
                (fold,) for fold in range(self.n_folds)
            ]
            for which in groups:
                task = self._task(key, role, name, learner, train, target, which, classes)
                jobs.append((position, task))
        results = self._parallel((fitting.run, (task, features, views)) for _, task in jobs)

        n = len(features)
        shape = (len(learners), len(views), n) + ((classes,) if classes else ())
        held_out = np.empty(shape)
        models: list[list[Any]] = [[None] * len(learners) for _ in range(self.n_folds)]
        for (position, task), (fitted, predicted) in zip(jobs, results, strict=True):
            for fold, model, by_view in zip(task.which, fitted, predicted, strict=True):
                rows = fitting.held_out_rows(self.folds, fold, self.n_folds)
                models[fold][position] = model
                for view, values in enumerate(by_view):
                    held_out[position, view, rows] = values
        weights = self._stack(key, [name for name, _ in learners], held_out[:, 0], train, target)
        predictions = np.tensordot(weights, held_out, axes=1)
        if classes == 2 and role == "outcome":
            predictions = predictions[..., 1]
        if self._bar is not None:
            self._bar.update(1)
        return Fit(tuple(tuple(m) for m in models), weights, predictions)

    def _task(
        self,
        key: tuple[Any, ...],
        role: str,
        name: str,
        learner: Any,
        train: np.ndarray,
        target: np.ndarray,
        which: tuple[int, ...],
        classes: int,
    ) -> fitting.Task:
        weights = None if self.design.weights is None else self.design.weights[train]
        return fitting.Task(
            name=name,
            role=role,
            learner=learner,
            train=train,
            target=target,
            folds=self.folds,
            which=which,
            n_folds=self.n_folds,
            entropy=self.entropy,
            key=key,
            classes=classes,
            weights=weights,
        )

    def _stack(
        self,
        key: tuple[Any, ...],
        names: Sequence[str],
        held_out: np.ndarray,
        train: np.ndarray,
        target: np.ndarray,
    ) -> np.ndarray:
        """Short stacking: one weight vector from the held-out predictions of all folds."""
        own = target if target.ndim == 1 else target[np.arange(len(train)), self.folds[train]]
        predicted = held_out[:, train]
        sampling = None if self.design.weights is None else self.design.weights[train]
        if predicted.ndim == 3:
            losses = _log_losses(predicted, own, sampling)
            constant = _entropy(own, sampling)
        else:
            losses = np.average((predicted - own) ** 2, axis=1, weights=sampling)
            constant = _variance(own, sampling)
        if len(names) == 1:
            weights = np.ones(1)
        elif predicted.ndim == 3:
            weights = simplex_weights_logloss(np.moveaxis(predicted, 0, 1), own, sampling)
        else:
            weights = simplex_weights(predicted.T, own, sampling)
        for name, loss, weight in zip(names, losses, weights, strict=True):
            relative = loss / constant if constant > 0 else 1.0
            self.losses.append(
                {
                    "nuisance": self.describe(key),
                    "learner": name,
                    "loss": float(loss),
                    "relative": float(relative),
                    "weight": float(weight),
                }
            )
        return weights

    def _parallel(self, calls: Any) -> list[Any]:
        if self.n_jobs in (None, 1):
            return [function(*arguments) for function, arguments in calls]
        from joblib import Parallel, delayed

        return Parallel(n_jobs=self.n_jobs)(
            delayed(function)(*arguments) for function, arguments in calls
        )

    # -- features -------------------------------------------------------------------------

    def _canonical(self, given: Sequence[str]) -> tuple[str, ...]:
        """The predictors in the order of the design: their order cannot change a number."""
        wanted = set(given)
        return tuple(name for name in self.design.columns if name in wanted)

    def _view(self, level: int) -> int:
        return 1 + level if self.library.pooled else 0

    def _views(self, names: tuple[str, ...]) -> list[np.ndarray]:
        levels = range(self.design.exposure.contrasted)
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

    def describe(self, key: tuple[Any, ...]) -> str:
        """A nuisance in words, as diagnostics print it."""
        exposure, names = self.design.exposure, ", ".join
        if key[0] == "exposure":
            return f"P({exposure.name} | {names(key[1]) or '1'})"
        if key[0] == "observed":
            return f"P(observed | {names((exposure.name, *key[1]))})"
        _, source, given, arm = key
        at = exposure.name if arm is None else f"{exposure.name}={exposure.levels[arm]}"
        inner = self.design.outcome.name if source == ("outcome",) else self.describe(source[:-1])
        return f"E[{inner} | {names((at, *given))}]"


def _predict_stack(
    models: Sequence[Any],
    weights: np.ndarray,
    features: np.ndarray,
    task: fitting.Task,
    fold: int,
    probability: bool,
) -> np.ndarray:
    """The weighted library's prediction by one fold's models; learners of weight 0 rest."""
    total = np.zeros(len(features))
    for weight, model in zip(weights, models, strict=True):
        if weight > 0:
            if probability and hasattr(model, "predict_proba"):
                values = fitting.predict(model, features, _with_classes(task), fold)[:, 1]
            else:
                values = fitting.predict(model, features, task, fold)
            total += weight * values
    return total


def _with_classes(task: fitting.Task) -> fitting.Task:
    from dataclasses import replace

    return replace(task, classes=2)


def _log_losses(
    predicted: np.ndarray, codes: np.ndarray, sampling: np.ndarray | None
) -> np.ndarray:
    chosen = np.clip(predicted[:, np.arange(len(codes)), codes], 1e-12, None)
    return np.average(-np.log(chosen), axis=1, weights=sampling)


def _entropy(codes: np.ndarray, sampling: np.ndarray | None) -> float:
    shares = np.bincount(codes, weights=sampling)
    shares = shares[shares > 0] / shares.sum()
    return float(-(shares * np.log(shares)).sum())


def _variance(values: np.ndarray, sampling: np.ndarray | None) -> float:
    centre = np.average(values, weights=sampling)
    return float(np.average((values - centre) ** 2, weights=sampling))
