"""Standard errors against statsmodels and against textbook formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose

import causalif as cif
from causalif.errors import SmallSampleWarning

N = 240


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def mean_of(y, **sampling):
    return cif.Estimate.from_uncentred({"mean": y}, **sampling)


def regression(rng, groups=None):
    """Least squares with its influence function, and the same model in statsmodels."""
    x = sm.add_constant(rng.normal(size=(N, 2)))
    y = x @ [1.0, 0.5, -0.3] + rng.normal(size=N) * (1 + x[:, 1] ** 2)
    fit = sm.OLS(y, x).fit()
    influence = N * (x * fit.resid[:, None]) @ np.linalg.inv(x.T @ x)
    estimate = cif.Estimate(fit.params, influence, names=["const", "a", "b"], clusters=groups)
    return estimate, sm.OLS(y, x)


def test_mean_has_the_hc0_error_of_statsmodels(rng):
    y = rng.exponential(size=N)
    expected = sm.OLS(y, np.ones(N)).fit(cov_type="HC0").bse[0]
    assert_allclose(mean_of(y).std_error["mean"], expected, rtol=1e-12)


def test_weighted_mean_has_the_hc0_error_of_statsmodels(rng):
    y, w = rng.exponential(size=N), rng.uniform(0.2, 5, size=N)
    fit = sm.WLS(y, np.ones(N), weights=w).fit(cov_type="HC0")
    estimate = mean_of(y, weights=w)
    assert_allclose(estimate.values["mean"], fit.params[0], rtol=1e-12)
    assert_allclose(estimate.std_error["mean"], fit.bse[0], rtol=1e-12)


def test_regression_has_the_hc0_covariance_of_statsmodels(rng):
    estimate, model = regression(rng)
    assert_allclose(estimate.cov(), model.fit(cov_type="HC0").cov_params(), rtol=1e-9)


def test_clustered_mean_has_the_error_of_statsmodels(rng):
    groups = np.repeat(np.arange(40), 6)
    y = rng.normal(size=40)[groups] + rng.normal(size=N)
    # With one parameter the correction of statsmodels is G / (G - 1).
    fit = sm.OLS(y, np.ones(N)).fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert_allclose(mean_of(y, clusters=groups).std_error["mean"], fit.bse[0], rtol=1e-12)


def test_clustered_regression_times_g_over_g_minus_one(rng):
    groups = rng.permutation(np.repeat(np.arange(40), 6))
    estimate, model = regression(rng, groups)
    keywords = {"groups": groups, "use_correction": False}
    expected = model.fit(cov_type="cluster", cov_kwds=keywords).cov_params() * 40 / 39
    assert_allclose(estimate.cov(), expected, rtol=1e-9)


def test_stratified_mean_is_cochrans(rng):
    """Cochran (1977), Sampling Techniques, eq. 5.6: sum of W_h**2 s_h**2 / n_h."""
    sizes, population = np.array([30, 80, 130]), np.array([0.5, 0.2, 0.3])
    strata = np.repeat(["north", "mid", "south"], sizes)
    y = rng.normal(size=N) + np.repeat([0.0, 3.0, -2.0], sizes)
    weights = np.repeat(population / sizes, sizes)
    parts = [y[strata == name] for name in ("north", "mid", "south")]
    mean = sum(w * part.mean() for w, part in zip(population, parts, strict=True))
    variance = sum(
        w**2 * part.var(ddof=1) / len(part) for w, part in zip(population, parts, strict=True)
    )
    estimate = mean_of(y, weights=weights, strata=strata)
    assert_allclose(estimate.values["mean"], mean, rtol=1e-12)
    assert_allclose(estimate.std_error["mean"], np.sqrt(variance), rtol=1e-12)


def by_hand(influence, weights, strata, clusters):
    """The between-unit formula, written as loops over strata and units."""
    weights = weights / weights.mean()
    centre = (weights[:, None] * influence).sum(axis=0) / weights.sum()
    u = weights[:, None] * (influence - centre) / len(influence)
    total = np.zeros((influence.shape[1],) * 2)
    for h in np.unique(strata):
        inside = strata == h
        sums = [u[inside & (clusters == c)].sum(axis=0) for c in np.unique(clusters[inside])]
        mean = np.mean(sums, axis=0)
        for part in sums:
            total += np.outer(part - mean, part - mean) * len(sums) / (len(sums) - 1)
    return total


def test_clusters_nested_in_strata_may_reuse_their_numbers(rng):
    strata = np.repeat(np.arange(20), 12)
    clusters = np.tile(np.repeat([1, 2, 3], 4), 20)  # numbered anew in every stratum
    influence, weights = rng.normal(size=(N, 2)), rng.uniform(1, 9, size=N)
    estimate = cif.Estimate(
        [0.0, 1.0], influence, weights=weights, strata=strata, clusters=clusters
    )
    expected = by_hand(influence, weights, strata, clusters)
    assert_allclose(estimate.cov(), expected, rtol=1e-10)


def test_a_stratum_with_one_unit_is_named_and_centred_at_the_grand_mean(rng):
    strata = np.array(["a"] * 100 + ["b"] * 139 + ["lonely"])
    influence = rng.normal(size=N)
    influence -= influence.mean()
    with pytest.warns(SmallSampleWarning, match=r"1 of 3 strata .*lonely"):
        estimate = cif.Estimate([0.0], influence, strata=strata)
    u = influence / N
    variance = sum(
        n / (n - 1) * ((u[strata == h] - u[strata == h].mean()) ** 2).sum()
        for h, n in (("a", 100), ("b", 139))
    )
    assert_allclose(estimate.cov().iloc[0, 0], variance + u[-1] ** 2, rtol=1e-10)


def test_influence_is_stored_as_given_and_centred_for_the_variance(rng):
    influence = rng.normal(size=N) + 10
    estimate = cif.Estimate([0.0], influence)
    assert_allclose(estimate.influence["estimate"], influence, rtol=0)
    assert_allclose(estimate.std_error["estimate"], influence.std() / np.sqrt(N), rtol=1e-12)


def test_the_unit_of_the_weights_is_immaterial(rng):
    y, w = rng.normal(size=N), rng.uniform(1, 2, size=N)
    one, thousand = mean_of(y, weights=w), mean_of(y, weights=1000 * w)
    assert_allclose(one.tidy().drop(columns="term"), thousand.tidy().drop(columns="term"))
    assert one.weights.mean() == pytest.approx(1)


def test_rows_of_weight_zero_count_for_nothing(rng):
    y, w = rng.normal(size=N), np.r_[np.ones(N - 40), np.zeros(40)]
    assert_allclose(mean_of(y, weights=w).std_error, mean_of(y[:-40]).std_error, rtol=1e-12)


def test_few_clusters_warn_once_with_their_number(rng):
    y, groups = rng.normal(size=N), np.arange(N) % 12
    with pytest.warns(SmallSampleWarning, match="only 12 clusters"):
        estimate = mean_of(y, clusters=groups)
    # Nothing derived from it warns again: warnings are errors here.
    (2 * estimate + 1).confint()
    cif.combine([estimate, estimate]).summary()


def test_strata_use_up_degrees_of_freedom():
    values = np.random.default_rng(0).normal(size=120)
    clusters, strata = np.arange(120) // 3, np.arange(120) // 6
    with pytest.warns(SmallSampleWarning, match="40 clusters in 20 strata leave 20 degrees") as w:
        cif.Estimate([0.0], values - values.mean(), clusters=clusters, strata=strata)
    # t tables: 2.086 at 20 degrees of freedom, against 1.960
    assert "6% wider" in str(w[0].message)


def test_thirty_clusters_are_silent(rng):
    mean_of(rng.normal(size=N), clusters=np.arange(N) % 30)


@pytest.mark.parametrize("kind", ["text", "category", "Int64", "list"])
def test_cluster_labels_of_any_kind(rng, kind):
    y, groups = rng.normal(size=N), np.arange(N) % 40
    expected = mean_of(y, clusters=groups).std_error
    text = [f"g{g}" for g in groups]
    given = {
        "text": text,
        "category": pd.Series(text, dtype="category"),
        "Int64": pd.Series(groups, dtype="Int64"),
        "list": list(groups),
    }[kind]
    assert_allclose(mean_of(y, clusters=given).std_error, expected)


def test_weights_in_a_series_find_their_rows(rng):
    index = pd.Index([f"r{i}" for i in range(N)])
    influence = pd.DataFrame({"a": rng.normal(size=N)}, index=index)
    weights = pd.Series(rng.uniform(1, 2, size=N), index=index)
    shuffled = weights.sample(frac=1, random_state=1)
    given = cif.Estimate([0.0], influence, weights=weights)
    assert_allclose(cif.Estimate([0.0], influence, weights=shuffled).weights, given.weights)
