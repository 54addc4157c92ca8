"""What can be known to fail once the design is there, said before any fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from causalif.data.design import Design
from causalif.data.variables import shown
from causalif.effects.options import Settings
from causalif.effects.worlds import Estimand
from causalif.errors import DataError, Problems
from causalif.nuisance.adapters import no_weights, weight_keyword
from causalif.nuisance.library import Kind, Role


def check_levels(estimand: Estimand, design: Design, folds: int) -> None:
    """Levels that are not compared, where the estimand averages over them: enough rows each.

    Raises
    ------
    DataError
        Too few rows, or levels that stand for many values of a continuous exposure.
    """
    if not estimand.every_level:
        return
    exposure, problems = design.exposure, Problems()
    what = f"the {estimand.name} averages over every level of exposure {exposure.name!r}"
    if exposure.gathered:
        problems.add(
            f"{what}, and here a level stands for many values.",
            "It needs an exposure of few values; cutting one does not help, for what the cut "
            "leaves out still drives both mediators and outcome.",
        )
    counts = np.bincount(exposure.codes[design.informative], minlength=len(exposure.levels))
    for level, rows in zip(exposure.levels, counts, strict=True):
        if rows < max(2, folds):
            problems.add(
                f"{what}, and {shown(level)} has {rows} rows with an observed outcome, fewer than "
                f"folds={folds}.",
                "Join rare levels, or use fewer folds.",
            )
    problems.raise_if_any()


def check_before_fits(
    estimand: Estimand, design: Design, settings: Settings, folds: Sequence[np.ndarray]
) -> None:
    """Learners that cannot serve, folds without a level, scales that are not defined.

    Parameters
    ----------
    estimand : Estimand
    design : Design
    settings : Settings
    folds : sequence of ndarray of int, shape (n,)
        One per draw; -1 where no row is held out.

    Raises
    ------
    DataError
        Every such problem, in one message.
    """
    problems = Problems()
    _check_learners(estimand, design, settings, problems)
    _check_scale(design, settings.scale, problems)
    if estimand.classifies:
        _check_copies(design, problems)
    _check_folds(estimand, design, folds, problems)
    problems.raise_if_any()


def check_rows(rows: np.ndarray, n: int) -> None:
    """Whether `rows` can be a mask of n rows, or positions among them; some, at least.

    Raises
    ------
    DataError
        They cannot.
    """
    mask = rows.dtype == bool
    what = f"rows must be a mask of length {n}, or whole positions among them"
    if rows.ndim != 1 or not (mask or np.issubdtype(rows.dtype, np.integer) or not rows.size):
        raise DataError(f"{what}; not an array of shape {rows.shape} and type {rows.dtype}.")
    if mask and len(rows) != n:
        raise DataError(f"{what}; this mask has length {len(rows)}.")
    if not rows.any() if mask else not rows.size:
        raise DataError(f"rows keeps none of {n} rows. Keep some at every level that is compared.")
    if not mask and (outside := (rows < -n) | (rows >= n)).any():
        raise DataError(f"{what}; {rows[outside][0]} is none.")


def check_rows_left(estimand: Estimand, design: Design, folds: Sequence[np.ndarray]) -> None:
    """Whether the rows that a refit keeps hold every level, to learn from and in each group.

    Raises
    ------
    DataError
        They do not.
    """
    problems, exposure, by = Problems(), design.exposure, design.by
    for group in [0] if by is None else np.unique(by.codes):
        kept = design.informative if by is None else design.informative & (by.codes == group)
        counts = np.bincount(exposure.codes[kept], minlength=exposure.contrasted)
        for code in np.flatnonzero(counts[: exposure.contrasted] == 0):
            within = "" if by is None else f", {by.at(int(group), ' = ')}"
            problems.add(
                f"rows keeps none with an observed outcome at {exposure.at(int(code), ' = ')}"
                f"{within}.",
                "Keep some.",
            )
    problems.raise_if_any()
    _check_folds(estimand, design, folds, problems)
    problems.raise_if_any()


def _needed(estimand: Estimand, design: Design, settings: Settings) -> Iterator[tuple[Role, Kind]]:
    """The kinds of regression that will be fitted, by role."""
    yield "exposure", "probability"
    if estimand.classifies:
        yield "intermediate", "probability"
    if not design.outcome.observed.all():
        yield "missing", "probability"
    if design.complete is not None:
        yield "missing", "probability"
    if design.outcome.survival is not None:
        yield "missing", "probability"
        yield "outcome", "probability"
    if settings.method == "ipw":
        return
    binary = design.outcome.kind == "binary"
    yield "outcome", "probability" if binary else "regression"
    if binary and (design.mediators or design.intermediates):
        yield "outcome", "fraction"


def _check_learners(
    estimand: Estimand, design: Design, settings: Settings, problems: Problems
) -> None:
    for role, kind in _needed(estimand, design, settings):
        try:
            candidates = settings.library.candidates(role, kind)
        except DataError as error:
            problems.add(str(error))
            continue
        for _, learner in candidates if design.weights is not None else ():
            inner = getattr(learner, "regressor", getattr(learner, "classifier", learner))
            if weight_keyword(inner) is None:
                problems.add(no_weights(inner, role, "sampling weights are given"))


def _check_copies(design: Design, problems: Problems) -> None:
    """A mediator that is a covariate, or an intermediate, in other units: nothing varies beside it.

    Averages over the law of one part, whatever the other, need every pair of values to occur.
    """
    mediators = [name for group in design.mediators for name in group]
    for name in mediators:
        own = design.columns[name].values
        for other in (*design.covariates, *design.intermediates):
            values = design.columns[other].values
            if own.shape[1] != 1 or values.shape[1] != 1:
                continue
            one, two = own[:, 0] - own.mean(), values[:, 0] - values.mean()
            if abs(one @ two) >= (1 - 1e-9) * np.sqrt((one @ one) * (two @ two)):
                problems.add(
                    f"mediator {name!r} tells the same as {other!r} in every row, so that it never "
                    "varies beside it: there is no overlap.",
                    "Leave one of the two out.",
                )


def _check_scale(design: Design, scale: str, problems: Problems) -> None:
    """Ratios need something to divide: looked for in the data, as an estimate comes late."""
    if scale == "difference":
        return
    exposure, outcome, used = design.exposure, design.outcome, design.informative
    low, high = outcome.values[used].min(), outcome.values[used].max()
    if scale == "odds_ratio" and (low < 0 or high > 1):
        problems.add(
            f"scale='odds_ratio' needs an outcome between 0 and 1, but {outcome.name!r} reaches "
            f"from {low:.4g} to {high:.4g}.",
            "Use scale='difference' or 'ratio'.",
        )
        return
    for code in range(exposure.contrasted):
        arm = outcome.values[used & (exposure.codes == code)]
        empty = arm.max() <= 0
        if empty or (scale == "odds_ratio" and arm.min() >= 1):
            problems.add(
                f"scale={scale!r} is not defined: outcome {outcome.name!r} is "
                f"{'nowhere above 0' if empty else '1'} in all {len(arm)} rows at "
                f"{exposure.at(code, ' = ')}.",
                "Use scale='difference'.",
            )


def _check_folds(
    estimand: Estimand, design: Design, folds: Sequence[np.ndarray], problems: Problems
) -> None:
    """Every training set must hold every level in use; whole clusters may prevent it."""
    exposure, used = design.exposure, design.informative
    needed = len(exposure.levels) if estimand.every_level else exposure.contrasted
    for fold_of in folds:
        for fold in range(int(fold_of.max()) + 1):
            codes = exposure.codes[used & (fold_of != fold)]
            present = np.bincount(codes, minlength=needed)[:needed]
            if present.all():
                continue
            level = exposure.at(int(np.flatnonzero(present == 0)[0]), " = ")
            why = (
                "Its rows lie in too few clusters, which folds keep whole: use folds=1, or group "
                "more finely."
                if design.clusters is not None
                else "Use fewer folds, or contrast other levels."
            )
            problems.add(
                f"without fold {fold + 1} of {int(fold_of.max()) + 1}, no row with an observed "
                f"outcome is left at {level} to learn from.",
                why,
            )
            return
