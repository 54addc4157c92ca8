"""Coverage with the default learners: a small seeded study here, the whole one marked slow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

import causalif as cif
from benchmarks.coverage import FIRST_SEED, replicate, study, summarise
from benchmarks.studies import STUDIES
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


OF_ESTIMANDS = [
    name
    for name in STUDIES["estimands"]
    if name not in ("one continuous intermediate", "a binary and a continuous intermediate")
]


@pytest.mark.parametrize("name", OF_ESTIMANDS)
def test_intervals_of_every_effect_cover_in_a_small_study(name):
    """15 samples of 400: fewer hits than this happen once in 10,000 at 90% coverage."""
    options = {"repeats": 1, "folds": 3}
    rows = [row for seed in range(15) for row in replicate(name, 400, seed, options)]
    errors = [abs(row["estimate"] - row["truth"]) / row["std_error"] for row in rows]
    terms = np.array([row["term"] for row in rows])
    for term in np.unique(terms):
        hits = (np.array(errors)[terms == term] <= 1.96).sum()
        assert hits >= binom.ppf(1e-4, 15, 0.9), term


@pytest.mark.slow
@pytest.mark.parametrize("n", [500, 2000])
@pytest.mark.parametrize("name", OF_ESTIMANDS)
def test_coverage_of_every_effect_is_near_the_oracles(name, n, tmp_path):
    draws = study([name], [n], 300, FIRST_SEED["estimands"], {}, 2, tmp_path / "draws.csv")
    table = summarise(draws).dropna(subset=["oracle coverage"])
    error = 2 * np.sqrt(0.05 * 0.95 / table["replicates"])
    gap = table["oracle coverage"] - table["coverage"]
    assert (gap <= 0.04 + error).all(), table.to_string()
