"""Cross-fitting: no row meets itself, each nuisance once, numbers free of order and workers."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from pytest import approx
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.neighbors import KNeighborsRegressor

from causalif.data.build import build_design
from causalif.data.design import Column, Design, Exposure, Outcome
from causalif.errors import FitError
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.folds import draw_folds
from causalif.nuisance.library import resolve


def design(n: int = 300, seed: int = 0, **changes: object) -> Design:
    rng = np.random.default_rng(seed)
    w, m = rng.normal(size=n), rng.normal(size=n)
    a = (rng.uniform(size=n) < 1 / (1 + np.exp(-w))).astype(int)
    y = a + w + m + rng.normal(size=n)

    def column(name: str, values: np.ndarray) -> Column:
        return Column(name, values[:, None], (name,), discrete=False)

    base: dict[str, object] = {
        "index": pd.RangeIndex(n),
        "exposure": Exposure("a", (0, 1), a, 2),
        "outcome": Outcome("y", y, "continuous"),
        "columns": {"m": column("m", m), "w": column("w", w)},
        "mediators": (("m",),),
        "covariates": ("w",),
    }
    return Design(**{**base, **changes})  # type: ignore[arg-type]


def nearest() -> object:
    return {"outcome": KNeighborsRegressor(1), "exposure": DummyClassifier()}


class Counting(RegressorMixin, BaseEstimator):
    """Remembers which rows it was trained on, by the outcome value."""

    seen: ClassVar[list[frozenset[float]]] = []

    def fit(self, X, y):
        type(self).seen.append(frozenset(y))
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def test_no_row_is_predicted_by_a_model_that_saw_it():
    d = design()
    nuisances = Nuisances(d, resolve(nearest()), folds=4, entropy=1)
    mu = nuisances.mean(None, ("m", "w"), 1)
    exposed = d.exposure.codes == 1
    # one nearest neighbour returns the row itself, unless the row was held out
    assert not np.isclose(mu.held_out, d.outcome.values)[exposed].any()
    leaky = Nuisances(d, resolve(nearest()), folds=1, entropy=1).mean(None, ("m", "w"), 1)
    assert np.isclose(leaky.held_out, d.outcome.values)[exposed].all()


def test_nested_targets_come_from_the_same_training_folds():
    d = design()
    nuisances = Nuisances(d, resolve(nearest()), folds=3, entropy=1)
    mu = nuisances.mean(None, ("m", "w"), 1)
    rows = np.flatnonzero(d.exposure.codes == 0)
    targets = nuisances._by_fold(mu, d.take(rows))
    for fold in range(3):
        train = nuisances.scheme.folds != fold
        model = KNeighborsRegressor(1).fit(
            np.column_stack([d.exposure.codes, d.matrix(("m", "w"))])[train],
            d.outcome.values[train],
        )
        at_one = np.column_stack([np.ones(d.n), d.matrix(("m", "w"))])
        assert targets[:, fold] == approx(model.predict(at_one[rows]))


def test_each_nuisance_is_fitted_once_per_fold():
    Counting.seen = []
    library = resolve({"outcome": Counting(), "exposure": DummyClassifier()})
    nuisances = Nuisances(design(), library, folds=5, entropy=1)
    for _ in range(3):
        nuisances.mean(None, ("m", "w"), 1)
        nuisances.mean(None, ("w", "m"), 1)
        nuisances.mean(None, ("m", "w"), 0)  # pooled: the same fit, another level
    assert len(Counting.seen) == 5


@pytest.mark.parametrize("learners", ["auto", "glm", "forest"])
def test_order_and_workers_change_no_number(learners):
    d = design(200)
    if learners == "forest":
        learners = {
            "outcome": RandomForestRegressor(8),
            "exposure": RandomForestClassifier(8, min_samples_leaf=5),
        }

    def numbers(order: int, n_jobs: int) -> list[np.ndarray]:
        nuisances = Nuisances(d, resolve(learners), folds=3, entropy=9, n_jobs=n_jobs)
        asked = [
            lambda: nuisances.probability(("w",)),
            lambda: nuisances.mean(nuisances.mean(None, ("m", "w"), 1), ("w",), 0).held_out,
            lambda: nuisances.mean(None, ("w",), 0).held_out,
        ]
        found = {k: asked[k]() for k in range(3)[::order]}
        return [found[k] for k in range(3)]

    first = numbers(1, 1)
    for other in (numbers(-1, 1), numbers(1, 2)):
        for a, b in zip(first, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_folds_keep_clusters_whole_and_levels_apart():
    rng = np.random.default_rng(0)
    d = design(400, clusters=rng.integers(0, 40, 400))
    folds = draw_folds(d, 5, seed=3)
    assert set(folds) == set(range(5))
    assert pd.Series(folds).groupby(d.clusters).nunique().max() == 1
    plain = draw_folds(design(400), 5, seed=3)
    shares = pd.Series(design(400).exposure.codes).groupby(plain).mean()
    assert shares.max() - shares.min() < 0.02


class Breaks(Counting):
    def fit(self, X, y):
        if len(Counting.seen) == 2:
            raise ArithmeticError("no luck")
        return super().fit(X, y)


class GivesNaN(Counting):
    def predict(self, X):
        return np.full(len(X), np.nan)


def test_a_failing_learner_is_named_with_role_and_fold():
    Counting.seen = []
    library = resolve({"outcome": Breaks(), "exposure": DummyClassifier()})
    with pytest.raises(FitError, match=r"outcome learner .*Breaks.* in fold 3 of 5.*no luck") as e:
        Nuisances(design(), library, folds=5).mean(None, ("w",), 1)
    assert isinstance(e.value.__cause__, ArithmeticError)


def test_missing_predictions_are_an_error():
    library = resolve({"outcome": GivesNaN(), "exposure": DummyClassifier()})
    with pytest.raises(FitError, match=r"outcome learner .*GivesNaN.* missing or infinite"):
        Nuisances(design(), library, folds=5).mean(None, ("w",), 1)


def test_weights_of_the_library_are_a_distribution_and_beat_the_constant():
    nuisances = Nuisances(design(600), resolve("auto"), folds=5, entropy=2)
    nuisances.mean(None, ("m", "w"), 1)
    table = nuisances.losses
    assert table["weight"].sum() == approx(1)
    assert (table["weight"] >= 0).all()
    # variance of y given a is 3, the residual variance 1
    assert table.set_index("learner")["relative"].min() < 0.5


def test_seeds_move_folds_of_clusters_of_any_size():
    """Clusters taken by size would fall alike whatever the seed."""
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(24), rng.permutation(np.arange(5, 29)))
    n = len(clusters)
    data = pd.DataFrame({"a": rng.integers(0, 2, n), "y": rng.normal(size=n), "g": clusters})
    found = build_design(data, "a", "y", clusters="g")
    drawn = [draw_folds(found, 4, seed) for seed in (1, 2, 1)]
    assert (drawn[0] == drawn[2]).all()
    together = [folds[:, None] == folds for folds in drawn[:2]]
    assert (together[0] != together[1]).any()
    for folds in drawn:
        assert (pd.crosstab(folds, clusters) > 0).sum().max() == 1  # whole
        assert pd.crosstab(folds, data["a"]).to_numpy().min() > n / 16
