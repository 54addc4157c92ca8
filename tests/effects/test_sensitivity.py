"""Sensitivity to unmeasured confounding, against laws whose confounder is known."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from pytest import approx
from sklearn.dummy import DummyClassifier

import causalif as cif
from causalif.effects.crossing import cross
from causalif.effects.direct import CONTROLLED
from causalif.effects.engine import run
from causalif.effects.natural import NATURAL, NATURAL_BOTH
from causalif.effects.path_specific import PATH_SPECIFIC
from causalif.effects.recipe import Recipe
from causalif.effects.sensitivity.evalue import e_value, e_value_of_limit
from causalif.effects.sensitivity.robustness import robustness, robustness_value
from causalif.errors import DataError
from causalif.nuisance.library import resolve
from tests.effects.conftest import design_of, law_as_design
from tests.truth.confounded import ConfoundedLaw
from tests.truth.discrete import DiscreteLaw
from tests.truth.learners import CellMeans

LAWS = [("TE", True), ("CDE", True), ("NIE", False), ("NDE", False)]
# The regressions that hang on all that the weights of a term hang on.
FINEST = {"TE": ["a"], "CDE": ["a", "m1"], "NIE": ["a", "m1"], "NDE": ["a", "m1"]}
# NDE is as biased as NIE, and is weighed by it (with the other sign).
WEIGHED = {"NDE": ("NIE", -1.0)}


def fitted(estimand, design, settings):
    if estimand.for_design is not None:
        estimand = estimand.for_design(estimand, design)
    folds = (np.full(design.n, -1),)  # nobody is held out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cif.errors.PositivityWarning)  # a row per cell is few
        return run(Recipe(estimand, design, settings, folds, run))


def estimate(term, data, settings, weights=None):
    design = design_of(data, weights)
    if term != "CDE":
        return fitted(NATURAL, design, settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cif.errors.SmallSampleWarning)
        return fitted(CONTROLLED, cross(design, 1, {"m1": 0}), settings)


def strengths(law: ConfoundedLaw, term: str) -> tuple[float, float, float]:
    """C_Y^2, R2 of the weights and correlation of the two errors, by enumeration."""
    weighed, sign = WEIGHED.get(term, (term, 1.0))
    finest, y = FINEST[term], law.cells["y"].to_numpy(float)
    short, long = (sign * law.weights(weighed, known) for known in (["w"], ["w", "u"]))
    used = short != 0
    mu = law.given(["w", *finest], y)
    missed = law.given(["w", "u", *finest], y) - mu
    added = long - short
    outcome = law.p @ (used * missed**2) / (law.p @ (used * (y - mu) ** 2))
    exposure = 1 - law.p @ short**2 / (law.p @ long**2)
    both = np.sqrt((law.p @ (used * missed**2)) * (law.p @ added**2))
    return outcome, exposure, -(law.p @ (missed * added)) / both


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("term", "drives_exposure"), LAWS)
def test_bias_is_the_reach_times_strength_and_correlation(
    term, drives_exposure, seed, settings_for
):
    law = ConfoundedLaw.random(seed, drives_exposure=drives_exposure)
    bias = law.effect(term, ["w"]) - law.effect(term, ["w", "u"])
    outcome, exposure, correlation = strengths(law, term)
    found = estimate(term, law.cells, settings_for(), law.p)
    assert found.values[term] == approx(law.effect(term, ["w"]), abs=1e-10)
    table = found.sensitivity(outcome_r2=outcome, exposure_r2=exposure).bounds_table
    row = table.set_index("term").loc[term]
    assert bias == approx(correlation * (row["high"] - row["estimate"]), abs=1e-10)
    assert row["low"] <= law.effect(term, ["w", "u"]) <= row["high"]


def test_a_confounder_independent_of_the_exposure_leaves_the_total_effect_alone():
    """Why NDE may be weighed by the weights of NIE."""
    law = ConfoundedLaw.random(1, drives_exposure=False)
    assert law.effect("TE", ["w"]) == approx(law.effect("TE", ["w", "u"]), abs=1e-14)
    assert abs(law.effect("NIE", ["w"]) - law.effect("NIE", ["w", "u"])) > 1e-4


def test_a_confounder_of_the_exposure_breaks_the_bound_of_the_indirect_effect():
    """The test above can fail: what the summary warns of is true."""
    gaps = []
    for seed in range(20):
        law = ConfoundedLaw.random(seed, drives_exposure=True)
        y = law.cells["y"].to_numpy(float)
        bias = law.effect("NIE", ["w"]) - law.effect("NIE", ["w", "u"])
        outcome, exposure, correlation = strengths(law, "NIE")
        short = law.weights("NIE", ["w"])
        left = (short != 0) * (y - law.given(["w", "a", "m1"], y)) ** 2
        reach = np.sqrt((law.p @ left) * (law.p @ short**2))
        exposure = max(exposure, 0.0)
        gaps.append(abs(bias - correlation * reach * np.sqrt(outcome * exposure / (1 - exposure))))
    assert max(gaps) > 1e-3


def worst(term: str, *, drives_exposure: bool) -> ConfoundedLaw:
    """A law whose regression errs in proportion to its weights: the bound is attained."""
    law = ConfoundedLaw.random(3, drives_exposure=drives_exposure)
    added = law.weights(term, ["w", "u"]) - law.weights(term, ["w"])
    base = 0.4 + 0.2 * law.cells["a"].to_numpy()
    return law.with_outcome(base + 0.3 * added / np.abs(added).max())


@pytest.mark.parametrize(("term", "drives_exposure"), [("TE", True), ("CDE", True), ("NIE", False)])
def test_the_worst_confounder_attains_the_bound(term, drives_exposure, settings_for):
    law = worst(term, drives_exposure=drives_exposure)
    outcome, exposure, correlation = strengths(law, term)
    assert abs(correlation) == approx(1, abs=1e-12)
    found = estimate(term, law.cells, settings_for(), law.p)
    table = found.sensitivity(outcome_r2=outcome, exposure_r2=exposure).bounds_table
    row = table.set_index("term").loc[term]
    truth = law.effect(term, ["w", "u"])
    assert min(abs(truth - row["low"]), abs(truth - row["high"])) < 1e-10


@pytest.mark.parametrize(("term", "drives_exposure"), [("TE", True), ("NIE", False)])
def test_limits_at_the_true_strength_hold_the_truth_and_at_half_do_not(
    term, drives_exposure, settings_for
):
    law = worst(term, drives_exposure=drives_exposure)
    outcome, exposure, _ = strengths(law, term)
    truth = law.effect(term, ["w", "u"])
    found = estimate(term, law.sample(20_000, seed=8), settings_for())
    rows = {
        share: found.sensitivity(outcome_r2=share * outcome, exposure_r2=share * exposure)
        .bounds_table.set_index("term")
        .loc[term]
        for share in (1, 0.5)
    }
    assert rows[1]["conf_low"] <= truth <= rows[1]["conf_high"]
    assert not rows[0.5]["conf_low"] <= truth <= rows[0.5]["conf_high"]


# -- influence of the reach ---------------------------------------------------------------


def reach_of(law: DiscreteLaw, plus: tuple[int, ...], minus: tuple[int, ...]) -> float:
    """S of a contrast whose weights hang on every mediator, by sums over the cells."""
    left, weight = 0.0, 0.0
    for p, cell in zip(law.p, law.cells.to_dict("records"), strict=True):
        alpha = _weight(law, plus, cell) - _weight(law, minus, cell)
        weight += p * alpha**2
        if cell["a"] in (plus[-1], minus[-1]):
            before = {k: v for k, v in cell.items() if k != "y"}
            if len(plus) == 1:
                before = {k: cell[k] for k in ("w", "a")}
            left += p * (cell["y"] - law.outcome_mean(before)) ** 2
    return float(np.sqrt(left * weight))


def _weight(law: DiscreteLaw, world: tuple[int, ...], cell: dict[str, int]) -> float:
    *inner, a = world
    if cell["a"] != a:
        return 0.0
    value, before = 1 / law.conditional({"a": a}, {"w": cell["w"]}), {"w": cell["w"]}
    for name, level in zip(law.mediators, inner, strict=False):
        own = {name: cell[name]}
        value *= law.conditional(own, {**before, "a": level})
        value /= law.conditional(own, {**before, "a": a})
        before = {**before, **own}
    return value


CONTRASTS = [
    (NATURAL, 1, "TE", (1,), (0,)),
    (NATURAL, 1, "NIE", (1, 1), (0, 1)),
    (NATURAL, 1, "NDE", (1, 1), (0, 1)),
    (NATURAL_BOTH, 1, "PNIE", (1, 0), (0, 0)),
    (PATH_SPECIFIC, 2, "through m2", (0, 1, 1), (0, 0, 1)),
    (PATH_SPECIFIC, 2, "direct", (1, 1, 1), (0, 0, 1)),
]


@pytest.mark.parametrize(("estimand", "mediators", "term", "plus", "minus"), CONTRASTS)
def test_influence_of_the_reach_is_its_derivative(
    estimand, mediators, term, plus, minus, settings_for
):
    law = DiscreteLaw.random(mediators, seed=31)
    found = fitted(estimand, law_as_design(law), settings_for()).sensitivity().reach
    name = f"reach of {term}"
    assert found.values[name] == approx(reach_of(law, plus, minus), abs=1e-10)
    influence = found.influence[name].to_numpy()
    rng = np.random.default_rng(5)
    for _ in range(2):
        h = rng.normal(size=len(law.p)) * 0.3
        score = h - law.p @ h
        t = 1e-4
        slope = (reach_of(law.tilt(h, t), plus, minus) - reach_of(law.tilt(h, -t), plus, minus)) / (
            2 * t
        )
        assert law.p @ (influence * score) == approx(slope, abs=1e-6)


def test_reach_of_a_linear_indirect_effect_is_the_closed_form():
    """Normal M with variance 1 + c^2 given A: E[alpha^2] = (exp(a^2 / (1 + c^2)) - 1) / P(A=1)."""
    rng = np.random.default_rng(4)
    n, a, c = 20_000, 0.6, 0.5
    treat, u = rng.integers(0, 2, n), rng.normal(size=n)
    m = a * treat + c * u + rng.normal(size=n)
    y = 0.3 * treat + m + u + rng.normal(size=n)
    data = pd.DataFrame({"treat": treat, "m": m, "y": y})
    found = cif.mediate(data, "treat", "y", "m", learners="glm", folds=1, seed=1).sensitivity()
    left = 1 + 1 / (1 + c**2)  # Var(Y | A, M): of U given M, and the error
    true = np.sqrt(left / 2 * (np.exp(a**2 / (1 + c**2)) - 1) * 2)
    reach = found.reach["reach of NIE"]
    assert abs(float(reach) - true) < 4 * reach.std_error.item()
    assert reach.std_error.item() < 0.05 * true


# -- robustness values --------------------------------------------------------------------


def test_robustness_value_is_that_of_cinelli_and_hazlett():
    # Cinelli & Hazlett (2020), JRSS B 82, section 4: Darfur, t = 4.18, df = 783, 13.9% and 7.6%
    effect = cif.Estimate([4.18], np.array([2.0, -2.0, 2.0, -2.0]), names=["t"])  # error 1
    size = cif.Estimate([np.sqrt(783)], np.zeros(4), names=["reach"])
    value, limit = robustness(effect, size, 0.0, 0.975)  # their interval has two sides
    assert (round(value, 3), round(limit, 3)) == (0.139, 0.076)


def test_robustness_value_in_a_trial_is_that_of_its_linear_regression():
    rng = np.random.default_rng(2)
    treat = rng.integers(0, 2, 300)
    data = pd.DataFrame({"treat": treat, "y": 0.4 * treat + rng.normal(size=300)})
    ols = sm.OLS(data["y"], sm.add_constant(data["treat"])).fit()
    ratio = abs(ols.tvalues["treat"]) / np.sqrt(ols.df_resid)
    expected = (np.sqrt(ratio**4 + 4 * ratio**2) - ratio**2) / 2
    found = cif.average_effect(data, "treat", "y", learners="glm", folds=1, seed=1)
    assert found.sensitivity().table["robustness_value"].item() == approx(expected, rel=1e-8)


def test_robustness_values_touch_the_null(jobs_effect):
    null = 0.15
    table = jobs_effect.sensitivity(null=null).table.set_index("term")
    row = table.loc["TE"]
    assert 0 < row["robustness_value_ci"] < row["robustness_value"]
    for column, end in (("robustness_value", "high"), ("robustness_value_ci", "conf_high")):
        share = row[column]
        bounds = jobs_effect.sensitivity(outcome_r2=share, exposure_r2=share).bounds_table
        assert bounds.set_index("term").loc["TE", end] == approx(null, abs=1e-9)


def test_robustness_value_is_zero_without_an_effect():
    assert robustness_value(0.0) == 0.0


# -- E-values -----------------------------------------------------------------------------


def test_e_values_are_the_published_ones():
    # VanderWeele & Ding (2017): RR 3.9 (1.8 to 8.7), 7.2 in print, 7.26 unrounded; and 3.0
    assert round(e_value(3.9), 2) == 7.26
    assert round(e_value_of_limit(1.8, 8.7), 1) == 3.0
    assert e_value(1 / 3.9) == approx(e_value(3.9))
    assert e_value_of_limit(0.8, 1.3) == 1.0
    assert e_value_of_limit(0.2, 0.5) == approx(e_value(2.0))


def test_e_value_of_a_binary_outcome_is_that_of_the_ratio_of_its_means():
    rng = np.random.default_rng(6)
    treat = rng.integers(0, 2, 2000)
    data = pd.DataFrame({"treat": treat, "y": rng.binomial(1, 0.2 + 0.2 * treat)})
    shares = data.groupby("treat")["y"].agg(["mean", "size"])
    log = np.log(shares.loc[1, "mean"] / shares.loc[0, "mean"])
    error = np.sqrt(((1 - shares["mean"]) / (shares["mean"] * shares["size"])).sum())
    found = cif.average_effect(data, "treat", "y", learners="glm", folds=1, seed=1).sensitivity()
    row = found.table.iloc[0]
    assert row["e_value"] == approx(e_value(np.exp(log)), rel=1e-6)
    assert row["e_value_ci"] == approx(e_value(np.exp(log - 1.959964 * error)), rel=1e-5)
    assert "approximate" not in found.summary()


# -- on data ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def jobs_effect():
    jobs = cif.load_dataset("jobs")
    formula = "depress2 ~ treat | job_seek | age + sex + econ_hard"
    return cif.mediate(formula, jobs, learners="glm", seed=1)


@pytest.fixture(scope="module")
def jobs_sensitivity(jobs_effect):
    return jobs_effect.sensitivity(benchmarks=True, outcome_r2=0.05, exposure_r2=0.05)


def test_terms_say_which_confounder_they_are_held_against(jobs_sensitivity):
    against = jobs_sensitivity.table.set_index("term")["against"]
    assert list(against.index) == ["TE", "NDE", "NIE"]
    assert against["TE"] == "a confounder of treat and depress2"
    mediators = "a confounder of job_seek and depress2, independent of treat"
    assert against["NIE"] == against["NDE"] == mediators


def test_benchmark_is_what_leaving_the_covariate_out_does(jobs_effect, jobs_sensitivity):
    """The formula of the paper, from two analyses with the same folds."""
    jobs = cif.load_dataset("jobs")
    short = cif.mediate("depress2 ~ treat | job_seek | age + sex", jobs, learners="glm", seed=1)
    squares, weights = {}, {}
    for name, effect in (("full", jobs_effect), ("short", short)):
        found = effect.diagnostics
        worlds = [c for c in found.outcome_weights if c in ("E[depress2(1)]", "E[depress2(0)]")]
        squares[name] = (found.outcome_residuals[worlds] ** 2).sum(axis=1).mean()
        weights[name] = (found.outcome_weights[worlds] ** 2).sum(axis=1).mean()
    table = jobs_sensitivity.benchmarks.set_index(["term", "covariate"])
    row = table.loc[("TE", "econ_hard")]
    assert row["outcome_r2"] == approx(squares["short"] / squares["full"] - 1)
    assert row["exposure_r2"] == approx(1 - weights["short"] / weights["full"])
    assert row["without"] == approx(short.values["TE"])
    assert row["adjusted"] == approx(row["estimate"] + row["bias_bound"])  # towards zero
    assert len(table) == 9


def test_a_flat_classifier_does_not_make_the_indirect_effect_robust(settings_for):
    """Its weights are zero; the estimate tells what they must be at least."""
    law = DiscreteLaw.random(1, seed=8)
    library = resolve({"outcome": CellMeans(), "exposure": DummyClassifier(strategy="prior")})
    found = fitted(NATURAL, law_as_design(law), settings_for(library=library))
    y = law.cells["y"].to_numpy()
    at = (law.cells["a"] == 1).to_numpy()
    cells = law.cells.to_dict("records")
    fine = np.array([law.outcome_mean({k: c[k] for k in ("w", "a", "m1")}) for c in cells])
    coarse = np.array([law.outcome_mean({k: c[k] for k in ("w", "a")}) for c in cells])
    left, gain = law.p @ (at * (y - fine) ** 2), law.p @ (at * (fine - coarse) ** 2)
    expected = abs(found.values["NIE"]) * np.sqrt(left / gain)
    assert found.sensitivity().reach.values["reach of NIE"] == approx(expected, rel=1e-8)


def test_ratios_are_answered_on_the_difference_scale(jobs_effect):
    jobs = cif.load_dataset("jobs")
    formula = "depress2 ~ treat | job_seek | age + sex + econ_hard"
    ratio = cif.mediate(formula, jobs, learners="glm", seed=1, scale="ratio").sensitivity()
    difference = jobs_effect.sensitivity()
    pd.testing.assert_series_equal(ratio.table["estimate"], difference.table["estimate"])
    assert "differences of means" in ratio.summary()


def test_bounds_keep_rows_and_clusters():
    jobs = cif.load_dataset("jobs")
    labels = np.arange(len(jobs)) // 3
    found = cif.average_effect(
        jobs, "treat", "depress2", ["age"], learners="glm", clusters=labels, seed=1
    )
    bounds = found.sensitivity(outcome_r2=0.1, exposure_r2=0.1).bounds
    assert list(bounds.names) == ["TE low", "TE high"]
    assert np.array_equal(pd.factorize(bounds.clusters)[0], pd.factorize(found.clusters)[0])
    assert bounds.values.mean() == approx(found.values["TE"])


def test_summary_and_html_say_it_in_words(jobs_sensitivity):
    text = jobs_sensitivity.summary()
    value = jobs_sensitivity.table["robustness_value"][0]
    assert f"explains {value:.1%} of what is left of both treat and depress2" in text
    assert "Mediational E-value" in text
    assert "as strong as each of these" in text
    assert "hardly known" in text  # treat hardly moves job_seek
    assert jobs_sensitivity.bibtex().count("@") == 3
    assert "NIE" in jobs_sensitivity._repr_html_()
    assert repr(jobs_sensitivity).startswith("<Sensitivity, robustness values: TE ")


def test_plot_draws_the_term_and_its_benchmarks(jobs_sensitivity):
    from matplotlib.figure import Figure

    ax = jobs_sensitivity.plot("NIE", ax=Figure().subplots())
    labels = ax.get_legend_handles_labels()[1]
    assert "as strong as econ_hard" in labels
    assert "job_seek" in ax.get_xlabel()


def test_every_problem_comes_in_one_error(jobs_effect):
    with pytest.raises(DataError) as caught:
        jobs_effect.sensitivity(outcome_r2=1.0, exposure_r2=-0.1, null="x", benchmarks=["agee"])
    text = str(caught.value)
    assert text.startswith("4 problems:")
    for part in ("outcome_r2=1.0", "exposure_r2=-0.1", "null='x'", "Did you mean 'age'?"):
        assert part in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"outcome_r2": 0.1}, "exposure_r2 is not given"),
        ({"outcome_r2": True, "exposure_r2": 0.1}, "outcome_r2=True"),
        ({"outcome_r2": float("nan"), "exposure_r2": 0.1}, "outcome_r2=nan"),
        ({"level": 95}, "Did you mean level=0.95"),
        ({"benchmarks": "treat"}, "no covariate of the analysis"),
        ({"benchmarks": 3}, "benchmarks=3"),
    ],
)
def test_bad_arguments_are_refused(jobs_effect, options, words):
    with pytest.raises(DataError, match=words):
        jobs_effect.sensitivity(**options)


def test_unknown_term_of_a_plot_is_refused(jobs_sensitivity):
    with pytest.raises(DataError, match="Did you mean 'NIE'"):
        jobs_sensitivity.plot("NIEE")


def test_benchmarks_without_covariates_are_refused():
    jobs = cif.load_dataset("jobs")
    found = cif.average_effect(jobs, "treat", "depress2", learners="glm", seed=1)
    with pytest.raises(DataError, match="no covariates"):
        found.sensitivity(benchmarks=True)


def test_an_outcome_that_leaves_nothing_to_explain_is_robust():
    """The exposure alone gives the outcome: what a confounder could explain of the rest is nil."""
    data = pd.DataFrame({"a": np.arange(200) % 2, "w": np.arange(200) % 7})
    data["y"] = 2.0 * data["a"]
    found = cif.average_effect(data, "a", "y", "w", learners="glm", seed=1)
    table = found.sensitivity().table
    assert table["robustness_value"].item() == approx(1.0)
    assert table["robustness_value_ci"].item() == approx(1.0)


def test_without_reach_only_the_null_itself_is_not_robust():
    nothing = cif.Estimate([0.0], np.zeros((5, 1)), names=["reach"])
    for value, robust in ((2.0, 1.0), (0.0, 0.0)):
        effect = cif.Estimate([value], np.zeros((5, 1)), names=["TE"])
        assert robustness(effect, nothing, 0.0, 0.95) == (robust, robust)
