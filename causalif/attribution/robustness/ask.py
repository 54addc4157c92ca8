"""`sign_robustness`: how few rows would overturn an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalif.attribution.model import Model
from causalif.attribution.readers import read_model
from causalif.attribution.robustness.certificate import MOST_ROWS, least_size, means_apart
from causalif.attribution.robustness.goal import GOALS, Goal, goal_of
from causalif.attribution.robustness.result import RobustnessResult
from causalif.attribution.robustness.search import Search
from causalif.attribution.robustness.targets import Coefficient, Target, Term
from causalif.attribution.units import read_units
from causalif.errors import DataError, Problems, check_choice, did_you_mean
from causalif.estimate import Estimate
from causalif.nuisance.progress import progress_bar

HALF = 0.5  # of all units: larger sets are another study


def sign_robustness(
    fit: Any,
    *,
    term: str | None = None,
    goal: str = "sign",
    groups: Any = None,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    level: float = 0.95,
    most: int | None = None,
    progress: bool | None = None,
) -> RobustnessResult:
    """The fewest rows found without which a sign turns, or significance is lost or won.

    Parameters
    ----------
    fit : fitted model or Estimate
        As in `row_influence`. A result of this package is fitted again without rows, with the
        folds and seeds of the others.
    term : str, optional
        By default the first that is no intercept.
    goal : {"sign", "significance", "both"}, default "sign"
        Another sign; an interval that holds zero (or, if it does, no longer does); another sign
        with an interval that does not hold zero. Intervals are the fit's own, of classical
        standard errors.
    groups : sequence, shape (n,), optional
        Labels: whole groups are left out.
    X, y, sample_weight : optional
        The rows of a scikit-learn model.
    level : float, default 0.95
        Of intervals.
    most : int, optional
        The largest set looked at; by default half of all.
    progress : bool, optional

    Returns
    -------
    RobustnessResult

    Raises
    ------
    DataError
        A model or term that cannot be read; significance of a fit without classical standard
        errors.

    Notes
    -----
    Prefixes of the first-order ranking; greedy removal of the row that does most once others are
    gone (exact of least squares), put back and swapped; whatever is found is fitted again, so that
    `size` is an upper bound. The lower bound for signs of least squares is that of [2]_; a
    difference in means is solved by sorting; of others nothing is proved but that no single row
    does it, where all were tried.

    References
    ----------
    .. [1] Broderick, Giordano & Meager (2020), An automatic finite-sample robustness metric: when
           can dropping a little data make a big difference? arXiv 2011.14999.
    .. [2] Rubinstein & Hopkins (2024), Robustness auditing for linear regression: to singularity
           and beyond. arXiv 2410.07916.

    Examples
    --------
    >>> import statsmodels.api as sm
    >>> x = np.append(np.linspace(0, 1, 30), [9.0, 9.0])
    >>> y = np.append(-np.linspace(0, 1, 30), [9.0, 9.0])
    >>> fit = sm.OLS(y, sm.add_constant(x)).fit()
    >>> found = cif.sign_robustness(fit)
    >>> found.size, found.rows, found.exact
    (2, [30, 31], True)
    """
    problems = Problems()
    check_choice(problems, "goal", goal, GOALS)
    if not 0 < level < 1:
        problems.add(f"level={level!r} is not between 0 and 1.")
    problems.raise_if_any()
    target, name, model = _target(fit, term, groups, level, X=X, y=y, sample_weight=sample_weight)
    if goal != "sign" and model is not None and model.inference is None:
        raise DataError(
            f"goal={goal!r} needs classical standard errors, and this {model.kind} has none that "
            'are known here (robust ones, or none). Take goal="sign", or fit with '
            'cov_type="nonrobust".'
        )
    value, width = target.value(np.array([], dtype=int))
    asked = goal_of(goal, value, width)
    n = len(target.units.rows)
    limit = max(1, int(HALF * n)) if most is None else min(int(most), n - 1)
    with progress_bar(progress, limit, "remove") as bar:
        search = Search(target, asked, limit, lambda _: bar.update())
        exact = _by_sorting(model, target, asked)
        if exact is not None:
            search.run(greedy=False)
            search.best = exact
        else:
            search.run(greedy=model is not None)
    bound = _bound(model, target, asked, search, exact is not None)
    return _result(target, name, asked, search, bound, limit, (value, width))


def _target(
    fit: Any, term: str | None, groups: Any, level: float, **rows: Any
) -> tuple[Target, str, Model | None]:
    if isinstance(fit, Estimate):
        names = list(fit.names)
        name = _named(term, names, names[0])
        units = read_units(groups, fit.influence.index)
        return Term(fit, name, units, level), name, None
    model = read_model(fit, compact=False, **rows)
    names = list(model.names)
    varied = np.ptp(model.design, axis=0) > 0
    first = next((name for name, moves in zip(names, varied, strict=False) if moves), names[0])
    name = _named(term, names, first)
    units = read_units(groups, model.labels)
    return Coefficient(model, names.index(name), units, level), name, model


def _named(term: str | None, names: list[str], default: str) -> str:
    if term is None:
        return default
    if term not in names:
        raise DataError(f"no term {term!r}. {did_you_mean(term, names)}")
    return term


def _by_sorting(model: Model | None, target: Target, goal: Goal) -> np.ndarray | None:
    """The least set for the sign of a difference in means; None where it is not one."""
    if model is None or not isinstance(target, Coefficient) or goal.name != "sign":
        return None
    if not (model.quadratic and target.units.are_rows and model.design.shape[1] == 2):
        return None
    first, second = model.at(model.everything())
    column, other = model.design[:, target.place], model.design[:, 1 - target.place]
    levels = np.unique(column)
    plain = np.ptp(second) == 0 and np.ptp(other) == 0 and other[0] != 0 and not model.penalty.any()
    if len(levels) != 2 or not plain:
        return None
    outcome = (model.design @ model.coefficients[0]) - first[:, 0] / second[:, 0, 0]
    upper = column == (levels[1] if goal.slope > 0 else levels[0])
    found = means_apart(outcome[upper], outcome[~upper])
    if found is None:
        return None
    highest = np.flatnonzero(upper)[np.argsort(-outcome[upper], kind="stable")[: found[0]]]
    lowest = np.flatnonzero(~upper)[np.argsort(outcome[~upper], kind="stable")[: found[1]]]
    return np.concatenate([highest, lowest])


def _bound(
    model: Model | None, target: Target, goal: Goal, search: Search, sorted_out: bool
) -> int:
    if search.best is not None and (sorted_out or len(search.best) == 1):
        return len(search.best)
    found = 1
    if (
        target.exact_singles
        and not (goal.margin(*target.guesses(np.array([], dtype=int))) < 0).any()
    ):
        found = 2
    if search.no_pair:
        found = 3
    certified = (
        model is not None
        and model.quadratic
        and target.units.are_rows
        and goal.name == "sign"
        and len(model.design) <= MOST_ROWS
        and isinstance(target, Coefficient)
    )
    if certified and isinstance(target, Coefficient) and model is not None:
        most = search.most if search.best is None else len(search.best)
        found = max(found, min(least_size(model, target.place, most), most))
    return found


def _result(
    target: Target,
    name: str,
    goal: Goal,
    search: Search,
    bound: int,
    limit: int,
    now: tuple[float, float],
) -> RobustnessResult:
    best, n = search.best, len(target.units.rows)
    value, width = now
    after, width_after = (np.nan, np.nan) if best is None else target.value(best)
    moved = target.first_order()
    return RobustnessResult(
        term=name,
        goal=goal.name,
        in_words=goal.in_words,
        n=n,
        unit="rows" if target.units.are_rows else "groups",
        size=None if best is None else len(best),
        share=np.nan if best is None else len(best) / n,
        rows=[] if best is None else target.units.labels[best].tolist(),
        estimate=value,
        estimate_after=after,
        interval=_ends(value, width),
        interval_after=_ends(after, width_after),
        predicted=search.predicted,
        predicted_after=np.nan if best is None else float(value + moved[best].sum()),
        lower_bound=bound,
        exact=best is not None and bound == len(best),
        looked_up_to=limit,
        history=_history(target, search, now),
    )


def _ends(value: float, width: float) -> tuple[float, float]:
    return (value - width, value + width) if width else (np.nan, np.nan)


def _history(target: Target, search: Search, now: tuple[float, float]) -> pd.DataFrame:
    """At most some forty places along the path of removal."""
    path = search.path or ([] if search.best is None else search.best.tolist())
    steps = np.unique(np.linspace(0, len(path), 41).round().astype(int))[1:] if path else []
    rows = [(0, now[0], *_ends(*now))]
    for step in steps:
        found = target.value(np.array(path[:step], dtype=int))
        rows.append((int(step), found[0], *_ends(*found)))
    return pd.DataFrame(rows, columns=["removed", "estimate", "conf_low", "conf_high"])
