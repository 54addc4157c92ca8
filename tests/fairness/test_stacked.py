"""The influence of gaps and utilities, the estimated representation included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causalif as cif

ROWS = 500
BINARY = ["log_loss", "mse", "mean_score", "calibration", "loss", "worst_group"]
NUMERIC = ["mse", "mean_score", "calibration", "loss"]
CASES = {
    "line": {"shared": [0.0, 0.4, 1.0]},
    "residual": {"shared": [0.0, 1.0], "keep_residual": True},
    "opportunity": {"shared": [0, 1], "notion": "equal_opportunity"},
    "odds": {"shared": [0, 1], "notion": "equalized_odds"},
    "two attributes": {"sensitive": ["A", "B"], "shared": [0, 1]},
    "three levels, odds": {"sensitive": "B", "shared": [0, 1], "notion": "equalized_odds"},
    "dr": {"shared": [0, 1], "reduction": "dr", "target_dim": 2, "sensitive_dim": 2},
    "save": {"shared": [0, 1, 2], "reduction": "save", "target_dim": 2, "sensitive_dim": 3},
    "number": {"outcome": "z", "shared": [0, 1], "target_dim": 2},
    "number, residual": {
        "outcome": "z",
        "sensitive": "B",
        "shared": [0, 1],
        "target_dim": 2,
        "keep_residual": True,
    },
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 2, ROWS), rng.integers(0, 3, ROWS)
    x = rng.normal(size=(ROWS, 5))
    x += np.outer(a, [0.8, 0.3, 0, 0, 0.2]) + np.outer(b == 1, [0, 0.3, 0.2, 0, 0])
    x[:, 3] *= 1 + 0.5 * a
    linear = x @ [1, 0.5, 0.5, 0.3, 0]
    frame = pd.DataFrame(x, columns=list("abcde"))
    return frame.assign(
        y=(linear + rng.logistic(size=ROWS) > 0).astype(int),
        z=linear + rng.normal(size=ROWS),
        A=a,
        B=b,
    )


def fitted(data, case, weights):
    given = {"outcome": "y", "sensitive": "A", **CASES[case]}
    measures = BINARY if given["outcome"] == "y" else NUMERIC
    return cif.fairness_tradeoff(
        data.assign(weight=weights),
        features=list("abcde"),
        measures=measures,
        weights="weight",
        folds=1,
        seed=1,
        **given,
    )


@pytest.mark.parametrize("case", CASES)
def test_influence_is_the_derivative(data, case):
    """Refitted with reweighted rows, subspaces and all: central differences."""
    direction = np.random.default_rng(6).normal(size=ROWS)
    direction -= direction.mean()
    step = 1e-4
    up, down = (fitted(data, case, 1 + sign * step * direction).values for sign in (1, -1))
    numeric = (up - down) / (2 * step)
    found = fitted(data, case, np.ones(ROWS)).influence.to_numpy()
    assert found.mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert direction @ found / ROWS == pytest.approx(numeric.to_numpy(), abs=1e-6)
    assert np.abs(numeric).max() > 1e-3


def test_influence_with_few_rows_where_the_penalty_tells(data):
    few = data.iloc[:80]
    direction = np.random.default_rng(8).normal(size=80)
    direction -= direction.mean()
    up, down = (fitted(few, "line", 1 + s * 1e-4 * direction).values for s in (1, -1))
    found = fitted(few, "line", np.ones(80)).influence.to_numpy()
    assert direction @ found / 80 == pytest.approx((up - down).to_numpy() / 2e-4, abs=1e-6)


def test_influence_of_the_cosine_is_its_derivative(data):
    direction = np.random.default_rng(7).normal(size=ROWS)
    direction -= direction.mean()
    step = 1e-4
    up, down = (fitted(data, "line", 1 + s * step * direction).cosines.values for s in (1, -1))
    found = fitted(data, "line", np.ones(ROWS)).cosines.influence.to_numpy()
    assert direction @ found / ROWS == pytest.approx((up - down).to_numpy() / (2 * step), abs=1e-6)


def test_mean_linear_score_is_the_same_in_all_groups_at_zero(data):
    curve = cif.fairness_tradeoff(
        data, "y", "B", list("abcde"), shared=0.0, measures="accuracy", folds=1, seed=1
    )
    means = curve.scores[0.0].groupby(data["B"]).mean()
    assert np.ptp(means) < 1e-10


@pytest.mark.parametrize("notion", ["equal_opportunity", "equalized_odds"])
def test_means_agree_within_levels_of_the_outcome(data, notion):
    curve = cif.fairness_tradeoff(
        data, "y", "B", list("abcde"), shared=0.0, measures="accuracy", folds=1, seed=1,
        notion=notion,
    )  # fmt: skip
    means = curve.scores[0.0].groupby([data["y"], data["B"]]).mean()
    apart = [np.ptp(means[level]) for level in (0, 1)]
    assert apart[1] < 1e-10
    assert (apart[0] < 1e-10) == (notion == "equalized_odds")


def test_gap_of_normal_groups_has_its_closed_form():
    """X | A = a normal with mean a d: the mean linear score of all features differs by b'd.

    Linear outcome, everything shared: coefficients b, and the gap of predictions is b'd = 0.9.
    """
    rng = np.random.default_rng(8)
    group = rng.integers(0, 2, 4000)
    x = rng.normal(size=(4000, 3)) + np.outer(group, [1.0, 0.5, 0.0])
    frame = pd.DataFrame(x, columns=list("abc")).assign(group=group)
    frame["z"] = x @ [0.7, 0.4, 0.3] + rng.normal(size=4000)
    curve = cif.fairness_tradeoff(
        frame, "z", "group", shared=[0.0, 1.0], measures="mean_score", target_dim=1, seed=1
    )
    table = curve.tidy().set_index("shared")
    assert abs(table.loc[1.0, "estimate"] - 0.9) < 4 * table.loc[1.0, "std_error"] < 0.2
    assert abs(table.loc[0.0, "estimate"]) < 4 * table.loc[0.0, "std_error"] < 0.05


def test_coverage_of_the_gap(data):
    """95% intervals over 200 samples; a share below .90 has probability .002."""
    from benchmarks.fairness.standard_errors import one

    truth = {("mean_score", "0"): 0.0, ("mean_score", "1"): 0.0432, ("log_loss", "1"): 0.5582}
    draws = pd.concat([one(1000, seed) for seed in range(200)])
    draws = draws[draws["what"].isin(["mean_score", "log_loss"])]
    for (what, place), value in truth.items():
        some = draws[(draws["what"] == what) & (draws["place"] == place)]
        covered = np.mean(np.abs(some["estimate"] - value) < 1.96 * some["error"])
        assert 0.90 < covered < 0.99
    fair = draws[(draws["what"] == "mean_score") & (draws["place"] == "0")]
    assert fair["naive"].mean() > 4 * fair["estimate"].std()  # the representation is not fixed
