"""Rows of an `Estimate` whose parametric nuisances move with them, beside estimates made anew."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import causalif as cif
from causalif.attribution.rescaled import _moves
from causalif.errors import DataError
from causalif.nuisance.glm import Linear
from causalif.nuisance.one_step import Start, Starts, _OneStepRegressor

N = 240
COVARIATES = ["x0", "x1", "x2", "x3", "x4", "x5"]


def table(n: int = N, seed: int = 0) -> pd.DataFrame:
    """Confounded, with a mediator; effects vary with the covariates."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, len(COVARIATES)))
    treated = rng.binomial(1, 1 / (1 + np.exp(-0.6 * x[:, 0] - 0.3 * x[:, 1])))
    m = 0.5 * treated + x[:, 1] + rng.normal(size=n)
    y = 3 + treated * (1 + x[:, 0]) + m + x[:, 2] + rng.normal(size=n)
    return pd.DataFrame(x, columns=COVARIATES).assign(treated=treated, m=m, y=y)


DATA, MORE = table(), table(500, 1)
OPTIONS = {"learners": "glm", "folds": 1, "seed": 1, "progress": False}


def effect(data: pd.DataFrame = DATA, **options: object) -> cif.effects.EffectEstimate:
    """The total effect by augmented weighting."""
    given = {**OPTIONS, "stabilize": False, **options}
    return cif.average_effect(data, "treated", "y", COVARIATES, **given)


def by_hand(data: pd.DataFrame) -> float:
    """The same by statsmodels."""
    x, a, y = sm.add_constant(data[COVARIATES]), data["treated"], data["y"]
    chance = sm.Logit(a, x).fit(disp=0).predict(x)
    outcome = sm.OLS(y, x.assign(a=a)).fit()
    one, zero = outcome.predict(x.assign(a=1)), outcome.predict(x.assign(a=0))
    above = a / chance * (y - one) + one
    return float((above - (1 - a) / (1 - chance) * (y - zero) - zero).mean())


def error(found: np.ndarray, truth: np.ndarray) -> float:
    """Relative, in the norm of all rows."""
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))


def test_rows_of_augmented_weighting_beside_statsmodels():
    truth = np.array([by_hand(DATA.drop(index=i)) for i in DATA.index]) - by_hand(DATA)
    found = cif.row_influence(effect(), method="rif")["TE"].to_numpy()
    assert np.corrcoef(found, truth)[0, 1] > 0.995
    assert error(found, truth) < 0.1
    frozen = cif.row_influence(effect(), method="if")["TE"].to_numpy()
    assert error(frozen, truth) > 2 * error(found, truth)


def test_one_newton_step_for_a_set_beside_statsmodels():
    found, rng = effect(MORE), np.random.default_rng(1)
    for size in (1, 5, 50):
        rows = rng.choice(len(MORE), size, replace=False)
        truth = by_hand(MORE.drop(index=rows)) - by_hand(MORE)
        changed = cif.group_influence(found, rows, method="newton")["TE"]
        assert changed == pytest.approx(truth, rel=0.03)


@pytest.mark.parametrize(
    "options",
    [
        {"method": "tmle"},
        {"stabilize": True},
        {"folds": 2},
        {"weights": np.linspace(0.5, 2.0, len(MORE))},
        {"scale": "ratio"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_every_way_to_estimate_is_near_its_refit(options):
    compare(effect(MORE, **options))


def test_nested_regressions_follow():
    compare(cif.mediate(MORE, "treated", "y", "m", COVARIATES[:3], **OPTIONS))


def compare(found: cif.effects.EffectEstimate) -> None:
    """Rows beside the analysis without each of some: far nearer than with nuisances fixed."""
    some = np.arange(0, found.n, 8)
    truth = np.array([cif.group_influence(found, [row], method="refit") for row in some])
    rescaled = cif.row_influence(found, method="rif").to_numpy()[some]
    frozen = cif.row_influence(found, method="if").to_numpy()[some]
    for k in range(len(found)):
        near = error(rescaled[:, k], truth[:, k])
        assert near < 0.5 * error(frozen[:, k], truth[:, k])


def test_binary_outcomes_and_their_means():
    data = DATA.assign(y=(DATA["y"] > 0).astype(int))
    found = cif.mediate(data, "treated", "y", "m", COVARIATES[:3], **OPTIONS)
    rows = [3, 17, 60, 61, 200]
    truth = cif.group_influence(found, rows, method="refit")
    assert cif.group_influence(found, rows, method="newton")[:3].to_numpy() == pytest.approx(
        truth[:3].to_numpy(), rel=0.03
    )
    one = cif.row_influence(found, method="newton", groups=np.arange(N) // 80)
    assert list(one.index) == [0, 1, 2]


def test_sums_over_rows():
    found = cif.row_influence(effect(), method="rif")["TE"]
    assert cif.group_influence(effect(), [2, 5], method="rif")["TE"] == pytest.approx(
        found[[2, 5]].sum()
    )


def test_a_row_that_a_nuisance_needs_has_none():
    design = np.array([[1.0, 0], [1, 0], [1, 0], [1, 1]])
    start = Start(None, np.arange(4), design, np.array([1.0, -1, 0, 0]), np.ones(4))
    moves, errors = _moves(start)
    assert list(np.isnan(moves).all(axis=1)) == [False, False, False, True]
    assert moves[:3, 0] == pytest.approx([-0.5, 0.5, 0])  # a mean of three, without one
    assert errors == pytest.approx(np.sqrt([1 / 3, 4 / 3]))


def test_what_has_no_rescaled_influence_is_said():
    learned = effect(learners="auto", folds=2)
    with pytest.raises(DataError, match=r"learners='auto' are not parametric \(DummyRegressor"):
        cif.row_influence(learned, method="rif")
    with pytest.raises(DataError, match="no average of its influence"):
        cif.row_influence(effect(method="ipw"), method="rif")
    three = DATA.assign(treated=np.arange(N) % 3)
    several = cif.average_effect(three, "treated", "y", COVARIATES[:2], **OPTIONS)
    with pytest.raises(DataError, match="several classes"):
        cif.row_influence(several, method="rif")
    rows = [1, 2]
    truth = cif.group_influence(several, rows, method="refit")
    again = cif.group_influence(several, rows, method="newton")
    assert again.to_numpy() == pytest.approx(truth.to_numpy(), rel=1e-6)
    with pytest.raises(DataError, match="carries no nuisances"):
        cif.row_influence(effect()["TE"], method="rif")


def test_fits_that_cannot_be_told_apart_are_made_in_full():
    starts = Starts()
    x = np.random.default_rng(3).normal(size=(60, 1))
    for shift in (0.0, 1.0):
        _OneStepRegressor(Linear(), starts, random_state=5).fit(x, x[:, 0] + shift)
    starts.recording = False
    found = _OneStepRegressor(Linear(), starts, random_state=5).fit(x, 3 * x[:, 0])
    assert starts.fits == {5: None}
    assert found.predict(x) == pytest.approx(3 * x[:, 0])
