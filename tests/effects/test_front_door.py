"""The front-door mean against exact enumeration, and what its robustness is worth."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import dataclass, replace
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pytest import approx
from scipy.stats import binom
from sklearn.linear_model import LinearRegression, LogisticRegression

import causalif as cif
from causalif.data.design import Design, Exposure, Outcome
from causalif.effects.front_door import front_door_mean
from causalif.effects.product import product_mean
from causalif.errors import DataError, PositivityWarning
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.library import resolve
from tests.effects.conftest import column
from tests.truth.discrete import DiscreteLaw
from tests.truth.front_door import ARROWS, TRUTH
from tests.truth.front_door import sample as simulated
from tests.truth.learners import CellMeans, CellShares

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


# -- through the public function ---------------------------------------------------------------

SATURATED = {"outcome": CellMeans(), "exposure": CellShares(), "missing": CellShares()}
EXACT = {"learners": SATURATED, "folds": 1, "truncate": 0, "seed": 1}
DISCRETE = "U [latent]; U -> {a y}; a -> m1 -> y; w -> {a m1 y}"


def effect(data, dag=DISCRETE, **options):
    return cif.average_effect(data, "a", "y", dag=dag, **{**EXACT, **options})


@pytest.mark.parametrize("method", METHODS)
def test_the_effect_is_the_enumeration_of_the_sample(method):
    data = FrontDoorLaw.of_levels(1, 5).sample(3000, seed=6)
    empirical = FrontDoorLaw.empirical(data)
    one, zero = empirical.mean((1,)), empirical.mean((0,))
    found = effect(data, method=method)
    assert found.design.adjustment.strategy == "front door"
    assert found.values["TE"] == approx(one - zero, abs=1e-8)
    ratio = effect(data, method=method, scale="odds_ratio")
    assert ratio.values["TE"] == approx(
        np.log(one / (1 - one)) - np.log(zero / (1 - zero)), abs=1e-8
    )


def test_levels_that_are_not_compared_take_part():
    data = FrontDoorLaw.of_levels(1, 4, levels=3).sample(4000, seed=6)
    empirical = FrontDoorLaw.empirical(data)
    every, pair = effect(data), effect(data, levels=(0, 2))
    wanted = empirical.mean((2,)) - empirical.mean((0,))
    assert pair.values["TE"] == approx(wanted, abs=1e-8)
    assert every.values["TE [2 vs 0]"] == approx(wanted, abs=1e-8)
    # without the rows at the other level it is another effect
    fewer = effect(data[data["a"] != 1], levels=(0, 2))
    assert abs(fewer.values["TE"] - wanted) > 1e-3
    rare = pd.concat([data[data["a"] != 1], data[data["a"] == 1].head(3)], ignore_index=True)
    with pytest.raises(DataError, match=r"averages over every level .* 1 has 3 rows"):
        effect(rare, levels=(0, 2), learners="glm", folds=5)


def test_missing_outcomes_are_weighted_for():
    """Outcomes lost by mediator and exposure: enumeration of the two laws, glued."""
    full = FrontDoorLaw.of_levels(1, 5).sample(6000, seed=40)
    keep = np.where(full["m1"] == 1, 0.9, 0.35) - 0.1 * full["a"]
    lost = np.random.default_rng(1).uniform(size=len(full)) > keep
    seen, everyone = FrontDoorLaw.empirical(full[~lost]), FrontDoorLaw.empirical(full)

    def mean(a: int) -> float:
        return sum(
            everyone.probability({"w": w})
            * everyone.conditional({"m1": m}, {"a": a, "w": w})
            * everyone.conditional({"a": b}, {"w": w})
            * seen.outcome_mean({"a": b, "m1": m, "w": w})
            for w, m, b in product((0, 1), (0, 1), (0, 1))
        )

    holed = full.assign(y=full["y"].where(~lost))
    for method in METHODS:
        found = effect(holed, missing="ipw", method=method)
        assert found.values["TE"] == approx(mean(1) - mean(0), abs=1e-8)
    assert abs(effect(full[~lost]).values["TE"] - (mean(1) - mean(0))) > 1e-3


def test_weights_are_repeated_rows():
    data = FrontDoorLaw.of_levels(1, 5).sample(2000, seed=6)
    times = np.random.default_rng(0).integers(1, 4, len(data))
    weighted = effect(data.assign(times=times), weights="times")
    repeated = effect(data.loc[data.index.repeat(times)].reset_index(drop=True))
    assert weighted.values["TE"] == approx(repeated.values["TE"], abs=1e-10)


def test_it_refits_repeats_and_draws_like_the_others(tmp_path):
    data = simulated(300, seed=2)
    options = {"learners": "glm", "folds": 3, "truncate": None, "repeats": 2}
    found = effect(data, ARROWS, **options)
    found = pickle.loads(pickle.dumps(found))
    assert_array_equal(found.refit(np.arange(300)).influence, found.influence)
    part = found.refit(np.arange(240))
    assert part.n == 240
    assert_array_equal(effect(data, ARROWS, **options, n_jobs=2).influence, found.influence)
    assert found.diagnostics.spread is not None
    assert set(found.diagnostics.weights["residual"]) == {"outcome", "m at 0", "m at 1"}
    assert list(found.diagnostics.balance.index) == ["w"]
    assert "P(a | m, w)" in found.diagnostics.overlap.index
    for kind in ("effects", "overlap", "balance", "influence", "learners"):
        found.plot(kind)
    assert "through m" in found.report(tmp_path / "front_door.html").read_text("utf-8")
    assert "fulcher2020robust" in found.bibtex()
    plt.close("all")


def test_front_door_and_adjustment_agree_where_both_apply():
    data = simulated(4000, seed=3, measured=True)
    options = {"learners": "glm", "folds": 5, "truncate": None}
    door = effect(data.drop(columns="U"), ARROWS, **options)
    adjusted = effect(data, ARROWS.replace("U [latent]; ", ""), **options)
    assert adjusted.design.covariates == ("w", "U")
    gap = (door["TE"] - adjusted["TE"]).tidy().iloc[0]
    assert abs(gap["statistic"]) < 4
    naive = cif.average_effect(data, "a", "y", "w", learners="glm", seed=1)
    assert abs(naive.values["TE"] - TRUTH) > 10 * naive.std_error["TE"]


# -- coverage ----------------------------------------------------------------------------------


def replicate(n: int, seed: int, curved: bool, **options) -> tuple[float, float]:
    data = simulated(n, 10_000 + seed, curved)
    found = cif.average_effect(data, "a", "y", dag=ARROWS, seed=seed, progress=False, **options)
    return float(found.values["TE"]), float(found.std_error["TE"])


def test_intervals_cover_in_a_small_study():
    """40 samples of 500: fewer hits than this happen once in 10,000 at 93% coverage."""
    draws = np.array([replicate(500, seed, False, learners="glm") for seed in range(40)])
    hits = np.abs(draws[:, 0] - TRUTH) <= 1.96 * draws[:, 1]
    assert hits.sum() >= binom.ppf(1e-4, 40, 0.93)
    assert abs(draws[:, 0].mean() - TRUTH) < 4 * draws[:, 0].std() / np.sqrt(40)


@pytest.mark.slow
@pytest.mark.parametrize(("learners", "curved"), [("glm", False), ("auto", False), ("auto", True)])
@pytest.mark.parametrize("n", [500, 2000])
def test_intervals_cover(n, learners, curved):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PositivityWarning)
        draws = np.array([replicate(n, s, curved, learners=learners) for s in range(200)])
    coverage = (np.abs(draws[:, 0] - TRUTH) <= 1.96 * draws[:, 1]).mean()
    spread = draws[:, 0].std(ddof=1)
    bias, ratio = draws[:, 0].mean() - TRUTH, draws[:, 1].mean() / spread
    print(
        f"\n{learners}{', curved' * curved}, n={n}: coverage {coverage:.3f}, "
        f"bias {bias:+.4f}, sd {spread:.4f}, se/sd {ratio:.3f}"
    )
    assert coverage >= binom.ppf(1e-3, 200, 0.93) / 200
