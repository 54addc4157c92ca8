"""Controlled direct effects against exact enumeration, with and without intermediates."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pytest import approx
from scipy.stats import binom

import causalif as cif
from causalif.data.design import Column, Design, Exposure, Outcome
from causalif.effects.chain import chain_mean
from causalif.effects.crossing import cross
from causalif.effects.direct import controlled_direct_effect, sequential_mean
from causalif.effects.potential import Residual, potential_mean
from causalif.errors import (
    CausalifWarning,
    DataError,
    DataWarning,
    NotIdentified,
    PositivityWarning,
    SmallSampleWarning,
)
from causalif.nuisance.crossfit import Nuisances
from tests.truth.discrete import DiscreteLaw
from tests.truth.learners import CellMeans, CellShares

METHODS = ["onestep", "tmle", "plugin", "ipw"]
CELLS = list(product((0, 1), (0, 1)))
SATURATED = {"outcome": CellMeans(), "exposure": CellShares(), "missing": CellShares()}
EXACT = {"learners": SATURATED, "folds": 1, "truncate": 0, "seed": 1}


@dataclass(frozen=True)
class ControlledLaw(DiscreteLaw):
    """Joint law of (W, A, L, M, Y); `with_l` says whether L is let follow the exposure."""

    with_l: bool = False

    @classmethod
    def make(cls, seed: int, with_l: bool, levels: int = 2) -> ControlledLaw:
        rng = np.random.default_rng(seed)
        names = ["w", "a", *(["l"] if with_l else []), "m", "y"]
        grid = list(product(range(2), range(levels), *[(0, 1)] * (len(names) - 2)))
        p = rng.uniform(0.3, 1.0, len(grid))
        return cls(pd.DataFrame(grid, columns=names), p / p.sum(), with_l)

    def of(self, data: pd.DataFrame) -> ControlledLaw:
        found = DiscreteLaw.empirical(data)
        return ControlledLaw(found.cells, found.p, self.with_l)

    def mean(self, world: tuple[int, ...]) -> float:
        """sum_w p(w) sum_l p(l | a, w) E[Y | a, m, l, w]; without L the inner sum is one term."""
        a, m = world
        total = 0.0
        for w in np.unique(self.cells["w"]):
            values = [{"l": value} for value in (0, 1)] if self.with_l else [{}]
            for l in values:  # noqa: E741
                share = self.conditional(l, {"a": a, "w": w}) if l else 1.0
                inner = self.outcome_mean({"a": a, "m": m, "w": w, **l})
                total += self.probability({"w": w}) * share * inner
        return total

    def effect(self, m: int, a: int = 1) -> float:
        return self.mean((a, m)) - self.mean((0, m))


def design_of(law: ControlledLaw) -> Design:
    """Every cell a row, weighted by its probability; exposure and mediator joined."""
    cells = law.cells
    names = [c for c in cells.columns if c not in "ay"]
    plain = Design(
        index=cells.index,
        exposure=Exposure("a", (0, 1), cells["a"].to_numpy(), 2),
        outcome=Outcome("y", cells["y"].to_numpy(float), "continuous"),
        columns={c: Column(c, cells[[c]].to_numpy(float), (c,), True) for c in names},
        mediators=(("m",),),
        covariates=("w",),
        intermediates=("l",) if law.with_l else (),
        weights=law.p / law.p.mean(),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallSampleWarning)
        return cross(plain, 1)


def effect(data, *, with_l=False, **options):
    between = {"intermediates": "l"} if with_l else {}
    return controlled_direct_effect(data, "a", "y", "m", "w", **between, **{**EXACT, **options})


@pytest.mark.parametrize("with_l", [False, True])
@pytest.mark.parametrize("world", CELLS)
def test_influence_is_the_derivative(with_l, world, settings_for):
    law = ControlledLaw.make(11, with_l)
    design, settings = design_of(law), settings_for()
    nuisances = Nuisances(design, settings.library, folds=1)
    code = design.exposure.levels.index("a={}, m={}".format(*world))
    evaluate = sequential_mean if with_l else chain_mean
    found = evaluate(nuisances, design, (code,), settings)
    influence = found.uncentred - law.p @ found.uncentred
    assert found.value == approx(law.mean(world), abs=1e-12)
    rng = np.random.default_rng(3)
    for _ in range(3):
        h = rng.normal(size=len(law.p)) * 0.3
        score = h - law.p @ h
        assert law.p @ (influence * score) == approx(law.derivative(world, h), abs=1e-6)
        other = law.derivative((1 - world[0], world[1]), h)  # the check can fail
        assert abs(law.p @ (influence * score) - other) > 1e-4


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("with_l", [False, True])
def test_the_effect_is_the_enumeration_of_the_sample(method, with_l):
    law = ControlledLaw.make(5, with_l)
    data = law.sample(3000, seed=6)
    empirical = law.of(data)
    found = effect(data, with_l=with_l, method=method)
    assert list(found.names) == ["CDE [m=0]", "CDE [m=1]"]
    assert found.values.to_numpy() == approx([empirical.effect(0), empirical.effect(1)], abs=1e-8)
    one = effect(data, with_l=with_l, method=method, at={"m": 1})
    assert list(one.names) == ["CDE"]
    assert one.values["CDE"] == approx(empirical.effect(1), abs=1e-8)
    assert_allclose(one.influence["CDE"], found.influence["CDE [m=1]"], atol=1e-12)


def test_leaving_out_or_adjusting_for_intermediates_is_another_effect():
    law = ControlledLaw.make(5, True)
    data = law.sample(3000, seed=6)
    truth = law.of(data).effect(1)
    options = {**EXACT, "at": {"m": 1}}
    without = controlled_direct_effect(data, "a", "y", "m", "w", **options)
    adjusted = controlled_direct_effect(data, "a", "y", "m", ["w", "l"], **options)
    assert abs(without.values["CDE"] - truth) > 1e-3
    assert abs(adjusted.values["CDE"] - truth) > 1e-3


@pytest.mark.parametrize("with_l", [False, True])
def test_standard_errors_hold_the_covariance_of_terms(with_l):
    law = ControlledLaw.make(5, with_l)
    data = law.sample(3000, seed=6)
    empirical = law.of(data)
    with warnings.catch_warnings():  # a row per cell is few, but it is the law itself
        warnings.simplefilter("ignore", CausalifWarning)
        exact = effect(empirical.cells, with_l=with_l, weights=empirical.p)
    influence = exact.influence.to_numpy()
    bound = influence.T @ (influence * empirical.p[:, None]) / len(data)
    found = effect(data, with_l=with_l)
    assert found.cov().to_numpy() == approx(bound, rel=1e-8)


def test_levels_of_the_exposure_and_a_scale():
    law = ControlledLaw.make(4, False, levels=3)
    data = law.sample(4000, seed=6)
    empirical = law.of(data)
    found = effect(data)
    assert list(found.names) == [
        "CDE [1 vs 0, m=0]",
        "CDE [2 vs 0, m=0]",
        "CDE [1 vs 0, m=1]",
        "CDE [2 vs 0, m=1]",
    ]
    assert found.values["CDE [2 vs 0, m=1]"] == approx(empirical.effect(1, 2), abs=1e-8)
    pair = effect(data, levels=(0, 2), at={"m": 1}, scale="ratio")
    ratio = empirical.mean((2, 1)) / empirical.mean((0, 1))
    assert pair.values["CDE"] == approx(np.log(ratio), abs=1e-8)
    assert pair.design.exposure.contrasted == 2
    assert "E[y(a=2, m=1)]" in pair.means.names


def test_several_mediators_and_categories():
    law = DiscreteLaw.random(2, seed=3)
    data = law.sample(5000, seed=4)
    empirical = DiscreteLaw.empirical(data)

    def mean(a: int, one: int, two: int) -> float:
        return sum(
            empirical.probability({"w": w})
            * empirical.outcome_mean({"a": a, "m1": one, "m2": two, "w": w})
            for w in range(3)
        )

    named = data.assign(
        m2=data["m2"].map({0: "low", 1: "high"}), a=data["a"].map({0: "no", 1: "yes"})
    )
    found = controlled_direct_effect(named, "a", "y", ["m1", "m2"], "w", **EXACT)
    assert len(found.names) == 4
    term = "CDE [m1=1, m2=high]"
    assert found.values[term] == approx(mean(1, 1, 1) - mean(0, 1, 1), abs=1e-8)
    one = controlled_direct_effect(
        named, "a", "y", ["m1", "m2"], "w", at={"m1": 1, "m2": "high"}, **EXACT
    )
    assert one.values["CDE"] == approx(found.values[term], abs=1e-12)


@pytest.mark.parametrize("with_l", [False, True])
def test_missing_outcomes_are_weighted_for(with_l):
    """Outcomes lost by mediator and exposure: enumeration of the two laws, glued."""
    law = ControlledLaw.make(5, with_l)
    full = law.sample(6000, seed=40)
    keep = np.where(full["m"] == 1, 0.9, 0.4) - 0.1 * full["a"] + 0.1 * full["w"]
    lost = np.random.default_rng(1).uniform(size=len(full)) > keep
    everyone, seen = law.of(full), law.of(full[~lost])

    def mean(a: int) -> float:
        total = 0.0
        for w in (0, 1):
            for l in [{"l": v} for v in (0, 1)] if with_l else [{}]:  # noqa: E741
                share = everyone.conditional(l, {"a": a, "w": w}) if l else 1.0
                inner = seen.outcome_mean({"a": a, "m": 1, "w": w, **l})
                total += everyone.probability({"w": w}) * share * inner
        return total

    holed = full.assign(y=full["y"].where(~lost))
    for method in METHODS:
        found = effect(holed, with_l=with_l, missing="ipw", method=method, at={"m": 1})
        assert found.values["CDE"] == approx(mean(1) - mean(0), abs=1e-8)


def test_weights_are_repeated_rows():
    data = ControlledLaw.make(5, True).sample(2000, seed=6)
    times = np.random.default_rng(0).integers(1, 4, len(data))
    weighted = effect(data.assign(times=times), with_l=True, weights="times")
    repeated = effect(data.loc[data.index.repeat(times)].reset_index(drop=True), with_l=True)
    assert weighted.values.to_numpy() == approx(repeated.values.to_numpy(), abs=1e-10)


# -- robustness: which right nuisances suffice -------------------------------------------------


def limit(law: ControlledLaw, right: set[str]) -> float:
    """Limit of the one-step mean at (a=1, m=1) where the nuisances not named are wrong."""
    cells = law.cells
    l_of = [{"l": v} for v in cells["l"]] if law.with_l else [{}] * len(cells)
    rows = list(zip(cells["w"], l_of, strict=True))

    def mu_of(w: int, l: dict[str, int]) -> float:  # noqa: E741
        if "mu" in right:
            return law.outcome_mean({"a": 1, "m": 1, "w": w, **l})
        return 0.3 + 0.2 * l.get("l", 0)

    mu = np.array([mu_of(w, v) for w, v in rows])
    g = np.array([law.conditional({"a": 1}, {"w": w}) if "g" in right else 0.4 for w, _ in rows])
    p = np.array(
        [law.conditional({"m": 1}, {"a": 1, "w": w, **v}) if "p" in right else 0.4 for w, v in rows]
    )
    a, m = cells["a"].to_numpy(), cells["m"].to_numpy()
    residuals = [Residual("outcome", (a == 1) * (m == 1) / (g * p), mu)]
    if law.with_l:
        nested = [
            sum(law.conditional({"l": v}, {"a": 1, "w": w}) * mu_of(w, {"l": v}) for v in (0, 1))
            for w, _ in rows
        ]
        nu = np.array(nested) if "nu" in right else np.full(len(cells), 0.9)
        residuals.append(Residual("l", (a == 1) / g, nu))
    found = potential_mean(
        cells["y"].to_numpy(float),
        residuals,
        method="onestep",
        stabilize=False,
        sampling=law.p / law.p.mean(),
    )
    return found.value - law.mean((1, 1))


@pytest.mark.parametrize("right", [{"mu"}, {"g", "p"}], ids=lambda r: "+".join(sorted(r)))
def test_consistent_without_intermediates_when(right):
    assert abs(limit(ControlledLaw.make(21, False), right)) < 1e-12


@pytest.mark.parametrize("right", [set(), {"g"}, {"p"}], ids=lambda r: "+".join(sorted(r)))
def test_biased_without_intermediates_when(right):
    assert abs(limit(ControlledLaw.make(21, False), right)) > 2e-3


ENOUGH = [{"mu", "nu"}, {"mu", "g"}, {"g", "p"}, {"p", "nu", "mu"}]
TOO_FEW = [set(), {"mu"}, {"nu"}, {"g"}, {"p"}, {"nu", "g"}, {"mu", "p"}, {"nu", "p"}]


@pytest.mark.parametrize("right", ENOUGH, ids=lambda r: "+".join(sorted(r)))
def test_consistent_with_intermediates_when(right):
    assert abs(limit(ControlledLaw.make(21, True), right)) < 1e-12


@pytest.mark.parametrize("right", TOO_FEW, ids=lambda r: "+".join(sorted(r)))
def test_biased_with_intermediates_when(right):
    assert abs(limit(ControlledLaw.make(21, True), right)) > 1e-3


# -- agreement with others ---------------------------------------------------------------------


def test_a_mediator_without_effect_leaves_the_total():
    """Y does not hear M: the controlled effect is the total one, at every m."""
    rng = np.random.default_rng(8)
    w = rng.integers(0, 2, 4000)
    a = rng.binomial(1, 0.3 + 0.4 * w)
    m = rng.binomial(1, 0.3 + 0.3 * a)
    y = 1.0 + 0.5 * a + w + rng.normal(size=4000)
    data = pd.DataFrame({"w": w, "a": a, "m": m, "y": y})
    controlled = controlled_direct_effect(data, "a", "y", "m", "w", learners="glm", seed=1)
    total = cif.average_effect(data, "a", "y", "w", learners="glm", seed=1)
    for m in (0, 1):
        gap = controlled.values[f"CDE [m={m}]"] - total.values["TE"]
        assert abs(gap) < 4 * controlled.std_error[f"CDE [m={m}]"]
    assert abs(controlled.values - 0.5).max() < 0.25


PLUGIN = {"learners": "glm", "method": "plugin", "folds": 1}


def test_regmedint_linear_controlled_effects():
    """A linear outcome with an exposure-mediator product: no covariate value enters."""
    data = cif.load_dataset("vv2015")
    with warnings.catch_warnings():  # 22 of 100 rows: the software in question says nothing
        warnings.simplefilter("ignore", CausalifWarning)
        found = controlled_direct_effect(data, "x", "y", "m", "c", at={"m": 1}, **PLUGIN)
    # regmedint 1.0.1, vv2015, yreg linear, interaction TRUE, cde at m = 1
    assert found.values["CDE"] == approx(0.215859336989, abs=1e-6)
    jobs = cif.load_dataset("jobs")
    jobs = jobs.assign(jd=jobs["job_dich"])
    found = controlled_direct_effect(
        jobs, "treat", "depress2", "jd", ["econ_hard", "sex", "age"], at={"jd": 1}, **PLUGIN
    )
    # regmedint 1.0.1, jobs, M = jd, interaction TRUE, cde at m = 1
    assert found.values["CDE"] == approx(-0.0458959663788, abs=1e-6)


@pytest.mark.parametrize("a_level", [0, 1])
def test_linear_sequential_regression(a_level):
    """Two least-squares fits by numpy: Y on cells, W, L; then that on W among the rows at a."""
    data = linear(seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CausalifWarning)
        found = controlled_direct_effect(
            data, "a", "y", "m", "w", intermediates="l", at={"m": 1}, **PLUGIN
        )
    w, a, l, m, y = (data[name].to_numpy() for name in "walmy")  # noqa: E741
    one = np.ones(len(data))
    outer = np.linalg.lstsq(np.column_stack([one, a, m, a * m, w, l]), y, rcond=None)[0]
    mu = outer @ np.array([one, a_level * one, one, a_level * one, w, l])
    rows = a == a_level
    line = np.linalg.lstsq(np.column_stack([one, w])[rows], mu[rows], rcond=None)[0]
    expected = (line[0] + line[1] * w).mean()
    assert found.means.values[f"E[y(a={a_level}, m=1)]"] == approx(expected, abs=1e-6)


# -- through the public function ---------------------------------------------------------------


def test_it_pickles_refits_and_draws_like_the_others(tmp_path):
    import matplotlib.pyplot as plt

    data = ControlledLaw.make(5, True).sample(600, seed=2)
    options = {"learners": "glm", "folds": 3, "truncate": None, "repeats": 2, "with_l": True}
    found = pickle.loads(pickle.dumps(effect(data, **options)))
    assert_array_equal(found.refit(np.arange(600)).influence, found.influence)
    assert found.refit(np.arange(500)).n == 500
    assert_array_equal(effect(data, **options, n_jobs=2).influence, found.influence)
    assert "P(a, m | w, l)" in found.diagnostics.overlap.index
    for kind in ("effects", "overlap", "balance", "influence", "learners"):
        found.plot(kind)
    plt.close("all")
    summary = found.summary()
    assert "a: 1 against 0, at m=0; m=1" in summary
    assert "Given a, l and the covariates, nothing unmeasured drives both m and y" in summary
    assert "controlled direct effect" in found.report(tmp_path / "cde.html").read_text("utf-8")
    assert "bang2005doubly" in found.bibtex()
    assert len(set(found.nuisance.columns)) == found.nuisance.shape[1]
    assert "P(a=1, m=0 | w)" in found.nuisance.columns


def test_formula_front():
    data = ControlledLaw.make(5, False).sample(600, seed=2)
    formula = controlled_direct_effect("y ~ a | m | w", data, at={"m": 0}, **EXACT)
    assert formula.values["CDE"] == effect(data, at={"m": 0}).values["CDE"]


def test_rare_levels_that_are_not_compared_are_joined():
    data = ControlledLaw.make(5, False).sample(800, seed=2)
    data.loc[:1, "m"], data.loc[2:3, "m"], data.loc[4:9, "m"] = 7, 8, 9
    found = effect(data, at={"m": 1}, learners="glm", folds=5)
    labels = found.design.exposure.levels
    assert labels[:2] == ("a=0, m=1", "a=1, m=1")
    assert any("elsewhere" in label for label in labels)
    assert np.bincount(found.design.exposure.codes).min() >= 5
    assert any("m=0" in label for label in labels)  # no more than needed
    with pytest.raises(DataError, match=r"m=7 has \d rows|no row .* m=7"):
        effect(data, learners="glm", folds=5)


GRAPH = "w -> {a m y}; v -> m; v -> y; a -> {m y}; m -> y"


def test_a_graph_chooses_the_covariates():
    data = ControlledLaw.make(5, False).sample(600, seed=2)
    data["v"] = np.random.default_rng(0).integers(0, 2, 600)
    found = controlled_direct_effect(data, "a", "y", "m", dag=GRAPH, **EXACT)
    assert found.design.covariates == ("w", "v")
    assert found.design.adjustment.chosen
    with pytest.raises(NotIdentified, match="v"):
        controlled_direct_effect(data, "a", "y", "m", "w", dag=GRAPH, **EXACT)
    # for the total effect alone v is not needed
    assert cif.average_effect(data, "a", "y", "w", dag=GRAPH, **EXACT)
    arrow = GRAPH.replace("v -> m; v -> y", "a -> v; v -> {m y}")
    with pytest.raises(NotIdentified, match=r"intermediates=\['v'\]"):
        controlled_direct_effect(data, "a", "y", "m", dag=arrow, **EXACT)
    with pytest.warns(DataWarning, match="all of the effect of a on y runs through m"):
        controlled_direct_effect(
            data, "a", "y", "m", dag=GRAPH.replace("a -> {m y}", "a -> m"), **EXACT
        )


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ({"mm": 1}, r"'mm', which is no mediator.*Did you mean 'm'"),
        ({"m": "hgh"}, r"no rows at 'hgh'.*Did you mean 'high'"),
        ({"m": 1}, r"no rows at 1\. Known: 'high', 'low'"),
        ({}, "no value for mediator 'm'"),
        (1, "must give a value for each mediator"),
        ({"m": np.array([1, 2])}, "no rows at"),
    ],
)
def test_values_that_cannot_be_held(at, says):
    data = ControlledLaw.make(5, False).sample(300, seed=2)
    data["m"] = data["m"].map({0: "low", 1: "high"})
    with pytest.raises(DataError, match=says):
        effect(data, at=at)


def test_a_level_is_not_the_text_of_it():
    data = ControlledLaw.make(5, False).sample(300, seed=2)
    with pytest.raises(DataError, match=r"no rows at '1'\. Did you mean 1 \(int\)\?"):
        effect(data, at={"m": "1"})
    assert_array_equal(effect(data, at={"m": np.array(1)}).values, effect(data, at={"m": 1}).values)


def test_mediators_that_cannot_be_held():
    data = ControlledLaw.make(5, False).sample(400, seed=2)
    continuous = data.assign(m=np.random.default_rng(0).normal(size=400))
    with pytest.raises(DataError, match=r"mediator 'm' has 400 values.*pd\.cut"):  # no curve
        controlled_direct_effect(
            continuous.assign(k=np.arange(400) % 2), "a", "y", ["m", "k"], "w", **EXACT
        )
    empty = data[(data["a"] == 0) | (data["m"] == 0)]
    with pytest.raises(DataError, match="no row with an observed outcome has a=1, m=1"):
        effect(empty, at={"m": 1})
    holed = data.assign(m=data["m"].where(data.index > 3))
    with pytest.raises(DataError, match="cannot be imputed"):
        effect(holed, missing="impute")
    two = data.assign(k=np.where(data["m"] == 1, 0, np.arange(400) % 2))
    with pytest.raises(DataError, match="no row has m=1, k=1 together"):
        controlled_direct_effect(data=two, exposure="a", outcome="y", mediators=["m", "k"],
                                 covariates="w", at={"m": 1, "k": 1}, **EXACT)  # fmt: skip
    many = data.assign(k=np.arange(400) % 19)
    with pytest.raises(DataError, match="38 combinations of m, k are in the data"):
        controlled_direct_effect(many, "a", "y", ["m", "k"], "w", **EXACT)
    with pytest.raises(DataError, match="need at least one mediator"):
        controlled_direct_effect(data, "a", "y", None, "w", **EXACT)


def test_few_rows_are_a_warning_with_the_number():
    data = ControlledLaw.make(5, False).sample(400, seed=2)
    data = data.drop(data.index[(data["a"] == 1) & (data["m"] == 1)][12:])
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        effect(data)
    said = [str(w.message) for w in given if w.category is SmallSampleWarning]
    assert len(said) == 1
    assert "a=1, m=1 has only 12 of " in said[0]


# -- coverage ----------------------------------------------------------------------------------


def linear(seed: int) -> pd.DataFrame:
    """L follows the exposure and drives M and Y."""
    rng = np.random.default_rng(10_000 + seed)
    n = 500
    w = rng.normal(size=n)
    a = rng.binomial(1, 1 / (1 + np.exp(-0.5 * w)))
    l = 0.8 * a + 0.5 * w + rng.normal(size=n)  # noqa: E741
    m = rng.binomial(1, 1 / (1 + np.exp(-0.3 * a - 0.3 * w - 1.0 * l)))
    y = 0.5 * a + 0.3 * a * m + w + 1.0 * l + 0.7 * m + rng.normal(size=n)
    return pd.DataFrame({"w": w, "a": a, "l": l, "m": m, "y": y})


def replicate(seed: int, between: bool) -> tuple[float, float]:
    data = linear(seed)
    options = {"at": {"m": 1}, "learners": "glm", "seed": seed, "progress": False}
    if between:
        options["intermediates"] = "l"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PositivityWarning)
        found = controlled_direct_effect(data, "a", "y", "m", "w", **options)
    return float(found.values["CDE"]), float(found.std_error["CDE"])


def test_intervals_cover_in_a_small_study():
    """40 samples of 500: fewer hits than this happen once in 10,000 at 93% coverage."""
    truth = 0.5 + 0.3 + 0.8  # direct, at m = 1, and through L
    draws = np.array([replicate(seed, True) for seed in range(40)])
    hits = np.abs(draws[:, 0] - truth) <= 1.96 * draws[:, 1]
    assert hits.sum() >= binom.ppf(1e-4, 40, 0.93)
    # without the intermediates the mediator is confounded
    wrong = np.array([replicate(seed, False) for seed in range(40)])
    assert abs(wrong[:, 0].mean() - truth) > 4 * wrong[:, 0].std() / np.sqrt(40)


def compliers(within: float) -> pd.DataFrame:
    """Only the exposed can comply; among the rest a share `within` has the mediator at 1."""
    rng = np.random.default_rng(5)
    a = rng.integers(0, 2, 1000)
    w = rng.normal(size=1000)
    complied = a * (rng.uniform(size=1000) < 0.6)
    m = (rng.uniform(size=1000) < np.where(a == 1, 0.5, within)).astype(int)
    y = a + m + complied + w + rng.normal(size=1000)
    return pd.DataFrame({"a": a, "w": w, "l": complied, "m": m, "y": y})


def held_at_one(data: pd.DataFrame, **options):
    return controlled_direct_effect(
        data, "a", "y", "m", "w", intermediates="l", at={"m": 1}, learners="glm", seed=1, **options
    )


def test_what_another_arm_cannot_have_is_no_want_of_overlap():
    found = held_at_one(compliers(within=0.5))  # warnings are errors
    overlap = found.diagnostics.overlap
    assert (overlap["rows_below"] == 0).all()
    assert (overlap["least"] > 0.05).all()


def test_a_value_that_hardly_anybody_of_the_own_arm_has_is_one():
    with pytest.warns(PositivityWarning):
        found = held_at_one(compliers(within=0.08), truncate=0.1)
    assert found.diagnostics.overlap.loc["P(a, m | w, l)", "rows_below"] > 100


def test_balance_is_of_the_groups_that_are_compared():
    data = compliers(within=0.5).assign(w=lambda d: d["w"] + d["m"])
    found = controlled_direct_effect(data, "a", "y", "m", "w", learners="glm", seed=1)
    groups = data.groupby(["a", "m"])["w"]
    mean, spread = groups.mean(), groups.var(ddof=0)
    differences = [
        (mean[1, m] - mean[0, m]) / np.sqrt((spread[1, m] + spread[0, m]) / 2) for m in (0, 1)
    ]
    balance = found.diagnostics.balance.loc["w", "unadjusted"]
    assert balance == approx(max(differences, key=abs), rel=1e-12)
    assert abs(balance) < 0.5  # groups of other values of the mediator are one apart
