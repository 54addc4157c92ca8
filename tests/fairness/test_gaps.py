"""`cif.gap` beside other sources: fairlearn, closed forms, derivatives, intervals that cover."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm

import causalif as cif
from causalif.errors import DataError, DataWarning, SmallSampleWarning
from causalif.fairness import MEASURES

K = np.arange(60)
# A table of 120 rows, twice the same 60.
Y = np.tile((K * 7 % 11 < 5).astype(int), 2)
SCORE = np.tile(((K * 13 % 29) + 0.5) / 29, 2)
GROUP = np.tile(np.array(list("abc"))[(K * 5 % 7) % 3], 2)
WEIGHTS = np.tile(1 + (K % 4) / 2, 2)

# fairlearn 0.15.0, MetricFrame(...).by_group of this table: selection_rate, true_positive_rate,
# false_positive_rate, and scikit-learn's precision_score and zero_one_loss; then with weights.
FAIRLEARN = {
    "demographic_parity": (
        [0.5, 0.47058823529411764, 0.5294117647058824],
        [0.5222222222222223, 0.45901639344262296, 0.5084745762711864],
    ),
    "equal_opportunity": (
        [0.5454545454545454, 0.5, 0.625],
        [0.6388888888888888, 0.5185185185185185, 0.5666666666666667],
    ),
    "equalized_odds": (
        [0.4666666666666667, 0.4444444444444444, 0.4444444444444444],
        [0.4444444444444444, 0.4117647058823529, 0.4482758620689655],
    ),
    "predictive_parity": (
        [0.46153846153846156, 0.5, 0.5555555555555556],
        [0.48936170212765956, 0.5, 0.5666666666666667],
    ),
    "error": (
        [0.46153846153846156, 0.47058823529411764, 0.4117647058823529],
        [0.4111111111111111, 0.4426229508196722, 0.44067796610169496],
    ),
}


@pytest.mark.parametrize("name", FAIRLEARN)
@pytest.mark.parametrize("weighted", [False, True])
def test_rates_and_gaps_are_those_of_fairlearn(name, weighted):
    rates = np.array(FAIRLEARN[name][weighted])
    found = cif.gap(Y, SCORE, GROUP, measure=name, weights=WEIGHTS if weighted else None)
    assert found.rates.values.to_numpy()[-3:] == pytest.approx(rates, abs=1e-12)
    assert found.values.to_numpy()[-2:] == pytest.approx(rates[1:] - rates[0], abs=1e-12)


def test_gaps_are_differences_from_the_reference():
    found = cif.gap(Y, SCORE, GROUP, measure="error", reference="c")
    rates = found.rates.values
    expected = {f"error[{level}]": rates[level] - rates["c"] for level in "ab"}
    assert found.values.to_dict() == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "among"), [("demographic_parity", Y >= 0), ("equal_opportunity", Y == 1)]
)
def test_errors_of_rates_are_those_of_proportions(name, among):
    """A rate p of m rows has variance p (1 - p) / m; those of two groups add."""
    found = cif.gap(Y, SCORE, GROUP, measure=name)
    rates = found.rates.values.to_numpy()
    counts = pd.Series(GROUP[among]).value_counts()[["a", "b", "c"]].to_numpy()
    variance = rates * (1 - rates) / counts
    assert found.rates.std_error.to_numpy() == pytest.approx(np.sqrt(variance), rel=1e-12)
    errors = np.sqrt(variance[1:] + variance[0])
    assert found.std_error.to_numpy() == pytest.approx(errors, rel=1e-12)
    assert found.groups["n"].tolist() == [52, 34, 34]
    assert found.groups["events"].tolist() == counts.tolist()


def test_events_are_what_a_value_is_an_average_over():
    def events(name, **given):
        return cif.gap(Y, SCORE, GROUP, measure=name, **given).groups["events"].tolist()

    def count(rows):
        return [int(np.sum(rows[level == GROUP])) for level in "abc"]

    assert events("equalized_odds") == count(Y == 1) + count(Y == 0)
    assert events("predictive_parity") == count(SCORE >= 0.5)
    assert events("auc_gap") == np.minimum(count(Y == 1), count(Y == 0)).tolist()
    some = (np.arange(120) % 9 > 0).astype(float)
    assert events("equal_opportunity", weights=some) == count((Y == 1) & (some > 0))


@pytest.mark.parametrize("name", [name for name in MEASURES if name != "worst_group"])
def test_influence_is_the_derivative_of_the_public_call(name):
    """Computed again with weights 1 + t direction, central differences."""
    direction = np.random.default_rng(21).normal(size=120)
    direction -= direction.mean()

    def fit(step):
        return cif.gap(Y, SCORE, GROUP, measure=name, weights=1 + step * direction)

    found, less, more = fit(0), fit(-1e-5), fit(1e-5)
    for terms, low, high in ((found, less, more), (found.rates, less.rates, more.rates)):
        numeric = ((high.values - low.values) / 2e-5).to_numpy()
        expected = direction @ terms.influence.to_numpy() / 120
        assert numeric == pytest.approx(expected, abs=1e-8)


def test_weights_and_clusters_are_matched_by_their_labels():
    index = pd.Index([f"p{k}" for k in range(120)])
    y, clusters = pd.Series(Y, index), pd.Series(np.arange(120) // 2, index)
    weights = pd.Series(WEIGHTS, index)
    plain = cif.gap(y, SCORE, GROUP, weights=weights, clusters=clusters)
    mixed = cif.gap(y, SCORE, GROUP, weights=weights.iloc[::-1], clusters=clusters.iloc[::-1])
    by_hand = np.average((SCORE >= 0.5)[GROUP == "a"], weights=WEIGHTS[GROUP == "a"])
    assert mixed.rates.values["a"] == pytest.approx(by_hand, abs=1e-12)
    pd.testing.assert_frame_equal(mixed.tidy(), plain.tidy())
    pd.testing.assert_frame_equal(mixed.rates.tidy(), plain.rates.tidy())


def test_refit_is_the_call_on_these_rows():
    kept = np.arange(120) % 8 > 0
    pairs = np.arange(120) // 2
    given = {"measure": "equalized_odds", "reference": "b", "threshold": 0.3}
    whole = cif.gap(Y, SCORE, GROUP, weights=WEIGHTS, clusters=pairs, **given)
    part = {"weights": WEIGHTS[kept], "clusters": pairs[kept]}
    expected = cif.gap(Y[kept], SCORE[kept], GROUP[kept], **part, **given)
    for rows in (kept, np.flatnonzero(kept)):
        again = pickle.loads(pickle.dumps(whole)).refit(rows)
        pd.testing.assert_frame_equal(again.tidy(), expected.tidy())
        pd.testing.assert_frame_equal(again.rates.tidy(), expected.rates.tidy())
        assert again.influence.index.tolist() == np.flatnonzero(kept).tolist()
    with pytest.raises(DataError, match="mask"):
        whole.refit(kept[:50])
    with pytest.raises(DataError, match="group 'c' of sensitive has no rows"):
        whole.refit(GROUP != "c")


def test_equality_over_groups_is_a_joint_test():
    """The Wald statistic of independent rates: squared distances from their weighted mean."""
    found = cif.gap(Y, SCORE, GROUP, measure="mean_score")
    rates, errors = found.rates.values.to_numpy(), found.rates.std_error.to_numpy()
    pooled = np.average(rates, weights=errors**-2)
    statistic = np.sum(((rates - pooled) / errors) ** 2)
    assert found.test(joint=True)["statistic"].item() == pytest.approx(statistic, rel=1e-9)


def test_gap_in_areas_has_the_errors_of_delong():
    """DeLong, DeLong & Clarke-Pearson (1988), independent groups; divisors m and n."""
    expected = 0.0
    for level in ("a", "b"):
        score, y = SCORE[level == GROUP], Y[level == GROUP]
        above = (np.sign(score[y == 1][:, None] - score[y == 0]) + 1) / 2
        expected += above.mean(axis=1).var() / len(above) + above.mean(axis=0).var() / len(above.T)
    found = cif.gap(Y, SCORE, GROUP, measure="auc_gap")
    assert found.std_error["auc_gap[b]"] == pytest.approx(np.sqrt(expected), rel=1e-10)


def test_summary_says_what_was_done():
    decided = np.where(GROUP == "c", 1, SCORE >= 0.5).astype(int)
    text = cif.gap(Y, decided, GROUP, measure="equal_opportunity").summary()
    assert "difference in true positive rates, b, c less a; groups: a (52), b (34), c (34)" in text
    assert "The same in all rows of c (16 rows): a standard error of 0" in text
    assert "held fixed" in text
    assert "standard error of 0" not in cif.gap(Y, SCORE, GROUP).summary()


def test_plot_names_what_is_drawn():
    from matplotlib.figure import Figure

    ax = cif.gap(Y, SCORE, GROUP, reference="c").plot(ax=Figure().subplots(), level=0.9)
    assert ax.get_xlabel() == "Share of favourable decisions"
    upright = [set(np.asarray(line.get_xdata())) for line in ax.lines if len(line.get_xdata()) == 2]
    assert any(len(x) == 1 and x.pop() == pytest.approx(18 / 34) for x in upright)
    both = cif.gap(Y, SCORE, GROUP, measure="equalized_odds").plot(ax=Figure().subplots())
    assert both.get_xlabel() == "True and false positive rates"
    assert sum(line.get_gid() == "blocks" for line in both.lines) == 1


def test_few_events_in_a_large_group_are_warned_of():
    rare = np.where((GROUP == "b") & (np.arange(120) > 20), 0, Y)
    with pytest.warns(SmallSampleWarning, match="true positive rate of group b is an average over"):
        cif.gap(rare, SCORE, GROUP, measure="equal_opportunity")


def test_sure_predictions_that_proved_wrong_have_no_log_loss():
    with pytest.raises(DataError, match=r'prediction holds decisions.*measure="error"'):
        cif.gap(Y, SCORE >= 0.5, GROUP, measure="loss")
    first = np.arange(120) == np.flatnonzero(Y == 1)[0]
    with pytest.warns(DataWarning, match="1 of 120 rows have a predicted probability of 0 or 1"):
        cif.gap(Y, np.where(first, 0.0, SCORE), GROUP, measure="log_loss")
    cif.gap(Y, np.where(first, 1.0, SCORE), GROUP, measure="loss")  # right: no warning


@pytest.mark.parametrize("threshold", [0, 1, -1, 1.5, np.nan, None, "a", [0.5]])
def test_thresholds_are_probabilities(threshold):
    with pytest.raises(DataError, match="is no probability between 0 and 1"):
        cif.gap(Y, SCORE, GROUP, threshold=threshold)


NUMBERS = np.arange(120.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prediction": np.column_stack([1 - SCORE, SCORE])}, r"the column \[:, 1\]"),
        ({"y": np.column_stack([Y, Y])}, r"y has shape \(120, 2\). Give one entry per row"),
        ({"y": None}, r"y has shape \(\)"),
        ({"y": [], "prediction": [], "sensitive": []}, "y has 0 rows"),
        ({"weights": WEIGHTS[:50]}, r"weights has shape \(50,\) for 120 rows"),
        ({"weights": WEIGHTS - 2}, "weights is negative"),
        ({"weights": 0 * WEIGHTS}, "weights is zero in every row"),
        ({"weights": GROUP == "a"}, r"(?s)2 problems.*'b' of .* has no rows.*'c' of"),
        ({"prediction": np.where(Y, np.inf, SCORE)}, r"prediction is infinite in \d+ of 120"),
        ({"y": NUMBERS, "prediction": GROUP, "measure": "loss"}, "but y is numbers"),
        ({"y": NUMBERS, "measure": "loss", "positive": 1}, "positive=1 names one of two"),
        ({"y": NUMBERS}, "'demographic_parity' is of decisions"),
        ({"measure": ["auc"]}, "no measure"),
        ({"y": np.where(Y, np.nan, 1.0), "sensitive": np.where(Y, None, GROUP), "measure": "zzz",
          "threshold": 3}, "(?s)4 problems.*target.*'sensitive'.*'zzz'.*threshold=3"),
    ],
)  # fmt: skip
def test_bad_input_is_named(change, words):
    with pytest.raises(DataError, match=words):
        cif.gap(**({"y": Y, "prediction": SCORE, "sensitive": GROUP} | change))


def truths():
    """Scores N(0.6 g, 1) given group g, log odds of the outcome score + 0.3 g; by quadrature."""
    s = np.linspace(-9, 10, 20_001)
    step = s[1] - s[0]
    found: dict[str, list[float]] = {}
    for g in (0, 1):
        density, p = norm.pdf(s - 0.6 * g) * step, expit(s + 0.3 * g)
        yes, no, decided = density * p, density * (1 - p), s >= 0
        loss = (yes * np.logaddexp(0, -s) + no * np.logaddexp(0, s)).sum()
        below = np.cumsum(no) - no / 2
        each = {
            "demographic_parity": norm.cdf(0.6 * g),
            "mean_score": (density * expit(s)).sum(),
            "equal_opportunity": yes[decided].sum() / yes.sum(),
            "equalized_odds[FPR]": no[decided].sum() / no.sum(),
            "predictive_parity": yes[decided].sum() / density[decided].sum(),
            "calibration": (density * (p - expit(s))).sum(),
            "error": no[decided].sum() + yes[~decided].sum(),
            "loss": loss,
            "auc_gap": (yes @ below) / yes.sum() / no.sum(),
        }
        for name, value in each.items():
            found.setdefault(name, []).append(float(value))
    gaps = {name: second - first for name, (first, second) in found.items()}
    return gaps | {"accuracy": 1 - np.mean(found["error"]), "log_loss": np.mean(found["loss"])}


def coverage(replicates, rows=500):
    """Hits of 95% intervals, and of intervals half as long."""
    truth = truths()
    hits = {name: np.zeros(2) for name in truth}
    for seed in range(replicates):
        rng = np.random.default_rng([31, seed])
        group = rng.integers(0, 2, rows)
        score = rng.normal(size=rows) + 0.6 * group
        y = (rng.random(rows) < expit(score + 0.3 * group)).astype(int)
        for name in truth:
            found = cif.gap(y, expit(score), group, measure=name.split("[", maxsplit=1)[0])
            apart = abs(found.values[name] - truth[name]) / found.std_error[name]
            hits[name] += apart < np.array([1.96, 0.98])
    return pd.DataFrame(hits, index=["whole", "half"]).T / replicates


def test_intervals_cover_in_a_few_samples():
    """60 samples: the standard error of a share of .95 is .028."""
    found = coverage(60)
    assert found["whole"].between(0.95 - 4 * 0.028, 1).all(), found
    assert (found["half"] < 0.95 - 3 * 0.028).all(), found  # so the check can fail


@pytest.mark.slow
def test_intervals_cover():
    """1,000 samples of 500 rows: the standard error of a share of .95 is .007."""
    found = coverage(1000)
    assert found["whole"].between(0.93, 0.97).all(), found
    assert (found["half"] < 0.75).all(), found  # .67, of intervals half as long
