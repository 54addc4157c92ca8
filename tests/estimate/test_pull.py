"""Which rows an estimate hangs on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causalif as cif
from causalif.errors import DataError
from causalif.estimate.pull import sign_rows

VALUES = np.array([5.0, -1.0, -1.0, 0.5, -2.0, 1.0])
INDEX = pd.Index(list("uvwxyz"))
WEIGHTS = np.array([1.0, 2, 1, 1, 1, 3])


def mean(kept, **more):
    return cif.Estimate.from_uncentred({"m": VALUES[kept]}, index=INDEX[kept], **more)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_of_a_mean_the_change_is_what_leaving_out_does(weights):
    whole = mean(np.arange(6), weights=weights)
    found = whole.influential_rows(count=6)
    assert found["change"].abs().is_monotonic_decreasing
    for k, label in enumerate(INDEX):
        kept = np.delete(np.arange(6), k)
        part = None if weights is None else weights[kept]
        assert found.loc[label, "without"] == pytest.approx(mean(kept, weights=part).values["m"])


@pytest.mark.filterwarnings("ignore:only 3 clusters")
def test_clusters_are_left_out_whole():
    clusters = np.array(["a", "a", "b", "b", "c", "c"])
    found = mean(np.arange(6), clusters=clusters).influential_rows()
    assert sorted(found.index) == ["a", "b", "c"]
    assert found.loc["a", "without"] == pytest.approx(VALUES[2:].mean())


def test_rows_that_turn_a_sign():
    # The mean is 2.5 / 6; without the 5 it is -0.5. First order: 2.5/6 less 4.583/5 is below zero.
    assert sign_rows(mean(np.arange(6)), "m") == 1
    assert sign_rows(cif.Estimate.from_uncentred({"m": np.array([1.0, 1, 1])}), "m") is None


def test_an_unknown_term_is_named():
    with pytest.raises(DataError, match=r"no term 'mm'\. Did you mean 'm'"):
        mean(np.arange(6)).influential_rows("mm")
