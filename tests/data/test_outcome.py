from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from causalif.data import Outcome, build_design
from causalif.errors import DataError

N = 100
GOOD = np.random.default_rng(0).random(N) < 0.4


def outcome(values: Any, **options: Any) -> tuple[Outcome, tuple[str, ...]]:
    data = pd.DataFrame({"a": np.arange(N) % 2, "y": values})
    found = build_design(data, "a", "y", **options)
    return found.outcome, found.notes[1:]


@pytest.mark.parametrize(
    ("values", "event"),
    [
        (GOOD, None),
        (GOOD.astype(float), None),
        (pd.array(GOOD, dtype="boolean"), None),
        (pd.Categorical(GOOD.astype(int)), None),
        (np.where(GOOD, "yes", "no"), "yes"),
        (pd.Categorical(np.where(GOOD, "bad", "good"), ["good", "bad"]), "bad"),
    ],
)
def test_two_values(values: Any, event: Any) -> None:
    found, notes = outcome(values)
    assert (found.kind, found.event) == ("binary", event)
    np.testing.assert_array_equal(found.values, GOOD.astype(float))
    assert bool(notes) == (event is not None)
    assert event is None or f"the event is {event!r}" in notes[0]


def test_two_numbers_other_than_0_and_1_stay_numbers() -> None:
    found, _ = outcome(GOOD + 1)
    assert found.kind == "continuous"
    np.testing.assert_array_equal(found.values, GOOD + 1.0)


@pytest.mark.parametrize("missing", ["ipw", "impute"])
def test_missing_values_stay_missing(missing: str) -> None:
    values = pd.Series(np.where(GOOD, "yes", "no")).where(np.arange(N) >= 7)
    found, notes = outcome(values, missing=missing)
    np.testing.assert_array_equal(found.observed, np.arange(N) >= 7)
    np.testing.assert_array_equal(found.values[7:], GOOD[7:])
    assert any("missing in 7 of 100" in note for note in notes)


def test_all_missing_and_constant_where_observed() -> None:
    with pytest.raises(DataError, match="missing in all 100 rows"):
        outcome(np.full(N, np.nan), missing="ipw")
    with pytest.raises(DataError, match=r"constant \('yes' in all 93 rows\)"):
        outcome(pd.Series(["yes"] * N).where(np.arange(N) >= 7), missing="ipw")


def test_infinite() -> None:
    with pytest.raises(DataError, match=r"outcome 'y' is infinite.*1 of 100.*row 3"):
        outcome(np.where(np.arange(N) == 3, -np.inf, 1.0 * np.arange(N)))
