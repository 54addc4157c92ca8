"""The front-door mean against exact enumeration, and what its robustness is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from pytest import approx

from causalif.data.design import Design, Exposure, Outcome
from causalif.effects.front_door import front_door_mean
from causalif.effects.product import product_mean
from causalif.nuisance.crossfit import Nuisances
from tests.effects.conftest import column
from tests.truth.discrete import DiscreteLaw

METHODS = ["onestep", "tmle", "plugin", "ipw"]


@dataclass(frozen=True)
class FrontDoorLaw(DiscreteLaw):
    """Joint law of (W, A, M1 .. MK, Y) with an exposure of any number of levels."""

    @classmethod
    def of_levels(cls, mediators: int, seed: int, levels: int = 2) -> FrontDoorLaw:
        rng = np.random.default_rng(seed)
        names = ["w", "a", *(f"m{k + 1}" for k in range(mediators)), "y"]
        grid = list(product(range(2), range(levels), *[(0, 1)] * (mediators + 1)))
        p = rng.uniform(0.3, 1.0, len(grid))
        return cls(pd.DataFrame(grid, columns=names), p / p.sum())

    def mean(self, world: tuple[int, ...]) -> float:
        """sum_w p(w) sum_m p(m | a, w) sum_b p(b | w) E[Y | b, m, w]."""
        (a,) = world
        total = 0.0
        for w in np.unique(self.cells["w"]):
            for ms in product((0, 1), repeat=len(self.mediators)):
                m = dict(zip(self.mediators, ms, strict=True))
                inner = sum(
                    self.conditional({"a": b}, {"w": w}) * self.outcome_mean({"a": b, **m, "w": w})
                    for b in np.unique(self.cells["a"])
                )
                share = self.conditional(m, {"a": a, "w": w})
                total += self.probability({"w": w}) * share * inner
        return total


def design_of(data: pd.DataFrame, weights: np.ndarray | None = None, contrasted=2) -> Design:
    mediators = tuple(c for c in data.columns if c.startswith("m"))
    levels = tuple(range(int(data["a"].max()) + 1))
    return Design(
        index=data.index,
        exposure=Exposure("a", levels, data["a"].to_numpy(), contrasted),
        outcome=Outcome("y", data["y"].to_numpy(dtype=float), "continuous"),
        columns={name: column(name, data[name]) for name in ["w", *mediators]},
        mediators=(mediators,),
        covariates=("w",),
        weights=None if weights is None else weights / weights.mean(),
    )


def evaluate(design: Design, a: int, settings):
    nuisances = Nuisances(design, settings.library, folds=1, floor=settings.floor)
    return front_door_mean(nuisances, design, (a,), settings)


@pytest.mark.parametrize(("mediators", "levels"), [(1, 2), (2, 2), (1, 3)])
@pytest.mark.parametrize("a", [0, 1])
def test_influence_is_the_derivative(mediators, levels, a, settings_for):
    law = FrontDoorLaw.of_levels(mediators, 10 + mediators, levels)
    mean = evaluate(design_of(law.cells, law.p), a, settings_for())
    influence = mean.uncentred - law.p @ mean.uncentred
    assert mean.value == approx(law.mean((a,)), abs=1e-12)
    rng = np.random.default_rng(3)
    for _ in range(3):
        h = rng.normal(size=len(law.p)) * 0.3
        score = h - law.p @ h
        assert law.p @ (influence * score) == approx(law.derivative((a,), h), abs=1e-6)


def test_the_influence_of_the_adjusted_mean_is_not_the_derivative(settings_for):
    """The test above can fail: adjusting for W alone is another functional."""
    law = FrontDoorLaw.of_levels(1, 11)
    cells = law.cells
    g = np.array([law.conditional({"a": a}, {"w": w}) for w, a in cells[["w", "a"]].to_numpy()])
    mu = np.array([law.outcome_mean({"a": 1, "w": w}) for w in cells["w"]])
    values = (cells["a"] == 1).to_numpy() / g * (cells["y"].to_numpy() - mu) + mu
    h = np.random.default_rng(3).normal(size=len(law.p)) * 0.3
    gap = law.p @ ((values - law.p @ values) * (h - law.p @ h)) - law.derivative((1,), h)
    assert abs(gap) > 1e-3


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("mediators", "levels"), [(1, 2), (2, 2), (1, 3)])
def test_saturated_estimate_is_the_enumeration_of_the_sample(
    method, mediators, levels, settings_for
):
    data = FrontDoorLaw.of_levels(mediators, 5, levels).sample(4000, seed=6)
    empirical = FrontDoorLaw.empirical(data)
    for a in (0, 1):
        mean = evaluate(design_of(data), a, settings_for(method=method))
        assert mean.value == approx(empirical.mean((a,)), abs=1e-8)
        centred = mean.uncentred - mean.uncentred.mean()
        exact = evaluate(design_of(empirical.cells, empirical.p), a, settings_for())
        bound = empirical.p @ (exact.uncentred - empirical.p @ exact.uncentred) ** 2
        assert (centred**2).mean() == approx(bound, rel=1e-3)


@pytest.mark.parametrize("method", ["onestep", "tmle"])
def test_both_scores_are_solved(method, settings_for):
    """With wrong learners too, a targeted mean is the mean of its uncentred influence."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    from causalif.nuisance.library import resolve

    data = FrontDoorLaw.of_levels(2, 5, 3).sample(900, seed=6)
    library = resolve({"outcome": LinearRegression(), "exposure": LogisticRegression()})
    mean = evaluate(design_of(data), 1, settings_for(method=method, library=library))
    assert mean.value == approx(mean.uncentred.mean(), abs=1e-9)
    if method == "tmle":
        assert 0 <= mean.value <= 1


# -- multiple robustness ---------------------------------------------------------------------

# mu (outcome | A, M, W), nu (mu averaged | a, W), g (exposure | W), e (exposure | M, W)
SUFFICIENT = [{"mu", "nu"}, {"mu", "g"}, {"g", "e"}]
INSUFFICIENT = [set(), {"mu"}, {"nu"}, {"g"}, {"e"}, {"mu", "e"}, {"nu", "g"}, {"nu", "e"}]


def limit(law: FrontDoorLaw, right: set[str], settings) -> float:
    """Error of the one-step estimator when the nuisances not named are wrong: an exact sum."""
    cells, a = law.cells, 1
    mu, nu, g, e = (np.empty((len(cells), 2)) for _ in range(4))
    for i, (w, m) in enumerate(zip(cells["w"], cells["m1"], strict=True)):
        for b in (0, 1):
            here = {"w": w, "m1": m}
            g[i, b] = law.conditional({"a": b}, {"w": w}) if "g" in right else 0.35 + 0.3 * b
            e[i, b] = law.conditional({"a": b}, here) if "e" in right else 0.4 + 0.2 * b
            mu[i, b] = law.outcome_mean({"a": b, **here}) if "mu" in right else 0.2 + 0.3 * m + b
    for i, w in enumerate(cells["w"]):
        for b in (0, 1):
            inner = {
                m: mu[((cells["w"] == w) & (cells["m1"] == m)).to_numpy(), b][0] for m in (0, 1)
            }
            nested = sum(law.conditional({"m1": m}, {"a": a, "w": w}) * inner[m] for m in (0, 1))
            nu[i, b] = nested if "nu" in right else 0.9 - 0.5 * b
    codes, rows = cells["a"].to_numpy(), np.arange(len(cells))
    ratio = e[:, a] / e[rows, codes] * g[rows, codes] / g[:, a]
    weights = {"outcome": ratio, "mediators": (codes == a) / g[:, a]}
    found = product_mean(
        cells["y"].to_numpy(float),
        codes,
        g,
        mu,
        nu,
        weights,
        replace(settings, stabilize=False),
        law.p / law.p.mean(),
    )
    return found.value - law.mean((a,))


@pytest.mark.parametrize("right", SUFFICIENT, ids=lambda r: "+".join(sorted(r)))
def test_consistent_when_only_these_are_right(right, settings_for):
    assert abs(limit(FrontDoorLaw.of_levels(1, 21), right, settings_for())) < 1e-12


@pytest.mark.parametrize("right", INSUFFICIENT, ids=lambda r: "+".join(sorted(r)) or "none")
def test_biased_when_no_sufficient_pair_is_right(right, settings_for):
    assert abs(limit(FrontDoorLaw.of_levels(1, 21), right, settings_for())) > 1e-3


# -- the engine on another product -------------------------------------------------------------


@dataclass(frozen=True)
class InterventionalLaw(DiscreteLaw):
    """(W, A, M1 = what the exposure changed, M2 = the mediator, Y), all binary but W."""

    def mean(self, world: tuple[int, ...]) -> float:
        """sum p(w) p(l | a, w) p(m | b, w) E[Y | a, l, m, w] for the world (b, a)."""
        b, a = world
        total = 0.0
        for w, x, m in product(np.unique(self.cells["w"]), (0, 1), (0, 1)):
            weight = self.probability({"w": w}) * self.conditional({"m1": x}, {"a": a, "w": w})
            weight *= self.conditional({"m2": m}, {"a": b, "w": w})
            total += weight * self.outcome_mean({"w": w, "a": a, "m1": x, "m2": m})
        return total


@pytest.mark.parametrize("method", ["onestep", "tmle", "plugin", "ipw"])
def test_the_engine_serves_interventional_means_too(method, settings_for):
    """Diaz, Hejazi, Rudolph & van der Laan (2021): their three residuals, at the exact law."""
    law = InterventionalLaw.random(2, seed=8)
    cells, (b, a) = law.cells, (0, 1)
    names = ["w", "a", "m1", "m2"]
    keys = [dict(zip(names, row, strict=True)) for row in cells[names].to_numpy()]
    law_l = np.array(
        [[law.conditional({"m1": x}, {"a": a, "w": k["w"]}) for x in (0, 1)] for k in keys]
    )
    mu = np.array([[law.outcome_mean({**k, "a": a, "m1": x}) for x in (0, 1)] for k in keys])
    shares = [{m: law.conditional({"m2": m}, {"a": b, "w": k["w"]}) for m in (0, 1)} for k in keys]
    nu = np.array(
        [
            [
                sum(s[m] * law.outcome_mean({**k, "a": a, "m1": x, "m2": m}) for m in (0, 1))
                for x in (0, 1)
            ]
            for k, s in zip(keys, shares, strict=True)
        ]
    )
    g = np.array([[law.conditional({"a": c}, {"w": k["w"]}) for c in (0, 1)] for k in keys])
    density = [
        s[k["m2"]] / law.conditional({"m2": k["m2"]}, {"a": a, "m1": k["m1"], "w": k["w"]})
        for k, s in zip(keys, shares, strict=True)
    ]
    at = cells["a"].to_numpy()
    weights = {
        "outcome": (at == a) / g[:, a] * density,
        "mediator": (at == b) / g[:, b],
        "intermediate": (at == a) / g[:, a],
    }
    found = product_mean(
        cells["y"].to_numpy(float), cells["m1"].to_numpy(), law_l, mu, nu, weights,
        settings_for(method=method), law.p / law.p.mean(),
    )  # fmt: skip
    assert found.value == approx(law.mean((b, a)), abs=1e-9)
    influence = found.uncentred - law.p @ found.uncentred
    h = np.random.default_rng(3).normal(size=len(law.p)) * 0.3
    score = h - law.p @ h
    assert law.p @ (influence * score) == approx(law.derivative((b, a), h), abs=1e-6)
