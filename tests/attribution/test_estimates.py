"""What rows do to an `Estimate`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causalif as cif
from causalif.errors import DataError

VALUES = np.random.default_rng(1).normal(size=(40, 2))
WEIGHTS = np.random.default_rng(2).uniform(0.5, 3, 40)
INDEX = pd.Index([f"p{k}" for k in range(40)])


def means(kept, weights=None):
    part = None if weights is None else weights[kept]
    names = {"a": VALUES[kept, 0], "b": VALUES[kept, 1]}
    return cif.Estimate.from_uncentred(names, index=INDEX[kept], weights=part)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_of_means_the_effect_of_rows_is_exact(weights):
    everything = np.ones(40, dtype=bool)
    whole = means(everything, weights)
    found = cif.row_influence(whole)
    for k in (0, 23):
        kept = np.arange(40) != k
        expected = means(kept, weights).values - whole.values
        assert found.loc[f"p{k}"].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-12)
    kept = np.arange(40) % 5 > 0
    expected = means(kept, weights).values - whole.values
    for rows in (~kept, INDEX[~kept]):
        change = cif.group_influence(whole, rows)
        assert change.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-12)
    group = np.arange(40) // 8
    by_group = cif.row_influence(whole, method="if", groups=group)
    expected = means(group != 3, weights).values - whole.values
    assert by_group.loc[3].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-12)


def test_an_analysis_is_fitted_again_with_the_folds_of_the_other_rows():
    jobs = cif.load_dataset("jobs").head(200)
    effect = cif.average_effect(jobs, "treat", "depress2", ["age"], learners="glm", seed=1)
    rows = jobs.index[[3, 50]]
    found = cif.group_influence(effect, rows, method="refit")
    kept = ~jobs.index.isin(rows)
    expected = effect.refit(kept).values - effect.values
    assert found.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-14)
    held = cif.group_influence(effect, rows, method="if")
    assert abs(held["TE"] - found["TE"]) < 0.05 * effect.std_error["TE"]
    some = cif.row_influence(effect, method="refit", groups=np.arange(200) // 50)
    assert some.shape == (4, 1)


def test_what_an_estimate_has_not_is_said():
    whole = means(np.ones(40, dtype=bool))
    with pytest.raises(DataError, match="carries no nuisances"):
        cif.row_influence(whole, method="rif")
    with pytest.raises(DataError, match="carries no recipe"):
        cif.row_influence(whole, method="refit")
    with pytest.raises(DataError, match="no row is labelled 'x'"):
        cif.group_influence(whole, ["x"], method="if")
