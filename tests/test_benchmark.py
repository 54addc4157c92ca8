"""The benchmark beside other packages: its plain estimator is right, its statistics are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit
from statsmodels.stats.mediation import Mediation

from benchmarks.mediation import methods
from benchmarks.mediation.boosting import Plugins, cross_fit, uncentred
from benchmarks.mediation.laws import LAWS, LINEAR
from benchmarks.mediation.page import page
from benchmarks.mediation.study import plan, study
from benchmarks.mediation.summary import FIGURES, RATIOS, jackknife_error, statistics, summarise

WAVES = LAWS["waves"]


def arrays(law, data):
    roles = law.roles
    w, m = data[roles["covariates"]].to_numpy(), data[roles["mediators"]].to_numpy()
    return w, data["a"].to_numpy(), m, data["y"].to_numpy(dtype=float)


def known(law, w, m):
    """The true nuisances of a law; exposure given mediators by Bayes' rule."""
    one, zero = np.ones(len(w)), np.zeros(len(w))
    g = law.propensity(w)
    squares = [((m - law.mediator_mean(a, w)) ** 2).sum(axis=1) for a in (zero, one)]
    log_odds = np.log(g / (1 - g)) + (squares[0] - squares[1]) / (2 * law.mediator_sd**2)
    return Plugins(
        propensity=g,
        propensity_given_mediators=expit(log_odds),
        outcome_0=law.nested_mean(0, 0, w),
        outcome_1=law.nested_mean(1, 1, w),
        outcome_given_mediators=law.outcome_mean(one, m, w),
        nested=law.nested_mean(1, 0, w),
    )


OUTCOME = ("outcome_0", "outcome_1", "outcome_given_mediators", "nested")
EXPOSURE = ("propensity", "propensity_given_mediators")


def errors_over_samples(law, wrong, samples=100, n=500):
    """Bias and its Monte-Carlo error where constants stand for the `wrong` nuisances."""
    rows = []
    for seed in range(samples):
        w, a, m, y = arrays(law, law.sample(n, seed))
        nuisances = known(law, w, m)
        constants = {name: np.full(n, getattr(nuisances, name).mean()) for name in wrong}
        values = uncentred(a, y, replace(nuisances, **constants))
        rows.append({term: v.mean() - law.truth()[term] for term, v in values.items()})
    errors = pd.DataFrame(rows)
    return errors.mean(), errors.std() / np.sqrt(samples)


@pytest.mark.parametrize("wrong", [(), OUTCOME, EXPOSURE], ids=["none", "outcome", "exposure"])
def test_plain_estimator_is_unbiased_with_known_nuisances(wrong):
    bias, mc_error = errors_over_samples(WAVES, wrong)
    assert (bias.abs() < 4 * mc_error).all()


def test_plain_estimator_is_biased_when_all_are_wrong():
    """The test above can fail."""
    bias, mc_error = errors_over_samples(WAVES, OUTCOME + EXPOSURE)
    assert (bias.abs() > 4 * mc_error).any()


def test_plain_estimator_agrees_with_the_oracle_of_the_law():
    data = LAWS["two mediators"].sample(400, 3)  # the oracle is written out on its own
    w, a, m, y = arrays(LAWS["two mediators"], data)
    values = uncentred(a, y, known(LAWS["two mediators"], w, m))
    for term, (estimate, error) in LAWS["two mediators"].oracle(data).items():
        assert values[term].mean() == pytest.approx(estimate, abs=1e-10)
        assert values[term].std() / np.sqrt(400) == pytest.approx(error, abs=1e-10)


def test_boosting_learns_every_nuisance_out_of_fold():
    w, a, m, y = arrays(WAVES, WAVES.sample(3000, 1))
    found = vars(cross_fit(w, a, m, y, seed=1, **methods.SMALL_TREES))
    for name, truth in vars(known(WAVES, w, m)).items():
        explained = 1 - np.mean((found[name] - truth) ** 2) / truth.var()
        assert explained > 0.5, name


@pytest.mark.parametrize("product", [False, True])
@pytest.mark.parametrize("name", ["waves", "binary outcome"])
def test_statsmodels_by_matrices_is_its_formula_front(monkeypatch, name, product):
    monkeypatch.setattr(methods, "DRAWS", 3)
    law = LAWS[name]
    data, covariates = law.sample(300, 2), " + ".join(law.roles["covariates"])
    formula = f"y ~ a + m1 + {covariates}" + (" + a:m1" if product else "")
    outcome = (
        sm.GLM.from_formula(formula, data, family=sm.families.Binomial())
        if law.binary
        else sm.OLS.from_formula(formula, data)
    )
    mediator = sm.OLS.from_formula(f"m1 ~ a + {covariates}", data)
    rng = np.random.default_rng(5)
    theirs = Mediation(outcome, mediator, "a", "m1").fit(n_rep=3, rng=rng).summary()["Estimate"]
    ours = methods.statsmodels(law, data, 5, product=product)
    assert ours["NDE"].estimate == pytest.approx(theirs["ADE (control)"], abs=1e-10)
    assert ours["NIE"].estimate == pytest.approx(theirs["ACME (treated)"], abs=1e-10)
    assert ours["TE"].estimate == pytest.approx(theirs["Total effect"], abs=1e-10)


@pytest.mark.parametrize("name", ["linear", "two mediators"])
def test_parts_of_pingouin_sum_to_its_total(monkeypatch, name):
    pytest.importorskip("pingouin")
    monkeypatch.setattr(methods, "DRAWS", 20)
    found = methods.pingouin(LAWS[name], LAWS[name].sample(300, 1), 1)
    # least squares: c = c' + sum of a b, exactly
    assert found["NDE"].estimate + found["NIE"].estimate == pytest.approx(
        found["TE"].estimate, abs=1e-10
    )
    assert found["NIE"].low < found["NIE"].estimate < found["NIE"].high


def test_truth_of_the_linear_law_is_its_coefficients():
    assert LINEAR.truth() == pytest.approx({"TE": 0.4 + 0.5 * 0.6, "NDE": 0.4, "NIE": 0.5 * 0.6})


def test_statistics_are_those_of_the_definitions():
    # truth, estimate, std_error, low, high, seconds: errors 1, -1, 3, 1 against 1, 1, -1, -1
    theirs = np.array(
        [[0, 1, 2, -1, 3, 4], [0, -1, 2, -3, 1, 4], [0, 3, 2, 1, 5, 4], [0, 1, 2, -1, 3, 9]], float
    )
    ours = np.array([[0, e, 1, e - 2, e + 2, 2] for e in (1, 1, -1, -1)], float)
    found = statistics(theirs, ours)
    assert found["bias"] == pytest.approx(1)
    assert found["RMSE"] == pytest.approx(np.sqrt(3))
    assert found["coverage"] == pytest.approx(3 / 4)
    assert found["SE/SD"] == pytest.approx(2 / np.sqrt(8 / 3))
    assert found["bias / RMSE of causalif"] == pytest.approx(1)
    assert found["RMSE x"] == pytest.approx(np.sqrt(3))
    assert found["coverage x"] == pytest.approx(3 / 4)
    assert found["seconds x"] == pytest.approx(2)


def test_jackknife_error_of_a_mean_is_its_standard_error():
    rng = np.random.default_rng(1)
    noise, one = rng.normal(size=30), np.ones(30)
    draws = np.column_stack([0 * one, noise, one, noise - 2, noise + 2, one])
    found = jackknife_error(draws, draws)
    assert found["bias"] == pytest.approx(draws[:, 1].std(ddof=1) / np.sqrt(30))
    assert found["RMSE x"] == pytest.approx(0)  # pairs: beside itself nothing is uncertain


def test_a_method_that_cannot_is_left_out_with_its_reason(monkeypatch):
    able, left_out = plan(["linear", "two mediators"], ["causalif", "statsmodels"])
    assert able == {"linear": ["causalif", "statsmodels"], "two mediators": ["causalif"]}
    assert left_out == ["statsmodels on two mediators: takes one mediator"]
    monkeypatch.setattr(methods, "find_spec", lambda name: None)
    able, left_out = plan(["linear"], ["causalif", "pingouin"])
    assert able == {"linear": ["causalif"]}
    assert left_out == ["pingouin: not installed (pip install -r benchmarks/requirements.txt)"]


def test_small_run_gives_a_page_with_all_columns():
    able = {"linear": ["causalif, glm", "boosting", "true nuisances"]}
    draws = study(able, {100: 3, 150: 3}, seed=1, progress=False)
    again = study(able, {150: 3}, seed=1, progress=False)
    same = [part.drop(columns="seconds") for part in (draws[draws["n"] == 150], again)]
    pd.testing.assert_frame_equal(same[0].reset_index(drop=True), same[1])
    summary = summarise(draws, baseline="causalif, glm")
    assert len(summary) == 2 * 3 * 3
    assert {*FIGURES, *RATIOS, "bias error", "RMSE x error"} <= {*summary.columns}
    text = page(summary, "python -m benchmarks.mediation", ["statsmodels: not today"])
    for names in (FIGURES, RATIOS):
        assert "| n | effect | method | " + " | ".join(names) + " |" in text
    assert "Left out: statsmodels: not today." in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("| 150 |")}
    assert widths == {4 + len(FIGURES)}
