"""Intervals, bands and tests against statsmodels, scipy and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose
from scipy import integrate, stats

import causalif as cif
from causalif.errors import DataError

N = 300


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture
def logit(rng):
    """Logistic regression with its influence function, and its fit in statsmodels."""
    x = sm.add_constant(rng.normal(size=(N, 2)))
    y = rng.binomial(1, 1 / (1 + np.exp(-x @ [0.2, 0.4, 0.5])))
    fit = sm.Logit(y, x).fit(disp=0, cov_type="HC0")
    information = (x * (fit.predict() * (1 - fit.predict()))[:, None]).T @ x / N
    influence = x * (y - fit.predict())[:, None] @ np.linalg.inv(information)
    return cif.Estimate(fit.params, influence, names=["one", "a", "b"], scale="logit"), fit


def test_wald_interval_and_p_value_are_those_of_statsmodels(logit):
    estimate, fit = logit
    assert_allclose(estimate.confint(0.9), fit.conf_int(0.1), rtol=1e-7)
    table = estimate.tidy()
    assert_allclose(table["p_value"], fit.pvalues, rtol=1e-6)
    assert_allclose(table["statistic"], fit.tvalues, rtol=1e-7)


@pytest.mark.parametrize(
    ("text", "matrix", "constants"),
    [
        ("a = b", [[0, 1, -1]], [0]),
        ("a + 2 * b = 1.5, one = 0.1", [[0, 1, 2], [1, 0, 0]], [1.5, 0.1]),
        ("(a - b) / 2 = 1e-1", [[0, 0.5, -0.5]], [0.1]),
        ("a", [[0, 1, 0]], [0]),
    ],
)
def test_hypotheses_in_text_are_the_wald_tests_of_statsmodels(logit, text, matrix, constants):
    estimate, fit = logit
    expected = fit.wald_test((np.array(matrix), np.array(constants)), use_f=False, scalar=True)
    result = estimate.test(text)
    assert_allclose(result.statistic, expected.statistic, rtol=1e-7)
    assert_allclose(result.p_value, expected.pvalue, rtol=1e-6)
    assert result.df == len(matrix)


def test_joint_test_is_that_of_statsmodels(logit):
    estimate, fit = logit
    expected = fit.wald_test((np.eye(3), [0.1, 0.2, 0.3]), use_f=False, scalar=True)
    result = estimate.test([0.1, 0.2, 0.3], joint=True)
    assert_allclose([result.statistic, result.p_value], [expected.statistic, expected.pvalue], 1e-6)
    assert_allclose(estimate.test({"b": 0.3, "a": 0.2, "one": 0.1}, joint=True), result)


def test_one_term_at_a_time(logit):
    estimate, fit = logit
    table = estimate.test(0.2)
    assert_allclose(table["statistic"], (fit.params - 0.2) / fit.bse, rtol=1e-7)
    assert_allclose(table["p_value"], 2 * stats.norm.sf(abs((fit.params - 0.2) / fit.bse)), 1e-6)
    assert list(table.index) == ["one", "a", "b"]


def effects(rng, direct=0.3, indirect=0.2):
    rows = rng.normal(size=(N, 2)) @ np.array([[1.0, 0.4], [0.0, 2.0]])
    influence = np.column_stack([rows, rows.sum(axis=1)])
    return cif.Estimate(
        [direct, indirect, direct + indirect], influence, names=["NDE", "NIE", "TE"]
    )


def test_a_redundant_constraint_costs_no_degree_of_freedom(rng):
    estimate = effects(rng)
    two = estimate[["NDE", "NIE"]].test(joint=True)
    three = estimate.test(joint=True)
    assert three.df == 2
    assert_allclose(three, two, rtol=1e-6)


def test_rank_does_not_hang_on_units(rng):
    estimate = effects(rng)
    scaled = estimate * np.array([1e6, 1e-6, 1.0])
    assert_allclose(scaled.test(joint=True), estimate.test(joint=True), rtol=1e-6)


def test_an_identity_holds_by_construction_and_its_contradiction_never(rng):
    estimate = effects(rng)
    assert tuple(estimate.test("NDE + NIE = TE")) == (0.0, 0.0, 1.0)
    assert tuple(estimate.test("NDE + NIE - TE = 1")) == (np.inf, 0.0, 0.0)
    assert estimate.test([0, 0, 1], joint=True).p_value == 0.0


def test_no_sampling_error_gives_no_nan():
    estimate = cif.Estimate([0.0, 1.0], np.zeros((5, 2)), names=["zero", "one"])
    table = estimate.tidy()
    assert list(table["p_value"]) == [1.0, 0.0]
    assert_allclose(estimate.confint(method="simultaneous"), [[0, 0], [1, 1]])


def test_names_of_several_words_need_no_backticks(rng):
    estimate = effects(rng).transform(lambda v: v, ["through M1", "NIE / TE", "TE"])
    expected = effects(np.random.default_rng(11)).test("NDE = NIE")
    assert_allclose(estimate.test("through M1 = NIE / TE"), expected)
    assert_allclose(estimate.test("`through M1` - `NIE / TE`"), expected)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("NDE = NEI", "no term 'NEI'.*Did you mean 'NIE'"),
        ("NDE * NIE = 1", "linear equations"),
        ("NDE = NIE = 0", "linear equations"),
        ("NDE = ", "linear equations"),
        ("", "linear equations"),
        ("__import__('os')", "no term|linear equations"),
    ],
)
def test_unreadable_hypotheses(rng, text, says):
    with pytest.raises(DataError, match=says):
        effects(rng).test(text)


# Bands


def test_band_of_independent_terms_is_sidaks():
    rows = np.kron(np.eye(4), [[1.0], [-1.0]])  # exactly uncorrelated
    estimate = cif.Estimate(np.zeros(4), rows)
    half = estimate.confint(0.9, method="simultaneous")["conf_high"] / estimate.std_error
    assert_allclose(half, stats.norm.ppf((1 + 0.9**0.25) / 2), atol=2e-3)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_band_has_its_level_by_the_normal_distribution_of_scipy(rng, level):
    mixed = rng.normal(size=(N, 3)) @ rng.normal(size=(3, 3))
    estimate = cif.Estimate(np.zeros(3), mixed)
    critical = (estimate.confint(level, "simultaneous")["conf_high"] / estimate.std_error).iloc[0]
    error = estimate.std_error.to_numpy()
    law = stats.multivariate_normal(cov=estimate.cov().to_numpy() / np.outer(error, error))
    reached = law.cdf(np.full(3, critical), lower_limit=np.full(3, -critical))
    assert_allclose(reached, level, atol=1e-3)


def test_band_of_a_singular_covariance_by_integration(rng):
    estimate = effects(rng)
    critical = (
        (estimate.confint(method="simultaneous")["conf_high"] - estimate.values)
        / estimate.std_error
    ).iloc[0]
    sd, correlation = estimate.std_error, np.corrcoef(estimate.influence.T)[0, 1]

    def inside(z):  # P(NIE and TE in the band | NDE = z), given the normal law of NIE
        low = max(-critical, (-critical * sd["TE"] - z * sd["NDE"]) / sd["NIE"])
        high = min(critical, (critical * sd["TE"] - z * sd["NDE"]) / sd["NIE"])
        spread = np.sqrt(1 - correlation**2)
        limits = stats.norm.cdf((np.array([low, high]) - correlation * z) / spread)
        return stats.norm.pdf(z) * max(limits[1] - limits[0], 0)

    assert_allclose(integrate.quad(inside, -critical, critical)[0], 0.95, atol=1e-3)


def test_bands_are_the_same_at_every_call(rng):
    estimate = effects(rng)
    for method in ("simultaneous", "multiplier"):
        assert estimate.confint(method=method).equals(estimate.confint(method=method))
        one = estimate.confint(method=method, seed=3)
        assert one.equals(estimate.confint(method=method, seed=np.random.default_rng(3)))
        assert not one.equals(estimate.confint(method=method))


def test_multiplier_band_flips_whole_clusters(rng):
    rows = rng.normal(size=(16, 3))
    clusters = np.repeat(np.arange(8), 2)
    with pytest.warns(UserWarning, match="8 clusters"):
        estimate = cif.Estimate(np.zeros(3), rows, clusters=clusters)
    centred = rows - rows.mean(axis=0)
    sums = centred.reshape(8, 2, 3).sum(axis=1)
    signs = np.array(list(itertools.product([-1, 1], repeat=8)))  # all 256
    largest = abs(signs @ sums / np.sqrt((sums**2).sum(axis=0))).max(axis=1)
    half = estimate.confint(0.8, "multiplier")["conf_high"] / estimate.std_error
    share = (largest <= half.iloc[0] + 1e-9).mean()
    assert abs(share - 0.8) < 0.03


def test_one_term_has_one_interval_under_every_gaussian_method(rng):
    one = effects(rng)["NIE"]
    assert_allclose(one.confint(), one.confint(method="simultaneous"), rtol=1e-12)


@pytest.mark.parametrize(
    ("level", "says"),
    [
        (95, "level=95.*between 0 and 1.*level=0.95"),
        (1.0, "between 0 and 1"),
        ("95%", "between"),
        (0, "between"),
        (np.nan, "between"),
        (True, "between"),
    ],
)
def test_levels_outside_their_range(rng, level, says):
    for call in (effects(rng).confint, effects(rng).tidy, effects(rng).summary):
        with pytest.raises(DataError, match=says):
            call(level)


def test_unknown_methods_and_nulls(rng):
    estimate = effects(rng)
    with pytest.raises(DataError, match="Did you mean 'wald'"):
        estimate.confint(method="wold")
    with pytest.raises(DataError, match="one number, or one for each"):
        estimate.test([1, 2])
    with pytest.raises(DataError, match="Did you mean 'NDE'"):
        estimate.test(pd.Series({"NDD": 1}))
    with pytest.raises(DataError, match="no value for 'NIE'"):
        estimate.test({"NDE": 1, "TE": 0})
