"""Coverage with the default learners: a small seeded study here, the whole one marked slow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

import causalif as cif
from benchmarks.coverage import replicate, study, summarise
from tests.truth.continuous import REPORTED_ON, SMOOTH


def test_intervals_of_the_default_learners_cover_in_a_small_study():
    """40 samples of 500: fewer hits than this happen once in 10,000 at 93% coverage."""
    rows = [row for seed in range(40) for row in replicate(SMOOTH.name, 500, seed, {"repeats": 1})]
    hits = dict.fromkeys(("TE", "NDE", "NIE"), 0)
    for row in rows:
        hits[row["term"]] += abs(row["estimate"] - row["truth"]) <= 1.96 * row["std_error"]
    for term, found in hits.items():
        assert found >= binom.ppf(1e-4, 40, 0.93), term


def test_intervals_of_a_wrong_analysis_do_not():
    """The test above can fail: without covariates the same law is confounded."""
    hits = 0  # of the indirect effect, which the covariates confound most
    for seed in range(40):
        data = SMOOTH.sample(500, seed)
        found = cif.mediate(data, "a", "y", "m1", learners="glm", folds=2, seed=seed)
        error = found.values["NIE"] - SMOOTH.truth()["NIE"]
        hits += abs(error) <= 1.96 * found.std_error["NIE"]
    assert hits < binom.ppf(1e-4, 40, 0.93)


@pytest.mark.slow
@pytest.mark.parametrize("n", [500, 1000, 2000])
def test_coverage_is_within_two_points_of_the_oracle(n, tmp_path):
    law = REPORTED_ON["waves"]
    draws = study([law.name], [n], 500, 100_000, {}, 2, tmp_path / "draws.csv")
    table = summarise(draws)
    error = 2 * np.sqrt(0.05 * 0.95 / table["replicates"])
    gap = (table["coverage"] - table["oracle coverage"]).abs()
    assert (gap <= 0.02 + error).all(), table.to_string()
