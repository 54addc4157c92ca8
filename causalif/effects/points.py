"""At which values of a continuous mediator a controlled direct effect is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.data.variables import shown
from causalif.effects.curve import Curve, curve_mean
from causalif.effects.held import MOST_VALUES
from causalif.effects.worlds import Contrasts, Estimand, World
from causalif.errors import DataWarning, Problems, did_you_mean, warn

QUANTILES = np.linspace(0.1, 0.9, 7)
MOST_DF = 10


def is_curve(design: Design) -> bool:
    """Whether the one mediator is a number of many values."""
    names = [name for group in design.mediators for name in group]
    if len(names) != 1:
        return False
    column = design.columns[names[0]]
    if column.levels or column.values.shape[1] > 1:
        return False
    return len(np.unique(column.values)) > MOST_VALUES


def along_curve(estimand: Estimand, design: Design, *, at: Any, df: Any, method: str) -> Estimand:
    """The estimand at points of a curve, where the mediator is continuous; else as it is.

    Raises
    ------
    DataError
        Values outside the data, an unknown name in `at`, `df` outside 2 to 10, and a
        fluctuation, which a curve has not.
    """
    if not is_curve(design):
        return estimand
    (name,), problems = design.mediators[0], Problems()
    values = design.columns[name].values[:, 0]
    values = values if design.weights is None else values[design.weights > 0]
    df = df.item() if isinstance(df, np.integer) else df
    if not isinstance(df, int) or isinstance(df, bool) or not 2 <= df <= MOST_DF:
        problems.add(f"df={df!r} is not a whole number from 2 (a line) to {MOST_DF}.")
    if method == "tmle":
        problems.add(
            f"method='tmle' is not there for the curve over {name!r}.",
            "Use method='onestep' (the default) or 'plugin'.",
        )
    if values.min() == values.max():
        problems.add(
            f"mediator {name!r} is {values[0]:.4g} in all rows with a positive weight.",
            "Use average_effect() for the total effect.",
        )
        problems.raise_if_any()
    points = _points(name, values, at, problems)
    problems.raise_if_any()
    curve = Curve(name, _knots(name, values, df), points)
    terms = [f"CDE [{name}={word}]" for word in curve.words]
    if isinstance(at, Mapping) and not _is_many(next(iter(at.values()))):  # pyright: ignore
        terms = ["CDE"]
    return replace(
        estimand,
        contrasts=partial(_contrasts, tuple(terms)),
        evaluate=partial(curve_mean, curve=curve),
        named=partial(_named, curve),
        assumptions=(*estimand.assumptions, _honesty(curve)),
        references=(*estimand.references, "neugebauer2007nonparametric"),
        classifies=True,
        by_groups=False,
        together=not design.intermediates,
        curve=curve,
    )


def _knots(name: str, values: np.ndarray, df: int) -> tuple[float, ...]:
    """As many quantiles as there are degrees of freedom; fewer where they fall together."""
    knots = np.unique(np.quantile(values, np.linspace(0, 1, df)))
    if len(knots) < df:
        warn(
            f"mediator {name!r} has one value so often that the curve has {len(knots)} degrees of "
            f"freedom, not df={df}: its knots are quantiles, and {df - len(knots)} of them fall "
            "on others.",
            DataWarning,
        )
    return tuple(knots.tolist())


def _points(name: str, values: np.ndarray, at: Any, problems: Problems) -> tuple[float, ...]:
    """The points that are asked for, or quantiles of the mediator to three digits or more."""
    low, high = float(values.min()), float(values.max())
    if at is None:
        # years differ in their last digits
        digits = 3 + int(max(0.0, np.log10(max(-low, high) / (high - low))))
        chosen = [float(f"{q:.{digits}g}") for q in np.quantile(values, QUANTILES)]
        return tuple(dict.fromkeys(min(max(q, low), high) for q in chosen))
    if not isinstance(at, Mapping):
        problems.add(f"at={at!r} must be a dict, as in at={{{name!r}: {np.median(values):.3g}}}.")
        return ()
    given: dict[str, Any] = {str(key): value for key, value in at.items()}  # pyright: ignore
    for other in given:
        if other != name:
            hint = did_you_mean(other, [name])
            problems.add(f"at= names {other!r}, which is no mediator that varies.", hint)
    wanted = given.get(name, ())
    wanted = wanted.item() if isinstance(wanted, np.ndarray) and not wanted.ndim else wanted
    found = list(wanted) if _is_many(wanted) else [wanted]
    if name not in given or not found:
        problems.add(f"at= gives no value for mediator {name!r}.", "Add one, or leave at= out.")
        return ()
    for value in found:
        good = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not good or not low <= float(value) <= high:
            problems.add(
                f"at= asks for {name!r} at {shown(value)}, and its values reach from {low:.4g} to "
                f"{high:.4g}.",
                "Ask within the data.",
            )
    return () if problems else tuple(dict.fromkeys(float(value) for value in found))


def _is_many(value: Any) -> bool:
    return isinstance(value, list | tuple | range | pd.Series) or np.ndim(value) > 0


def _contrasts(terms: tuple[str, ...], level: int, reference: int) -> Contrasts:
    # a world is (level of the exposure, place of the point)
    return {term: ((level, k), (reference, k)) for k, term in enumerate(terms)}


def _named(curve: Curve, design: Design, world: World) -> str:
    level, point = design.exposure.levels[world[0]], curve.words[world[1]]
    return f"E[{design.outcome.name}({level}, {curve.mediator}={point})]"


def _honesty(curve: Curve) -> str:
    return (
        f"The curve is the best fit by natural splines of {len(curve.knots)} degrees of freedom, "
        f"each value of {curve.mediator} weighing as it occurs in the data. Intervals and bands "
        "are for that fit: what bends within less than a knot's distance is not seen. Try another "
        "df=."
    )
