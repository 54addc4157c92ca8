"""Mediators seen in some rows only: complete rows stand for all, and the others lend precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pytest import approx
from scipy.special import expit
from scipy.stats import binom
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

import causalif as cif
from causalif.errors import DataError, PositivityWarning
from causalif.nuisance import two_phase
from tests.effects.test_subgroups import NAMES, GroupedLaw, analysis, named, truths
from tests.truth.discrete import DiscreteLaw
from tests.truth.learners import CellMeans, CellShares

METHODS = ["onestep", "tmle", "plugin", "ipw"]
KINDS = ["natural", "paths", "controlled", "interventional"]
TIMES = 16  # copies of each cell, so that few effective rows are not warned of
SATURATED = {
    "outcome": CellMeans(),
    "exposure": CellShares(),
    "missing": CellShares(),
    "intermediate": CellShares(),
}
PLAIN = {"learners": SATURATED, "folds": 1, "truncate": 0, "seed": 1, "missing": "ipw"}


@dataclass(frozen=True)
class TwoPhaseLaw:
    """A law of the full data, and P(R = 1 | A, Y, V, W), here by the strata of these four.

    What is seen is a law of its own: complete cells, and cells without the mediators.
    """

    full: GroupedLaw
    late: tuple[str, ...]

    @classmethod
    def make(cls, kind: str, seed: int) -> TwoPhaseLaw:
        return cls(GroupedLaw.make(NAMES[kind], seed), tuple(NAMES[kind]))

    def chance(self, cells: pd.DataFrame) -> np.ndarray:
        a, y, w = cells["a"], cells["y"], cells["w"]
        return (0.25 + 0.3 * y + 0.15 * a * w + 0.2 * (1 - a) * (1 - y)).to_numpy()

    def seen(self) -> pd.DataFrame:
        """Cells of what is seen, with their probabilities."""
        cells, p = self.full.cells, self.full.p
        r = self.chance(cells)
        complete = cells.assign(p=p * r)
        known = [c for c in cells.columns if c not in self.late]
        lost = cells.assign(p=p * (1 - r)).groupby(known, as_index=False)["p"].sum()
        return pd.concat([complete, lost], ignore_index=True)[[*cells.columns, "p"]]

    def of_seen(self, cells: pd.DataFrame) -> GroupedLaw:
        """The law of the full data that a law of what is seen identifies, by Bayes' rule.

        p(m, l | r = 1, a, y, v, w) p(a, y, v, w): nothing here knows how R came about.
        """
        known = [c for c in self.full.cells.columns if c not in self.late]
        total = cells.groupby(known)["p"].sum()
        complete = cells.dropna()
        among = complete.groupby(known)["p"].transform("sum")
        at = pd.MultiIndex.from_frame(complete[known])
        p = complete["p"].to_numpy() / among.to_numpy() * total.loc[at].to_numpy()
        whole = complete.drop(columns="p").astype(int).reset_index(drop=True)
        return GroupedLaw(whole, p)


def rows_of(cells: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([cells] * TIMES, ignore_index=True)


def analyse(kind: str, data: pd.DataFrame, **options: object):
    return analysis(kind, data, **{**PLAIN, "by": None, **options})


def without_v(law: GroupedLaw, kind: str) -> dict[str, float]:
    """The truth of all rows where V is one of the covariates: groups, weighed by their share."""
    shares = [law.probability({"v": v}) for v in (0, 1)]
    parts = [means(kind, law.within(v)) for v in (0, 1)]
    mean = {key: shares[0] * parts[0][key] + shares[1] * parts[1][key] for key in parts[0]}
    return mean


def means(kind: str, law: GroupedLaw) -> dict[str, float]:
    """Terms that are differences, and so add up over groups."""
    return {term: value for term, value in truths(kind, law).items() if term != "PM"}


def spelled(term: str) -> str:
    return f"{term}]" if "[" in term else term


def everyone(kind: str, data: pd.DataFrame, **options: object):
    """An analysis with V among the covariates and no groups."""
    return {
        "natural": lambda o: cif.mediate(data, "a", "y", "m1", ["v", "w"], **o),
        "paths": lambda o: cif.path_specific_effects(data, "a", "y", ["m1", "m2"], ["v", "w"], **o),
        "controlled": lambda o: cif.controlled_direct_effect(data, "a", "y", "m1", ["v", "w"], **o),
        "interventional": lambda o: cif.mediate(
            data, "a", "y", "m", ["v", "w"], estimand="interventional", intermediates="l", **o
        ),
    }[kind]({**PLAIN, "weights": "p", **options})


# -- exact: the law of what is seen as weighted rows -----------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_effect_is_that_of_the_full_data(kind, method):
    law = TwoPhaseLaw.make(kind, seed=12)
    data = rows_of(law.seen())
    found = everyone(kind, data, method=method).values
    truth = without_v(law.full, kind)
    for term, value in truth.items():
        assert found[spelled(term)] == approx(value, abs=1e-8), term
    alone = everyone(kind, data.dropna(), method=method).values  # complete rows, unweighted
    assert max(abs(alone[spelled(term)] - value) for term, value in truth.items()) > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_the_influence_is_the_derivative_along_what_is_seen(kind):
    law = TwoPhaseLaw.make(kind, seed=12)
    cells = law.seen()
    p = cells["p"].to_numpy()
    influence = everyone(kind, rows_of(cells)).influence.iloc[: len(p)]
    rng, t = np.random.default_rng(2), 1e-3
    for _ in range(3):
        h = rng.normal(size=len(p)) * 0.3
        score = h - p @ h
        at = {
            s: without_v(law.of_seen(cells.assign(p=p * (1 + s * score))), kind)
            for s in (t, -t, 2 * t, -2 * t)
        }
        for term in at[t]:
            slope = 8 * (at[t][term] - at[-t][term]) - (at[2 * t][term] - at[-2 * t][term])
            mean = p @ (influence[spelled(term)].to_numpy() * score)
            assert mean == approx(slope / (12 * t), abs=1e-6), term


@pytest.mark.parametrize("kind", KINDS)
def test_groups_of_two_phase_data(kind):
    law = TwoPhaseLaw.make(kind, seed=12)
    found = analyse(kind, rows_of(law.seen()), by="v").values
    for v in (0, 1):
        for term, truth in truths(kind, law.full.within(v)).items():
            assert found[named(term, v)] == approx(truth, abs=1e-8), (term, v)


def test_outcomes_missing_as_well():
    """R hangs on (A, W, R_Y, Y if seen), and whether Y is seen on (A, M, W)."""
    full = DiscreteLaw.random(1, seed=4)
    cells, p = full.cells, full.p
    a, y, w, m = (cells[c].to_numpy() for c in ("a", "y", "w", "m1"))
    outcome_seen = 0.5 + 0.3 * m - 0.2 * a
    parts = []
    for seen_y, share in ((1, outcome_seen), (0, 1 - outcome_seen)):
        r = 0.3 + 0.2 * a + seen_y * 0.3 * y + 0.05 * w
        for complete, q in ((1, r), (0, 1 - r)):
            part = cells.assign(p=p * share * q)
            part["y"] = part["y"] if seen_y else np.nan
            part["m1"] = part["m1"] if complete else np.nan
            parts.append(part)
    data = pd.concat(parts * 4, ignore_index=True)
    found = cif.mediate(data, "a", "y", "m1", "w", weights="p", **PLAIN).values
    crossed = full.mean((0, 1))
    assert found["NDE"] == approx(crossed - full.mean((0, 0)), abs=1e-8)
    assert found["NIE"] == approx(full.mean((1, 1)) - crossed, abs=1e-8)


@dataclass(frozen=True)
class DropoutLaw:
    """Y is lost given (A, V, W), and M with it; M alone is lost given (A, V, W, Y)."""

    full: GroupedLaw

    def seen(self) -> pd.DataFrame:
        cells, p = self.full.cells, self.full.p
        a, y, w = (cells[c].to_numpy() for c in ("a", "y", "w"))
        stays, r = 0.5 + 0.3 * a - 0.2 * w, 0.3 + 0.4 * y + 0.1 * a * w
        complete = cells.assign(p=p * stays * r)
        known = ["v", "w", "a"]
        no_m = cells.assign(p=p * stays * (1 - r)).groupby([*known, "y"], as_index=False)["p"].sum()
        neither = cells.assign(p=p * (1 - stays)).groupby(known, as_index=False)["p"].sum()
        return pd.concat([complete, no_m, neither], ignore_index=True)[[*cells.columns, "p"]]

    def of_seen(self, cells: pd.DataFrame) -> GroupedLaw:
        """p(m | r = 1, a, y, v, w) p(y | seen, a, v, w) p(a, v, w)."""
        known = ["v", "w", "a"]

        def share(rows: pd.DataFrame, inner: list[str], outer: list[str]) -> pd.Series:
            total = rows.groupby(outer)["p"].sum()
            part = rows.groupby(inner)["p"].sum().reset_index()
            at = pd.MultiIndex.from_frame(part[outer])
            return part.assign(p=part["p"].to_numpy() / total.loc[at].to_numpy()).set_index(inner)

        whole = cells.dropna().astype({"y": int, "m1": int}).reset_index(drop=True)
        m_given = share(whole, [*known, "y", "m1"], [*known, "y"])["p"]
        y_given = share(cells.dropna(subset="y").astype({"y": int}), [*known, "y"], known)["p"]
        before = cells.groupby(known)["p"].sum()
        p = [
            m_given.loc[(*k, y, m)] * y_given.loc[(*k, y)] * before.loc[k]
            for *k, y, m in whole[[*known, "y", "m1"]].itertuples(index=False, name=None)
            for k in [tuple(k)]
        ]
        return GroupedLaw(whole.drop(columns="p"), np.array(p))


@pytest.mark.parametrize("method", METHODS)
def test_mediators_lost_with_the_outcome(method):
    law = DropoutLaw(GroupedLaw.make(["m1"], seed=12))
    data = rows_of(law.seen())
    found = everyone("natural", data, method=method)
    for term, value in without_v(law.full, "natural").items():
        assert found.values[term] == approx(value, abs=1e-8), term
    known = set(found.diagnostics.losses["nuisance"])
    assert {"P(outcome seen | a, v, w)", "P(complete | a, y, v, w)"} <= known


def test_the_influence_where_mediators_are_lost_with_the_outcome():
    law = DropoutLaw(GroupedLaw.make(["m1"], seed=12))
    cells = law.seen()
    p = cells["p"].to_numpy()
    influence = everyone("natural", rows_of(cells)).influence.iloc[: len(p)]
    rng, t = np.random.default_rng(2), 1e-3
    h = rng.normal(size=len(p)) * 0.3
    score = h - p @ h
    at = {
        s: without_v(law.of_seen(cells.assign(p=p * (1 + s * score))), "natural")
        for s in (t, -t, 2 * t, -2 * t)
    }
    for term in at[t]:
        slope = 8 * (at[t][term] - at[-t][term]) - (at[2 * t][term] - at[-2 * t][term])
        assert p @ (influence[term].to_numpy() * score) == approx(slope / (12 * t), abs=1e-6)


def test_times_to_an_event_in_a_case_cohort():
    """Events at 1, all others followed to 3; some censored at 0.5, when nobody knows their y."""
    law = TwoPhaseLaw.make("natural", seed=12)
    cells, p = law.full.cells, law.full.p
    lost, early = 0.1 + 0.2 * cells["w"].to_numpy(), 0.4
    parts = []
    for censored, share in ((False, 1 - lost), (True, lost)):
        r = np.full(len(p), early) if censored else law.chance(cells)
        for complete, q in ((True, r), (False, 1 - r)):
            part = cells.assign(p=p * share * q, d=0 if censored else cells["y"])
            part["t"] = 0.5 if censored else np.where(cells["y"] == 1, 1.0, 3.0)
            part["m1"] = part["m1"] if complete else np.nan
            parts.append(part)
    data = pd.concat(parts * 8, ignore_index=True)
    timed = {"event": "d", "horizon": 2, "weights": "p"}
    found = cif.mediate(data, "a", "t", "m1", ["v", "w"], **timed, **PLAIN)
    for term, value in without_v(law.full, "natural").items():
        assert found.values[term] == approx(value, abs=1e-8), term


# -- samples ---------------------------------------------------------------------------------


def drawn(n: int, seed: int, at_zero: float = 0.0) -> pd.DataFrame:
    """A -> M -> Y, all linear; mediators are measured the more often the higher the outcome."""
    rng = np.random.default_rng(seed)
    w, a = rng.normal(size=n), rng.integers(0, 2, n)
    m = 0.5 * a + 0.5 * w + rng.normal(size=n)
    y = 0.5 * a + 0.7 * m + 0.5 * w + rng.normal(size=n)
    kept = rng.uniform(size=n) < expit(at_zero + 0.8 * y)
    return pd.DataFrame({"w": w, "a": a, "m": np.where(kept, m, np.nan), "y": y, "full": m})


GLM = {"learners": "glm", "missing": "ipw", "seed": 1, "folds": 2}
TRUTH = {"NDE": 0.5, "NIE": 0.35}  # the coefficient of a, and 0.5 times 0.7


@pytest.mark.parametrize("summary", ["risk", "restricted_mean"])
def test_times_of_rows_without_a_mediator_are_not_lost(summary):
    """The total effect needs no mediator: with half of them gone it is nearly as precise."""
    rng = np.random.default_rng(1)
    n = 900
    data = pd.DataFrame({"a": rng.integers(0, 2, n), "w": rng.normal(size=n)})
    data["m"] = data["a"] + rng.normal(size=n)
    data["d"], data["t"] = rng.uniform(size=n) < 0.67, rng.lognormal(1.2, 1.2, size=n)
    timed = {**GLM, "event": "d", "horizon": 4, "event_summary": summary}
    whole = cif.mediate(data, "a", "t", "m", "w", **timed)
    half = cif.mediate(data.assign(m=data["m"].mask(rng.uniform(size=n) < 0.5)),
                       "a", "t", "m", "w", **timed)  # fmt: skip
    assert half.std_error["TE"] < 1.2 * whole.std_error["TE"]
    assert abs(half.values["TE"] - whole.values["TE"]) < whole.std_error["TE"]


@pytest.mark.filterwarnings("ignore::causalif.errors.PositivityWarning")
def test_intervals_cover_and_those_of_complete_rows_do_not():
    draws = 100
    covered, alone = dict.fromkeys(TRUTH, 0), dict.fromkeys(TRUTH, 0)
    for seed in range(draws):
        data = drawn(800, seed)
        for found, count in (
            (cif.mediate(data, "a", "y", "m", "w", **GLM), covered),
            (cif.mediate(data.dropna(), "a", "y", "m", "w", **GLM), alone),
        ):
            for term, row in found.confint().loc[list(TRUTH)].iterrows():
                count[term] += row["conf_low"] <= TRUTH[term] <= row["conf_high"]
    assert min(covered.values()) >= binom.ppf(1e-3, draws, 0.93)
    assert min(alone.values()) < binom.ppf(1e-3, draws, 0.93)


def test_rows_without_a_mediator_lend_precision(monkeypatch):
    """A third has the mediator, by chance alone, and the weights are constant: without the
    regression of influence values the others would lend nothing to the total effect."""
    draws = 50
    squares = make_pipeline(PolynomialFeatures(2), LinearRegression())
    by_chance = DummyClassifier(strategy="prior")
    learners = {"outcome": squares, "exposure": LogisticRegression(), "missing": by_chance}

    def sample(seed: int) -> pd.DataFrame:
        data = drawn(1200, seed)
        kept = np.random.default_rng(seed).uniform(size=1200) < 1 / 3
        return data.assign(m=data["full"].where(kept))

    def estimates() -> np.ndarray:
        options = {**GLM, "learners": learners}
        found = [cif.mediate(sample(s), "a", "y", "m", "w", **options) for s in range(draws)]
        return np.array([[e.values["TE"], e.std_error["TE"]] for e in found])

    whole = estimates()
    plain = two_phase._Regressions.fit

    def flat(self, key, role, train, target, *, classes=0):
        return plain(self, key, role, train, target if classes else target * 0.0, classes=classes)

    monkeypatch.setattr(two_phase._Regressions, "fit", flat)
    bare = estimates()
    # spreads over 50 draws have an error of 10% each; the ratio is near the root of a third
    assert whole[:, 0].std() < 0.75 * bare[:, 0].std()
    assert whole[:, 1].mean() < 0.75 * bare[:, 1].mean()
    assert whole[:, 1].mean() == approx(whole[:, 0].std(), rel=0.3)


def test_rows_weights_and_clusters_are_those_of_all_rows():
    data = drawn(600, seed=1).assign(c=lambda d: d.index // 3, p=1.0)
    data["p"] = np.random.default_rng(0).uniform(0.5, 2, 600)
    found = cif.mediate(data, "a", "y", "m", "w", weights="p", clusters="c", **GLM)
    assert found.n == 600
    assert_allclose(found.weights, data["p"] / data["p"].mean(), rtol=1e-8)
    assert len(np.unique(found.clusters)) == 200
    assert found.design.n == found.nuisance.shape[0] == int(data["m"].notna().sum())
    lost = data["m"].isna().to_numpy()
    assert np.abs(found.influence.to_numpy()[lost]).max() > 0.01
    assert_allclose(found.refit(np.arange(600)).values, found.values, atol=1e-12)
    again = cif.mediate(data, "a", "y", "m", "w", weights="p", clusters="c", **GLM)
    assert_array_equal(again.values, found.values)


def test_with_every_mediator_seen_nothing_changes():
    data = drawn(400, seed=1).drop(columns="m").rename(columns={"full": "m"})
    found = cif.mediate(data, "a", "y", "m", "w", **GLM)
    plain = cif.mediate(data, "a", "y", "m", "w", **{**GLM, "missing": "error"})
    assert_array_equal(found.values, plain.values)
    assert found.design.complete is None


def test_default_learners_and_several_mediators_of_any_type():
    data = drawn(900, seed=2)
    data["k"] = np.where(data["full"] > 0.5, "high", "low")
    data.loc[np.random.default_rng(5).uniform(size=900) < 0.1, "k"] = np.nan
    found = cif.mediate(data, "a", "y", ["m", "k"], "w", missing="ipw", seed=1, repeats=1)
    complete = int((data["m"].notna() & data["k"].notna()).sum())
    assert f"{complete} of 900 rows are complete" in found.summary()
    assert "whether a row is complete says nothing of what it lacks" in found.summary()
    assert any("P(complete | a, y, w)" in text for text in found.diagnostics.losses["nuisance"])
    assert "rose2011targeted" in found.bibtex()


# -- what is refused, or warned of -----------------------------------------------------------


def test_covariates_and_the_exposure_are_never_made_up_for():
    data = drawn(300, seed=1)
    data.loc[3, "w"] = np.nan
    with pytest.raises(DataError, match=r"covariate 'w' is missing in 1 of 300 rows"):
        cif.mediate(data, "a", "y", "m", "w", **GLM)
    data = drawn(300, seed=1).astype({"a": float})
    data.loc[3, "a"] = np.nan
    with pytest.raises(DataError, match="an exposure is never imputed"):
        cif.mediate(data, "a", "y", "m", "w", **GLM)


def test_the_default_stays_an_error_that_names_the_way():
    with pytest.raises(DataError, match=r'mediator \'m\' is missing.*missing="ipw"'):
        cif.mediate(drawn(300, seed=1), "a", "y", "m", "w", learners="glm", seed=1)


def test_few_complete_rows_at_a_level():
    data = drawn(300, seed=1)
    data.loc[data["a"] == 1, "m"] = np.nan
    data.loc[data.index[data["a"] == 1][:1], "m"] = 0.0
    with pytest.raises(DataError, match=r"with every mediator and intermediate.*1 \(1 rows\)"):
        cif.mediate(data, "a", "y", "m", "w", **GLM)


def test_no_complete_row():
    data = drawn(300, seed=1)
    data["k"] = np.where(data["m"].isna(), 1.0, np.nan)
    data.loc[data["m"].isna(), "k"] = np.arange(data["m"].isna().sum()) % 3
    with pytest.raises(DataError, match="no row has every mediator and intermediate"):
        cif.mediate(data, "a", "y", ["m", "k"], "w", **GLM)


def test_a_few_complete_rows_without_the_outcome_cannot_stand_for_others():
    data = drawn(300, seed=1)
    lost = data["m"].isna() & (data.index % 2 == 0)
    data.loc[lost | (data.index == data.index[data["m"].notna()][0]), "y"] = np.nan
    expected = rf"'y' is missing in {lost.sum()} of the .*, and in only 1 of"
    with pytest.raises(DataError, match=expected):
        cif.mediate(data, "a", "y", "m", "w", **GLM)


def test_small_probabilities_are_warned_of():
    data = drawn(2000, seed=1, at_zero=-2.5)
    with pytest.warns(PositivityWarning) as caught:
        cif.mediate(data, "a", "y", "m", "w", **GLM, truncate=0.05)
    below = "rows have a probability of being complete below 0.05"
    assert any(below in str(warning.message) for warning in caught)


def test_no_sensitivity():
    found = cif.mediate(drawn(600, seed=1), "a", "y", "m", "w", **GLM)
    with pytest.raises(DataError, match="mediators were seen in some rows only"):
        found.sensitivity()
