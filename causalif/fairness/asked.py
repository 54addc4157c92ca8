"""What is asked of a trade-off: places on the line, measures, clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from causalif.data.frames import read_frame
from causalif.errors import DataError, Problems, did_you_mean
from causalif.fairness.measures import MEASURES
from causalif.fairness.points import UNMITIGATED

LINE = tuple(k / 10 for k in range(11))
BINARY = (
    "accuracy",
    "log_loss",
    "auc",
    "demographic_parity",
    "mean_score",
    "equal_opportunity",
    "equalized_odds",
    "predictive_parity",
    "calibration",
)
NUMERIC = ("mse", "mean_score", "calibration", "loss")


def read_measures(given: str | Sequence[str] | None, logistic: bool) -> tuple[str, ...]:
    """Names of measures; by default the usual ones.

    Raises
    ------
    DataError
        An unknown name.
    """
    if given is None:
        return BINARY if logistic else NUMERIC
    names = (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if name not in MEASURES:
            raise DataError(f"measures: no {name!r}. {did_you_mean(name, MEASURES)}")
    return names


def read_places(
    shared: float | Sequence[float] | None, most: int, linear: bool
) -> dict[float, dict[int, float]]:
    """Of each place the share of each rung in its linear predictor.

    Whole numbers alone are counts; beside a float they are places too.

    Raises
    ------
    DataError
        Places off the line, or more directions than there are.
    """
    if shared is None:
        shared = LINE if linear else tuple(range(most + 1))
    given = np.ravel(np.array(shared, dtype=object)).tolist()
    counts = all(isinstance(place, (int, np.integer)) for place in given)
    problems = Problems()
    for place in given:
        if counts and not 0 <= place <= most:
            problems.add(
                f"shared={place}: there are {most} shared directions here.",
                "A place on the line is a float (1.0).",
            )
        if not counts and not 0 <= place <= 1:
            problems.add(f"shared={place}: a float is a place on the line from 0.0 to 1.0.")
    problems.raise_if_any()
    if counts:
        return {int(place): {int(place): 1.0} for place in given}
    return {float(place): _on_the_line(float(place)) for place in given}


def _on_the_line(place: float) -> dict[int, float]:
    mix = {0: 1.0 - place, UNMITIGATED: place}
    return {k: share for k, share in mix.items() if share}


def read_clusters(data: Any, clusters: Any) -> Any:
    """A column of the data by its name; anything else as it is.

    Raises
    ------
    DataError
        There is no such column.
    """
    if clusters is None or not isinstance(clusters, str):
        return clusters
    problems = Problems()
    frame = read_frame(data, problems)
    if clusters not in frame.positions:
        raise DataError(
            f"no column {clusters!r} in data. {did_you_mean(clusters, frame.positions)}"
        )
    return frame.column(clusters).to_numpy()
