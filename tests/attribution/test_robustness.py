"""`sign_robustness` beside brute force, sorting, and sizes that others found."""

from __future__ import annotations

import pickle
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from sklearn.linear_model import LogisticRegression, Ridge

import causalif as cif
from causalif.attribution.readers import read_model
from causalif.attribution.robustness.certificate import least_size, means_apart
from causalif.attribution.robustness.targets import Coefficient
from causalif.attribution.units import read_units
from causalif.errors import DataError

NSW = pd.read_csv(Path(__file__).parents[2] / "vignettes" / "data" / "nsw.csv.gz")
COVARIATES = "age + educ + black + hisp + marr + nodegree + re74 + re75"


def nhefs():
    data = cif.load_dataset("nhefs")
    data = data[data["wt82_71"].notna()]
    return smf.ols(
        "wt82_71 ~ qsmk + sex + race + age + smokeintensity + smokeyrs + wt71 + exercise + active"
        " + education",
        data,
    ).fit()


# The methods page: sizes found and certified by its authors' own code, with classical errors.
@pytest.mark.parametrize(
    ("fit", "term", "value", "sign", "bound", "significance", "both"),
    [
        (lambda: smf.ols("re78 ~ treat", NSW).fit(), "treat", 1794.342382, 17, 17, 4, 34),
        (
            lambda: smf.ols(f"re78 ~ treat + {COVARIATES}", NSW).fit(),
            "treat", 1676.342625, 15, 8, 3, 33,
        ),
        (nhefs, "qsmk", 3.348824, 89, 51, 60, 121),
    ],
)  # fmt: skip
def test_sizes_are_those_that_are_known(fit, term, value, sign, bound, significance, both):
    fit = fit()
    found = cif.sign_robustness(fit, term=term)
    assert found.estimate == pytest.approx(value, abs=1e-6)
    assert found.size <= sign
    assert found.lower_bound == bound
    assert found.exact == (sign == bound)
    assert cif.sign_robustness(fit, term=term, goal="significance").size <= significance
    assert cif.sign_robustness(fit, term=term, goal="both").size <= both


@pytest.mark.parametrize("goal", ["sign", "significance", "both"])
def test_what_is_found_is_so_when_fitted_by_statsmodels(goal):
    whole = smf.ols(f"re78 ~ treat + {COVARIATES}", NSW).fit()
    found = cif.sign_robustness(whole, term="treat", goal=goal)
    after = smf.ols(f"re78 ~ treat + {COVARIATES}", NSW.drop(index=found.rows)).fit()
    assert found.estimate_after == pytest.approx(after.params["treat"], rel=1e-9)
    assert found.interval_after == pytest.approx(tuple(after.conf_int().loc["treat"]), rel=1e-8)
    low, high = found.interval_after
    if goal == "significance":
        assert low < 0 < high
    else:
        assert after.params["treat"] < 0
        assert (high < 0) == (goal == "both")
    assert found.size == len(set(found.rows))


def test_first_order_influence_that_sees_nothing_and_a_search_that_does():
    """1,000 rows of slope -1 and ten at (100, 100): without one of the ten little changes."""
    rng = np.random.default_rng(1)
    x = np.append(rng.normal(size=1000), np.full(10, 100.0))
    y = np.append(-x[:1000] + rng.normal(size=1000), np.full(10, 100.0))
    found = cif.sign_robustness(sm.OLS(y, sm.add_constant(x)).fit())
    assert found.predicted is None or found.predicted > 100
    assert sorted(found.rows) == list(range(1000, 1010))
    assert found.lower_bound == 10
    assert "No smaller set does that." in found.summary()


def least(fit_without, rows, value, most):
    """By trying every set: the size of the smallest that turns the sign."""
    for size in range(1, most + 1):
        for chosen in combinations(range(rows), size):
            kept = np.setdiff1d(np.arange(rows), chosen)
            if value * fit_without(kept) < 0:
                return size
    return most + 1


def test_certificates_are_never_above_the_truth_and_searches_seldom():
    """100 least squares fits of 14 rows, brute force up to four rows; greedy alone finds 80%."""
    optimal, cases = 0, 0
    for seed in range(100):
        rng = np.random.default_rng([2, seed])
        x = np.column_stack([np.ones(14), rng.normal(size=(14, 2)) ** 3])
        y = x @ [0.0, 0.6, 0.3] + rng.normal(size=14)
        fit = sm.OLS(y, x).fit()
        value = fit.params[1]

        def slope(kept, x=x, y=y):
            return np.linalg.lstsq(x[kept], y[kept])[0][1]

        truth = least(slope, 14, value, 4)
        bound = least_size(read_model(fit), 1, 6)
        assert bound <= truth, seed
        found = cif.sign_robustness(fit, term="x1")
        assert found.lower_bound <= truth
        if truth <= 4:
            assert found.size is None or found.size >= truth
            cases += 1
            optimal += found.size == truth
    assert cases > 40
    assert optimal / cases > 0.8


def test_swaps_find_what_greedy_removal_misses():
    """One of the fits above: greedy removal stops at seven rows; by brute force it takes six."""
    rng = np.random.default_rng([2, 52])
    x = np.column_stack([np.ones(14), rng.normal(size=(14, 2)) ** 3])
    y = x @ [0.0, 0.6, 0.3] + rng.normal(size=14)
    fit = sm.OLS(y, x).fit()

    def slope(kept):
        return np.linalg.lstsq(x[kept], y[kept])[0][1]

    assert least(slope, 14, fit.params[1], 6) == 6
    assert cif.sign_robustness(fit, term="x1").size == 6


def test_a_certificate_finds_its_truth_where_rows_are_alike():
    x = np.append(np.linspace(0, 1, 30), [9.0, 9.0])
    y = np.append(-np.linspace(0, 1, 30), [9.0, 9.0])
    assert least_size(read_model(sm.OLS(y, sm.add_constant(x)).fit()), 1, 10) == 2


def test_differences_in_means_are_solved_by_sorting():
    for seed in range(60):
        rng = np.random.default_rng([3, seed])
        first, second = rng.normal(size=7) + 0.8, rng.normal(size=6)
        if first.mean() <= second.mean():
            continue
        both, arm = np.append(first, second), np.repeat([1, 0], [7, 6])

        def apart(kept, both=both, arm=arm):
            ones, zeros = both[kept][arm[kept] == 1], both[kept][arm[kept] == 0]
            return ones.mean() - zeros.mean() if len(ones) and len(zeros) else 1.0

        truth = least(apart, 13, 1.0, 5)
        found = means_apart(first, second)
        assert (found is None or sum(found) > 5) if truth == 6 else sum(found) == truth
        fit = sm.OLS(both, sm.add_constant(arm)).fit()
        asked = cif.sign_robustness(fit, most=12)
        if truth <= 5:
            assert (asked.size, asked.exact, asked.lower_bound) == (truth, True, truth)
        turned = cif.sign_robustness(sm.OLS(-both, sm.add_constant(arm)).fit(), most=12)
        assert turned.size == asked.size


@pytest.mark.filterwarnings("ignore")  # statsmodels on some of 30 rows
@pytest.mark.parametrize("kind", ["logit", "ridge", "logistic"])
def test_other_models_find_the_least_set_in_small_samples(kind):
    """Beside brute force over singles and pairs, where these do."""
    met = 0
    for seed in range(12):
        rng = np.random.default_rng([4, seed])
        x = rng.normal(size=(30, 2))
        y = (x @ [0.1, 1.0] + rng.logistic(size=30) > 0).astype(int)
        target = y if kind != "ridge" else x @ [0.1, 1.0] + rng.normal(size=30)

        def fitted(kept, x=x, target=target):
            if kind == "logit":
                return sm.Logit(target[kept], sm.add_constant(x[kept])).fit(disp=0)
            model = (
                Ridge(1.0)
                if kind == "ridge"
                else LogisticRegression(solver="newton-cholesky", tol=1e-10)
            )
            return model.fit(x[kept], target[kept])

        def slope(kept, fitted=fitted):
            fit = fitted(kept)
            return fit.params[1] if kind == "logit" else np.ravel(fit.coef_)[0]

        value = slope(np.arange(30))
        truth = least(slope, 30, value, 2)
        if truth > 2:
            continue
        met += 1
        rows = {} if kind == "logit" else {"X": x, "y": target}
        found = cif.sign_robustness(fitted(np.arange(30)), term="x1" if kind == "logit" else "x0",
                                    **rows)  # fmt: skip
        assert found.size == truth
        assert found.lower_bound <= truth
    assert met >= 3


def test_guesses_of_least_squares_are_exact_intervals_included():
    data = NSW.iloc[::6].reset_index(drop=True)
    model = read_model(smf.ols("re78 ~ treat + age + re75", data).fit())
    units = read_units(None, model.labels)
    target = Coefficient(model, 1, units, 0.9)
    for removed in (np.array([], dtype=int), np.array([2, 30])):
        values, widths = target.guesses(removed)
        for unit in (0, 11, 40):
            gone = [*removed.tolist(), unit]
            after = smf.ols("re78 ~ treat + age + re75", data.drop(index=gone)).fit()
            low, high = after.conf_int(alpha=0.1).loc["treat"]
            assert values[unit] == pytest.approx(after.params["treat"], rel=1e-8)
            assert widths[unit] == pytest.approx((high - low) / 2, rel=1e-8)
            assert target.value(np.array(gone)) == pytest.approx((values[unit], widths[unit]))
        assert np.isnan(values[removed]).all()


def test_what_is_not_significant_can_become_so():
    rng = np.random.default_rng(6)
    x = rng.normal(size=80)
    y = 0.12 * x + rng.normal(size=80)
    whole = sm.OLS(y, sm.add_constant(x)).fit()
    assert whole.pvalues[1] > 0.05
    found = cif.sign_robustness(whole, goal="significance")
    kept = np.setdiff1d(np.arange(80), found.rows)
    after = sm.OLS(y[kept], sm.add_constant(x[kept])).fit()
    assert after.pvalues[1] < 0.05
    assert np.sign(after.params[1]) == np.sign(whole.params[1])
    assert found.size < 15
    assert "it would be significant" in found.summary()


def test_groups_go_whole():
    group = np.arange(len(NSW)) // 5
    fit = smf.ols("re78 ~ treat", NSW).fit()
    found = cif.sign_robustness(fit, groups=group)
    assert found.unit == "groups"
    after = smf.ols("re78 ~ treat", NSW[~np.isin(group, found.rows)]).fit()
    assert found.estimate_after == pytest.approx(after.params["treat"])
    assert after.params["treat"] < 0
    assert found.n == 89


def test_an_analysis_is_fitted_again():
    effect = cif.average_effect(
        NSW, "treat", "re78", ["age", "educ", "re74", "re75"], learners="glm", seed=1
    )
    found = cif.sign_robustness(effect)
    assert effect.values["TE"] > 0 > found.estimate_after
    kept = ~NSW.index.isin(found.rows)
    assert found.estimate_after == pytest.approx(effect.refit(kept).values["TE"], abs=1e-9)
    assert 5 < found.size < 40
    assert (found.lower_bound, found.exact) == (1, False)
    assert "not exhaustive" in found.summary()


def test_what_no_set_overturns_is_said():
    x = np.linspace(0, 1, 40)
    fit = sm.OLS(5 * x, sm.add_constant(x)).fit()
    found = cif.sign_robustness(fit)
    assert found.size is None
    assert found.rows == []
    assert "No set of up to 20 rows was found" in found.summary()


def test_result_is_shown_drawn_and_pickled():
    found = cif.sign_robustness(smf.ols("re78 ~ treat", NSW).fit())
    assert "Without 17 of 445 rows (3.82%) the sign would be another" in found.summary()
    assert found.show(NSW)["treat"].tolist() == [1] * 17
    again = pickle.loads(pickle.dumps(found))
    assert again.summary() == str(found)
    assert "&lt;" not in found._repr_html_()
    ax = found.plot()
    assert ax.get_xlabel() == "rows left out"
    assert found.history["removed"].iloc[0] == 0
    assert found.history["estimate"].iloc[-1] < 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"goal": "p"}, "goal='p'"),
        ({"term": "trat"}, "no term 'trat'. Did you mean 'treat'"),
        ({"level": 95}, "level=95"),
    ],
)
def test_bad_input_is_named(given, words):
    with pytest.raises(DataError, match=words):
        cif.sign_robustness(smf.ols("re78 ~ treat", NSW).fit(), **given)


def test_significance_needs_errors_that_are_known():
    fit = smf.ols("re78 ~ treat", NSW).fit(cov_type="HC1")
    with pytest.raises(DataError, match="needs classical standard errors"):
        cif.sign_robustness(fit, goal="significance")
    ridge = Ridge().fit(NSW[["treat"]], NSW["re78"])
    with pytest.raises(DataError, match="needs classical standard errors"):
        cif.sign_robustness(ridge, goal="both", X=NSW[["treat"]], y=NSW["re78"])
    assert cif.sign_robustness(fit).size == 17
