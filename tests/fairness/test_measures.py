"""Measures of predictions: values, influence and slopes against other sources."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm
from sklearn import metrics

from causalif.errors import DataError
from causalif.fairness.groups import read_groups
from causalif.fairness.measures import MEASURES, measure

ROWS = 300
SMOOTH = [name for name, one in MEASURES.items() if one.smooth]


@pytest.fixture(scope="module")
def told():
    rng = np.random.default_rng(1)
    group = rng.integers(0, 3, ROWS)
    linear = np.round(rng.normal(size=ROWS) + 0.4 * group, 1)  # with ties
    outcome = (rng.random(ROWS) < expit(linear + 0.3)).astype(float)
    return outcome, linear, read_groups(np.array(["a", "b", "c"])[group])


def rate(values, group, level):
    return values[group == level].mean()


def test_values_are_those_of_scikit_learn(told):
    outcome, linear, groups = told
    decided = (linear >= 0).astype(int)

    def one(name):
        return measure(name, outcome, linear, groups).values

    assert one("accuracy")[0] == pytest.approx(metrics.accuracy_score(outcome, decided))
    assert one("log_loss")[0] == pytest.approx(metrics.log_loss(outcome, expit(linear)))
    assert one("mse")[0] == pytest.approx(metrics.brier_score_loss(outcome, expit(linear)))
    assert one("auc")[0] == pytest.approx(metrics.roc_auc_score(outcome, linear))

    def apart(function):
        each = [function(outcome[groups.codes == k], decided[groups.codes == k]) for k in range(3)]
        return [each[1] - each[0], each[2] - each[0]]

    def by_score(function):
        each = [function(outcome[groups.codes == k], linear[groups.codes == k]) for k in range(3)]
        return [each[1] - each[0], each[2] - each[0]]

    true_positive, false_positive = (
        apart(lambda y, d, k=k: metrics.recall_score(y, d) if k else np.mean(d[y == 0]))
        for k in (1, 0)
    )
    assert one("demographic_parity") == pytest.approx(apart(lambda y, d: d.mean()))
    assert one("equal_opportunity") == pytest.approx(true_positive)
    assert one("equalized_odds") == pytest.approx([*true_positive, *false_positive])
    assert one("predictive_parity") == pytest.approx(apart(metrics.precision_score))
    assert one("error") == pytest.approx(apart(metrics.zero_one_loss))
    assert one("auc_gap") == pytest.approx(by_score(metrics.roc_auc_score))
    assert one("loss") == pytest.approx(by_score(lambda y, s: metrics.log_loss(y, expit(s))))
    assert one("calibration") == pytest.approx(by_score(lambda y, s: np.mean(y - expit(s))))
    assert one("mean_score") == pytest.approx(by_score(lambda y, s: np.mean(expit(s))))
    worst = max(
        metrics.log_loss(outcome[groups.codes == k], expit(linear[groups.codes == k]))
        for k in range(3)
    )
    assert one("worst_group") == pytest.approx([worst])


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("weighted", [False, True])
def test_influence_is_the_derivative_in_the_weights(told, name, weighted):
    outcome, linear, groups = told
    rng = np.random.default_rng(2)
    base = rng.uniform(0.5, 1.5, ROWS) if weighted else np.ones(ROWS)
    base /= base.mean()
    direction = rng.normal(size=ROWS)
    direction -= np.average(direction, weights=base)
    step = 1e-5

    def value(sign):
        return measure(name, outcome, linear, groups, weights=base * (1 + sign * direction)).values

    numeric = (value(step) - value(-step)) / (2 * step)
    found = measure(name, outcome, linear, groups, weights=base).influence
    assert np.average(found, axis=0, weights=base) == pytest.approx(0, abs=1e-12)
    assert (base * direction) @ found / ROWS == pytest.approx(numeric, abs=1e-8)


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("logistic", [False, True])
def test_slope_is_the_derivative_in_the_predictions(told, name, logistic):
    if not logistic and not MEASURES[name].numbers:
        pytest.skip("of probabilities only")
    outcome, linear, groups = told
    rng = np.random.default_rng(3)
    direction, weights = rng.normal(size=ROWS), rng.uniform(0.5, 1.5, ROWS)
    given = {"logistic": logistic, "weights": weights / weights.mean()}
    step = 1e-5
    numeric = (
        measure(name, outcome, linear + step * direction, groups, **given).values
        - measure(name, outcome, linear - step * direction, groups, **given).values
    ) / (2 * step)
    found = measure(name, outcome, linear, groups, **given).slope
    assert direction @ found == pytest.approx(numeric, abs=1e-8)


def test_slopes_of_decisions_and_ranks_come_near_their_closed_forms():
    """Scores normal in two groups, all shifted in the second: the density at the threshold.

    The means over 20 samples of 20,000 rows; kernels smooth, which costs some percent.
    """
    found = {name: [] for name in ("demographic_parity", "auc", "equal_opportunity", "accuracy")}
    for seed in range(20):
        rng = np.random.default_rng([4, seed])
        n = 20_000
        case, group = rng.integers(0, 2, n).astype(float), rng.integers(0, 2, n)
        linear = rng.normal(size=n) + 0.5 * case
        groups = read_groups(group)
        for name, moved in (
            ("demographic_parity", group == 1),
            ("equal_opportunity", group == 1),
            ("auc", case == 1),
            ("accuracy", case == 1),
        ):
            slope = measure(name, case, linear, groups).slope[:, 0]
            found[name].append(slope[moved].sum())
    mixture = (norm.pdf(0) + norm.pdf(0.5)) / 2
    assert np.mean(found["demographic_parity"]) == pytest.approx(mixture, rel=0.03)
    assert np.mean(found["equal_opportunity"]) == pytest.approx(norm.pdf(0.5), rel=0.03)
    # d/dt P(s + t > s') = the density of s - s' at zero, of a normal with variance 2.
    assert np.mean(found["auc"]) == pytest.approx(norm.pdf(0.5, scale=np.sqrt(2)), rel=0.03)
    assert np.mean(found["accuracy"]) == pytest.approx(norm.pdf(0.5) / 2, rel=0.03)


def test_variance_of_the_area_under_the_curve_is_delongs(told):
    outcome, linear, groups = told
    cases, others = linear[outcome == 1], linear[outcome == 0]
    above = np.mean(np.sign(cases[:, None] - others) / 2 + 0.5, axis=1)
    below = np.mean(np.sign(cases[:, None] - others) / 2 + 0.5, axis=0)
    # DeLong, DeLong and Clarke-Pearson (1988), with divisors m and n as everywhere here.
    expected = above.var() / len(cases) + below.var() / len(others)
    found = measure("auc", outcome, linear, groups).influence[:, 0]
    assert np.sum(found**2) / ROWS**2 == pytest.approx(expected, rel=1e-10)


def test_terms_name_rates_and_groups(told):
    names = measure("equalized_odds", *told).names
    assert names == (
        *("equalized_odds[TPR, b]", "equalized_odds[TPR, c]"),
        *("equalized_odds[FPR, b]", "equalized_odds[FPR, c]"),
    )


def test_a_group_without_the_event_is_named(told):
    outcome, linear, groups = told
    none = np.where(groups.codes == 2, 0.0, outcome)
    with pytest.raises(DataError, match="group 'c' of sensitive has no favourable outcomes"):
        measure("equal_opportunity", none, linear, groups)


def test_unknown_measures_are_refused(told):
    with pytest.raises(DataError, match="Did you mean 'accuracy'"):
        measure("acuracy", *told)
    with pytest.raises(DataError, match="'accuracy' is of decisions"):
        measure("accuracy", *told, logistic=False)
