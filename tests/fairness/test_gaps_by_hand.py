"""`cif.gap`: a gap of any predictor, in numbers that a hand can check."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

import causalif as cif
from causalif.errors import DataError, SmallSampleWarning

Y = np.array([1, 1, 0, 0] * 20)
DECIDED = np.array([1, 0, 0, 1, 1, 1, 0, 0] * 10)
GROUP = np.array((["F"] * 4 + ["M"] * 4) * 10)


def test_by_hand():
    # F decides 1 0 0 1 of outcomes 1 1 0 0, M 1 1 0 0: rates .5 and .5, TPR .5 and 1, FPR .5 and 0
    assert cif.gap(Y, DECIDED, GROUP).values.to_dict() == {"demographic_parity": 0.0}
    odds = cif.gap(Y, DECIDED, GROUP, measure="equalized_odds")
    assert odds.values.to_dict() == {"equalized_odds[TPR]": 0.5, "equalized_odds[FPR]": -0.5}
    # variance of a rate: p (1 - p) / n, here of 20 rows with a favourable outcome each; M has none
    assert odds.std_error["equalized_odds[TPR]"] == pytest.approx(np.sqrt(0.25 / 20))
    assert odds.groups["n"].tolist() == [40, 40, 40, 40]
    assert odds.rates.values["M (TPR)"] == 1.0


def test_reference_turns_the_sign_and_positive_the_outcome():
    there = cif.gap(Y, DECIDED, GROUP, measure="error", reference="M")
    assert there.values["error"] == pytest.approx(0.5)
    words = np.where(Y == 1, "bad", "good")
    same = cif.gap(words, np.where(DECIDED == 1, "bad", "good"), GROUP, measure="equal_opportunity",
                   positive="bad")  # fmt: skip
    assert same.values["equal_opportunity"] == 0.5


def test_three_groups_at_once():
    rng = np.random.default_rng(1)
    group = np.repeat(["a", "b", "c"], 200)
    y = rng.integers(0, 2, 600)
    found = cif.gap(y, rng.random(600), group, measure="mean_score")
    assert list(found.values.index) == ["mean_score[b]", "mean_score[c]"]
    assert found.test(joint=True)["p_value"].item() > 0.001
    ratio = found.rates["b"] / found.rates["a"]
    assert ratio.values.iloc[0] == pytest.approx(found.rates.values["b"] / found.rates.values["a"])


def test_combinations_of_attributes_are_groups():
    rng = np.random.default_rng(2)
    both = pd.DataFrame({"sex": rng.choice(["F", "M"], 400), "old": rng.choice([False, True], 400)})
    found = cif.gap(rng.integers(0, 2, 400), rng.random(400), both)
    assert found.groups["group"].tolist() == ["F, False", "F, True", "M, False", "M, True"]


def test_numbers_are_predicted():
    rng = np.random.default_rng(3)
    y = rng.normal(size=200)
    found = cif.gap(y, y + np.repeat([0.0, 1.0], 100), np.repeat([0, 1], 100), measure="loss")
    assert found.values["loss"] == pytest.approx(1.0)


def test_rows_keep_their_labels_and_the_result_pickles():
    index = pd.Index([f"p{k}" for k in range(80)])
    found = cif.gap(pd.Series(Y, index), pd.Series(DECIDED, index), pd.Series(GROUP, index))
    assert found.influence.index.equals(index)
    again = pickle.loads(pickle.dumps(found))
    assert again.summary() == found.summary()
    assert "held fixed" in again.summary()
    assert "F (40), M (40)" in again.summary()


def test_clusters_and_weights_reach_the_errors():
    clusters = np.repeat(np.arange(40), 2)
    weights = np.tile([1.0, 2.0], 40)
    found = cif.gap(Y, DECIDED, GROUP, measure="error", clusters=clusters, weights=weights)
    # F is right in rows 1 and 3 of four, of weights 1 2 1 2; M always.
    assert found.values["error"] == pytest.approx(-(2 + 2) / 6)
    assert found.clusters is not None


def test_plot_has_a_row_for_each_group():
    ax = cif.gap(Y, DECIDED, GROUP, measure="error").plot()
    assert {"F", "M"} <= {label.get_text() for label in ax.get_yticklabels()}


def test_worst_group_that_is_not_settled_is_warned_of():
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 200)
    with pytest.warns(SmallSampleWarning, match="the worst group is not settled"):
        cif.gap(y, np.full(200, 0.5) + rng.uniform(-0.1, 0.1, 200), np.repeat(["a", "b"], 100),
                measure="worst_group")  # fmt: skip


def test_small_groups_are_reported_and_warned_of():
    group = np.array(["a"] * 70 + ["b"] * 10)
    with pytest.warns(SmallSampleWarning, match="group 'b' of sensitive has 10 rows"):
        found = cif.gap(Y, DECIDED, group)
    assert found.groups["n"].tolist() == [70, 10]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: cif.gap(Y, DECIDED[:-1], GROUP), "80, 79, 80 rows"),
        (lambda: cif.gap(Y, DECIDED, np.repeat("a", 80)), "one level, 'a', in all rows"),
        (lambda: cif.gap(Y, np.where(Y, np.nan, 0.5), GROUP), "prediction is missing in 40 of 80"),
        (lambda: cif.gap(Y, 5.0 * DECIDED - 2, GROUP), "of log odds, scipy.special.expit"),
        (lambda: cif.gap(Y, np.where(Y, "a", "b"), GROUP), "which y has not"),
        (lambda: cif.gap(Y, DECIDED, np.arange(80)), "80 distinct numbers. Cut it into groups"),
        (lambda: cif.gap(Y, DECIDED, GROUP, measure="parity"), "no measure 'parity'"),
        (lambda: cif.gap(Y, DECIDED, GROUP, reference="X"), "reference='X' is no level"),
        (lambda: cif.gap(Y, DECIDED, GROUP, positive=3), "positive=3"),
        (lambda: cif.gap(np.tile([0, 1, 2, 3], 20), DECIDED, GROUP), "y has 4 levels"),
        (
            lambda: cif.gap(Y, DECIDED, pd.Series(GROUP).where(pd.Series(Y) > 0)),
            "missing in 40 of 80 rows",
        ),
        (
            lambda: cif.gap(pd.Series(Y), pd.Series(DECIDED, index=np.arange(80)[::-1]), GROUP),
            "other row labels",
        ),
    ],
)
def test_bad_input_is_named(given, words):
    with pytest.raises(DataError, match=words):
        given()
