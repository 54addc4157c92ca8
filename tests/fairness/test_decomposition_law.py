"""Parts of a gap on discrete laws: influence functions, robustness, coverage."""

from __future__ import annotations

from itertools import chain, combinations, product

import numpy as np
import pandas as pd
import pytest
from pytest import approx
from sklearn.base import BaseEstimator, ClassifierMixin

import causalif as cif
from causalif.effects.chain import chain_mean
from causalif.effects.engine import run
from causalif.effects.options import Settings
from causalif.effects.recipe import Recipe
from causalif.fairness.causes import EVERYBODY, KINDS
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.library import resolve
from tests.effects.conftest import law_as_design
from tests.fairness.test_decomposition import sample, truth
from tests.truth.discrete import DiscreteLaw
from tests.truth.learners import CellMeans, CellShares

TERMS = ["TV", "direct", "indirect", "spurious"]


def settings(outcome, exposure):
    library = resolve({"outcome": outcome, "exposure": exposure})
    return Settings("onestep", library, 1, 1, "difference", 0.0, True, 1, 1, False)


def mean_of(law, group, inner, outer):
    """E[Y(outer, M(inner))] of a group or of everybody, a sum over cells."""
    total = 0.0
    for w, m in product(np.unique(law.cells["w"]), (0, 1)):
        given = {} if group == EVERYBODY else {"a": group}
        share = law.conditional({"w": w}, given) if given else law.probability({"w": w})
        share *= law.conditional({"m1": m}, {"w": w, "a": inner})
        total += share * law.outcome_mean({"w": w, "m1": m, "a": outer})
    return total


def parts_of(law, kind):
    """The four terms as Plecko and Bareinboim define them, with the sign turned of what they
    take from x1 to x0: written out apart from the page."""
    who = EVERYBODY if kind == "natural" else 0
    tv = law.outcome_mean({"a": 1}) - law.outcome_mean({"a": 0})
    de = mean_of(law, who, 0, 1) - mean_of(law, who, 0, 0)
    ie_reversed = mean_of(law, who, 0, 1) - mean_of(law, who, 1, 1)
    if kind == "natural":
        exp_se = [law.outcome_mean({"a": k}) - mean_of(law, EVERYBODY, k, k) for k in (0, 1)]
        spurious = exp_se[1] - exp_se[0]
    else:
        spurious = -(mean_of(law, 0, 1, 1) - law.outcome_mean({"a": 1}))
    return np.array([tv, de, -ie_reversed, spurious])


@pytest.fixture(scope="module")
def law():
    return DiscreteLaw.random(1, seed=21)


@pytest.mark.filterwarnings("ignore::causalif.errors.PositivityWarning")  # 12 cells are no rows
@pytest.mark.parametrize("kind", list(KINDS))
def test_influence_is_the_gradient_at_every_cell(law, kind):
    """In a saturated model the gradient is unique: its variance is the bound."""
    design = law_as_design(law)
    recipe = Recipe(
        KINDS[kind], design, settings(CellMeans(), CellShares()), (np.full(design.n, -1),), run
    )
    found = run(recipe)
    assert found.values[TERMS].to_numpy() == approx(parts_of(law, kind), abs=1e-12)
    influence = found.influence[TERMS].to_numpy()
    assert law.p @ influence == approx(np.zeros(4), abs=1e-12)
    step, slopes = 1e-5, []
    for cell in range(len(law.p)):
        toward = (np.arange(len(law.p)) == cell) / law.p - 1.0  # P moves to the point mass
        up, down = (parts_of(law.tilt(toward, t), kind) for t in (step, -step))
        slopes.append((up - down) / (2 * step))
    assert influence == approx(np.array(slopes), abs=1e-6)
    assert np.sqrt(law.p @ influence**2).min() > 0.02  # none is zero throughout


class Some(ClassifierMixin, BaseEstimator):
    """Right about the exposure given so many columns, wrong given others."""

    def __init__(self, right=()):
        self.right = right

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        self.inner_ = CellShares().fit(X, y, sample_weight)
        return self

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        if X.shape[1] in self.right:
            return self.inner_.predict_proba(X)
        return np.tile([0.35, 0.65], (len(X), 1))


class SomeMeans(CellMeans):
    """Right about a mean given so many columns, wrong given others."""

    def __init__(self, right=()):
        self.right = right

    def predict(self, X):
        found = super().predict(X)
        return found if X.shape[1] in self.right else np.where(X[:, -1] > 0, 0.9, 0.1)


NUISANCES = ("mu", "nu", "g", "e")
SETS = [set(s) for s in chain.from_iterable(combinations(NUISANCES, k) for k in range(5))]


@pytest.mark.parametrize("right", SETS, ids=lambda right: "+".join(sorted(right)) or "none")
@pytest.mark.parametrize("group", [0, 1])
def test_which_nuisances_suffice(law, group, right):
    """E[Y(1, M(0)) | A = group]: two of four as for everybody; of the group whose mediators these
    are one of two, since its covariates and mediators have the law that is asked for."""
    width = {"mu": 3, "nu": 2, "g": 1, "e": 2}  # of means the exposure is a column too
    outcome = SomeMeans(tuple(width[name] for name in ("mu", "nu") if name in right))
    exposure = Some(tuple(width[name] for name in ("g", "e") if name in right))
    design, how = law_as_design(law), settings(outcome, exposure)
    nuisances = Nuisances(design, how.library, folds=1, floor=0.0)
    bias = chain_mean(nuisances, design, (0, 1), how, among=group).value - mean_of(law, group, 0, 1)
    if group == 0:
        enough = bool(right & {"mu", "e"})
    else:
        enough = any(pair <= right for pair in ({"mu", "nu"}, {"mu", "g"}, {"g", "e"}))
    assert abs(bias) < 1e-10 if enough else abs(bias) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_error_falls_as_root_n_and_intervals_cover(kind):
    """300 draws: the ratio of root mean squares has error .12, a coverage of .95 .013."""
    true = pd.Series(truth(kind))
    squares = {}
    for rows in (1000, 4000):
        draws = [
            cif.decompose_gap(
                sample(rows, seed), "a", "y", "m", "w", kind=kind, learners="glm", folds=2, seed=1
            )
            for seed in range(300)
        ]
        values = pd.DataFrame([draw.values for draw in draws]) - true
        errors = pd.DataFrame([draw.std_error for draw in draws])
        squares[rows] = np.sqrt((values**2).mean())
        assert (np.abs(values.mean()) < 4 * values.std() / np.sqrt(300) + 0.001).all()
        assert (values.abs() < 1.96 * errors).mean().between(0.91, 0.99).all()
        assert (errors.mean() / values.std()).between(0.88, 1.12).all()
    assert (squares[1000] / squares[4000]).between(1.65, 2.35).all()
