"""Effects in subgroups: the functional of the law within each, and one covariance for all."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass, replace
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pytest import approx
from scipy.stats import binom

import causalif as cif
from causalif.cli import main
from causalif.effects.subgroups import check_groups
from causalif.effects.total import TOTAL
from causalif.errors import DataError, NotIdentified, PositivityWarning, SmallSampleWarning
from tests.truth.discrete import DiscreteLaw
from tests.truth.learners import CellMeans, CellShares

METHODS = ["onestep", "tmle", "plugin", "ipw"]
SATURATED = {
    "outcome": CellMeans(),
    "exposure": CellShares(),
    "missing": CellShares(),
    "intermediate": CellShares(),
}
EXACT = {"learners": SATURATED, "folds": 1, "truncate": 0, "seed": 1, "by": "v"}
GROUPS = (0, 1)


@dataclass(frozen=True)
class GroupedLaw(DiscreteLaw):
    """Joint law of (V, W, A, ..., Y); what is asked of it is asked of the law within V = v."""

    @classmethod
    def make(cls, names: list[str], seed: int, levels: int = 2) -> GroupedLaw:
        rng = np.random.default_rng(seed)
        columns = ["v", "w", "a", *names, "y"]
        sizes = [levels if name == "a" else 2 for name in columns]
        cells = pd.DataFrame(list(product(*map(range, sizes))), columns=columns)
        p = rng.uniform(0.3, 1.0, len(cells))
        return cls(cells, p / p.sum())

    def within(self, v: int) -> GroupedLaw:
        mine = self._mask({"v": v})
        return replace(self, p=np.where(mine, self.p, 0) / self.p[mine].sum())

    def controlled(self, a: int, m: int) -> float:
        """sum_w p(w) E[Y | a, m, w]."""
        values = [self.outcome_mean({"w": w, "a": a, "m1": m}) for w in (0, 1)]
        return sum(
            self.probability({"w": w}) * value for w, value in zip((0, 1), values, strict=True)
        )

    def interventional(self, b: int, a: int) -> float:
        """sum_w p(w) sum_m p(m | b, w) sum_l p(l | a, w) E[Y | a, l, m, w]."""
        total = 0.0
        for w, m, l in product((0, 1), repeat=3):  # noqa: E741
            share = self.conditional({"m": m}, {"w": w, "a": b})
            share *= self.conditional({"l": l}, {"w": w, "a": a})
            mean = self.outcome_mean({"w": w, "a": a, "l": l, "m": m})
            total += self.probability({"w": w}) * share * mean
        return total


def rows_of(law: DiscreteLaw, times: int = 16) -> pd.DataFrame:
    """The law as weighted rows, each cell several, so that no group has few."""
    cells = law.cells.assign(p=law.p)
    return pd.concat([cells] * times, ignore_index=True)


def truths(kind: str, law: GroupedLaw) -> dict[str, float]:
    """Terms without their group, by sums over the cells of one group's law."""
    if kind == "total":
        return {"TE": law.mean((1,)) - law.mean((0,))}
    if kind == "natural":
        crossed = law.mean((0, 1))
        te = law.mean((1, 1)) - law.mean((0, 0))
        nie = law.mean((1, 1)) - crossed
        return {"TE": te, "NDE": crossed - law.mean((0, 0)), "NIE": nie, "PM": nie / te}
    if kind == "paths":
        steps = [law.mean(world) for world in ((0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1))]
        parts = dict(zip(("direct", "through m2", "through m1"), np.diff(steps), strict=True))
        return {"TE": steps[-1] - steps[0], **parts}
    if kind == "controlled":
        return {
            f"CDE [m1={m}": law.controlled(1, m) - law.controlled(0, m) for m in (0, 1)
        }  # the bracket goes on
    low, crossed, high = (law.interventional(*world) for world in ((0, 0), (0, 1), (1, 1)))
    return {"OE": high - low, "IDE": crossed - low, "IIE": high - crossed}


NAMES = {
    "total": [],
    "natural": ["m1"],
    "paths": ["m1", "m2"],
    "controlled": ["m1"],
    "interventional": ["l", "m"],
}
KINDS = list(NAMES)


def analysis(kind: str, data: pd.DataFrame, **options: object) -> cif.effects.EffectEstimate:
    options = {**EXACT, "weights": "p", **options}
    if kind == "total":
        return cif.average_effect(data, "a", "y", "w", **options)
    if kind == "natural":
        return cif.mediate(data, "a", "y", "m1", "w", **options)
    if kind == "paths":
        return cif.path_specific_effects(data, "a", "y", ["m1", "m2"], "w", **options)
    if kind == "controlled":
        return cif.controlled_direct_effect(data, "a", "y", "m1", "w", **options)
    between = {"estimand": "interventional", "intermediates": "l"}
    return cif.mediate(data, "a", "y", "m", "w", **between, **options)


def named(term: str, v: int) -> str:
    return f"{term}, v={v}]" if "[" in term else f"{term} [v={v}]"


# -- exact: the law itself as weighted rows --------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_group_has_the_effect_of_its_own_law(kind, method):
    law = GroupedLaw.make(NAMES[kind], seed=12)
    found = analysis(kind, rows_of(law), method=method).values
    for v in GROUPS:
        for term, truth in truths(kind, law.within(v)).items():
            assert found[named(term, v)] == approx(truth, abs=1e-8), (term, v)
    other = truths(kind, law)  # the law of all rows has other effects: the test can fail
    first = next(iter(other))
    assert abs(found[named(first, 0)] - other[first]) > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_the_influence_in_all_rows_is_the_derivative(kind):
    law = GroupedLaw.make(NAMES[kind], seed=6)
    found = analysis(kind, rows_of(law))
    influence = found.influence.iloc[: len(law.p)]  # the first copy of each cell
    rng, t = np.random.default_rng(2), 1e-3
    for _ in range(3):
        h = rng.normal(size=len(law.p)) * 0.3
        score = h - law.p @ h
        tilted = {s: law.tilt(h, s) for s in (t, -t, 2 * t, -2 * t)}
        for v in GROUPS:
            at = {s: truths(kind, one.within(v)) for s, one in tilted.items()}
            for term in at[t]:
                slope = 8 * (at[t][term] - at[-t][term]) - (at[2 * t][term] - at[-2 * t][term])
                mean = law.p @ (influence[named(term, v)].to_numpy() * score)
                assert mean == approx(slope / (12 * t), abs=1e-6), (term, v)
                other = law.p @ (influence[named(term, 1 - v)].to_numpy() * score)
                assert abs(other - mean) > 1e-6  # the check can fail


def test_groups_of_the_front_door():
    law = GroupedLaw.make(["m1"], seed=8)
    from causalif.effects.engine import analyse
    from causalif.effects.front_door import FRONT_DOOR

    found = analyse(FRONT_DOOR, rows_of(law), "a", "y", "m1", "w", {**EXACT, "weights": "p"}).values

    def truth(one: GroupedLaw, a: int) -> float:
        total = 0.0
        for w, m, b in product((0, 1), repeat=3):
            share = one.probability({"w": w}) * one.conditional({"m1": m}, {"w": w, "a": a})
            share *= one.conditional({"a": b}, {"w": w})
            total += share * one.outcome_mean({"w": w, "a": b, "m1": m})
        return total

    for v in GROUPS:
        one = law.within(v)
        assert found[f"TE [v={v}]"] == approx(truth(one, 1) - truth(one, 0), abs=1e-8)


@pytest.mark.parametrize("scale", ["ratio", "odds_ratio"])
def test_other_scales_hold_within_groups(scale):
    law = GroupedLaw.make([], seed=5)
    found = analysis("total", rows_of(law), scale=scale).values
    link = {"ratio": np.log, "odds_ratio": lambda p: np.log(p / (1 - p))}[scale]
    for v in GROUPS:
        one = law.within(v)
        truth = link(one.mean((1,))) - link(one.mean((0,)))
        assert found[f"TE [v={v}]"] == approx(truth, abs=1e-8)


def test_several_levels_share_the_brackets_with_the_group():
    law = GroupedLaw.make([], seed=9, levels=3)
    effect = analysis("total", rows_of(law))
    found = effect.values
    assert effect.equality()["term"].tolist() == ["TE [1 vs 0]", "TE [2 vs 0]"]
    by_text = effect.test("TE [2 vs 0, v=0] = TE [2 vs 0, v=1]")  # a comma and signs in names
    assert by_text["statistic"] == approx(effect.equality()["statistic"][1], rel=1e-8)
    terms = [f"TE [{a} vs 0, v={v}]" for a in (1, 2) for v in GROUPS]
    assert list(found.index) == terms
    for v in GROUPS:
        one = law.within(v)
        truth = one.mean((2,)) - one.mean((0,))
        assert found[f"TE [2 vs 0, v={v}]"] == approx(truth, abs=1e-8)


def test_missing_outcomes_in_groups():
    """The outcome is missing at random given (V, W, A): seen rows weigh by what stays."""
    law = GroupedLaw.make([], seed=3)
    seen = np.where(law.cells["v"] + law.cells["a"] == 1, 0.5, 0.8)
    kept = law.cells.assign(p=law.p * seen)
    lost = law.cells.assign(p=law.p * (1 - seen), y=np.nan)
    data = pd.concat([kept, lost] * 16, ignore_index=True)
    found = analysis("total", data, missing="ipw").values
    for v in GROUPS:
        one = law.within(v)
        assert found[f"TE [v={v}]"] == approx(one.mean((1,)) - one.mean((0,)), abs=1e-8)


# -- disjoint groups, joint covariance, equality ---------------------------------------------


def drawn(n: int, seed: int, gain: float = 0.0) -> pd.DataFrame:
    """Randomised within (v, w); the effect in group v is 1 + gain v, with noise of a normal."""
    rng = np.random.default_rng(seed)
    v, w = rng.integers(0, 2, n), rng.integers(0, 2, n)
    a = rng.uniform(size=n) < np.where(w == 1, 0.6, 0.4)
    y = a * (1 + gain * v) + 0.5 * v + w + rng.normal(size=n)
    return pd.DataFrame({"v": v, "w": w, "a": a.astype(int), "y": y, "c": rng.integers(0, 80, n)})


def test_groups_are_as_if_analysed_apart():
    """Saturated regressions without folds: the joint answer is that of two analyses."""
    data = drawn(2000, seed=1, gain=0.5)
    joint = cif.average_effect(data, "a", "y", "w", **EXACT)
    parts = [
        cif.average_effect(data[data["v"] == v], "a", "y", "w", **{**EXACT, "by": None})
        for v in GROUPS
    ]
    assert_allclose(joint.values, [float(part) for part in parts], atol=1e-10)
    assert_allclose(joint.std_error, [part.std_error.item() for part in parts], rtol=1e-10)
    assert joint.cov().iloc[0, 1] == approx(0, abs=1e-15)
    z = (float(parts[1]) - float(parts[0])) ** 2 / sum(part.cov().iloc[0, 0] for part in parts)
    assert joint.equality()["statistic"].item() == approx(z, rel=1e-8)


def test_clusters_that_span_groups_tie_them():
    data = drawn(2000, seed=1)
    data["y"] += np.random.default_rng(2).normal(size=80)[data["c"]] * data["a"]
    joint = cif.average_effect(data, "a", "y", "w", clusters="c", **EXACT)
    rows = joint.influence.to_numpy()
    sums = np.array([rows[data["c"] == c].sum(axis=0) for c in np.unique(data["c"])])
    assert_allclose(joint.cov(), sums.T @ sums / len(data) ** 2 * 80 / 79, rtol=1e-10)
    assert joint.cov().iloc[0, 1] > 1e-4


def test_equality_has_its_size_and_some_power():
    draws = 200

    def rejected(gain: float) -> int:
        options = {**EXACT, "learners": "glm"}
        found = [
            cif.average_effect(drawn(400, seed, gain), "a", "y", "w", **options).equality()
            for seed in range(draws)
        ]
        return sum(table["p_value"].item() < 0.05 for table in found)

    assert binom.ppf(1e-3, draws, 0.05) <= rejected(0.0) <= binom.ppf(1 - 1e-3, draws, 0.06)
    # each group has 200 rows and a standard error of 2 / sqrt(200) = 0.14, the difference 0.2:
    # a gain of 0.6 is three of these, and the power about 0.85
    assert rejected(0.6) > 0.7 * draws


def test_equality_of_three_groups_is_one_joint_test():
    data = drawn(1500, seed=4)
    data["v"] = np.random.default_rng(0).choice(["x", "y", "z"], len(data))
    found = cif.average_effect(data, "a", "y", "w", **EXACT)
    one, two, three = found.names
    by_text = found.test(f"`{one}` = `{two}`, `{one}` = `{three}`")
    row = found.equality().iloc[0]
    assert (row["term"], row["df"]) == ("TE", 2)
    assert row["statistic"] == approx(by_text["statistic"], rel=1e-8)
    assert row["p_value"] == approx(by_text["p_value"], rel=1e-8)


# -- the column of subgroups -----------------------------------------------------------------


def test_the_column_joins_the_covariates_once_and_a_note_says_so():
    data = drawn(500, seed=1)
    options = {**EXACT, "learners": "glm"}
    added = cif.average_effect(data, "a", "y", "w", **options)
    assert added.design.covariates == ("w", "v")
    assert "by='v' was added to the covariates." in added.design.notes
    named_twice = cif.average_effect(data, "a", "y", ["v", "w"], **options)
    assert set(named_twice.design.covariates) == {"v", "w"}
    assert not any("added" in note for note in named_twice.design.notes)
    assert_allclose(added.values, named_twice.values, atol=1e-8)
    formula = cif.average_effect("y ~ a | w", data, **options)
    assert_allclose(added.values, formula.values, atol=1e-12)


def test_numbers_are_read_as_categories():
    data = drawn(900, seed=1)
    data["v"] = np.random.default_rng(0).choice([1, 2, 5], len(data))
    found = cif.average_effect(data, "a", "y", "w", **{**EXACT, "learners": "glm"})
    assert found.names == ("TE [v=1]", "TE [v=2]", "TE [v=5]")
    assert found.design.columns["v"].labels == ("v[2]", "v[5]")


def test_lines_have_their_own_slope_in_every_group():
    """a -> m in one group only, m -> y in all; glm alone would share the slopes of the two."""
    rng = np.random.default_rng(3)
    n = 4000
    v, a = rng.integers(0, 2, n), rng.integers(0, 2, n)
    m = 1.0 * a * v + rng.normal(size=n)
    y = (1 - v) * m + 2 * v * m + rng.normal(size=n)
    data = pd.DataFrame({"v": v, "a": a, "m": m, "y": y})
    options = {"by": "v", "learners": "glm", "folds": 1, "seed": 1, "truncate": 0}
    for method in METHODS:
        found = cif.mediate(data, "a", "y", "m", **options, method=method)
        errors = found.std_error
        for term, truth in {"NIE [v=0]": 0, "NIE [v=1]": 2, "NDE [v=0]": 0, "NDE [v=1]": 0}.items():
            assert abs(found.values[term] - truth) < 4 * errors[term] + 0.02, (method, term)


@pytest.mark.filterwarnings("ignore:only 5 clusters")
def test_equality_of_more_groups_than_clusters_is_no_test():
    """Five clusters span four directions: five differences leave them, and chi2 is no infinity."""
    jobs, row = cif.load_dataset("jobs"), np.arange(899)
    found = cif.average_effect(
        jobs.assign(g=row % 6), "treat", "depress2", "age", by="g", clusters=row * 7 % 5,
        learners="glm", seed=1, folds=2,
    )  # fmt: skip
    with pytest.warns(SmallSampleWarning, match="5 clusters leave 4 degrees of freedom"):
        table = found.equality()
    assert table[["statistic", "p_value"]].isna().to_numpy().all()
    with pytest.warns(SmallSampleWarning, match="too few to test 5 equations"):
        assert "TE equal over g: no test" in found.summary()


def test_results_pickle_refit_and_keep_their_rows():
    data = drawn(400, seed=1)
    found = cif.average_effect(data, "a", "y", "w", **{**EXACT, "learners": "glm", "folds": 3})
    back = pickle.loads(pickle.dumps(found))
    assert_array_equal(back.values, found.values)
    assert_allclose(found.refit(np.arange(400)).values, found.values, atol=1e-12)
    only = data["v"].to_numpy() == 1
    with pytest.raises(DataError, match="no row with v=0 is left"):
        found.refit(only)


def test_weights_of_other_groups_are_zero():
    data = drawn(400, seed=1)
    found = cif.average_effect(data, "a", "y", "w", **{**EXACT, "learners": "glm"})
    table = found.diagnostics.weights.set_index("mean")
    counts = data.groupby(["v", "a"]).size()
    for v, a in product(GROUPS, GROUPS):
        assert table.loc[f"E[y({a})] [v={v}]", "rows"] == counts[v, a]
    assert_allclose(found.influence.loc[data["v"] == 0, "TE [v=1]"], 0, atol=1e-14)


# -- what is printed -------------------------------------------------------------------------


def test_summary_report_plot_and_command_line(tmp_path, capsys):
    jobs = cif.load_dataset("jobs")
    options = {"learners": "glm", "seed": 1, "by": "sex"}
    found = cif.mediate(jobs, "treat", "depress2", "job_seek", ["age", "econ_hard"], **options)
    row = found.equality().set_index("term").loc["NIE"]
    line = f"NIE equal over sex: chi2(1) = {row['statistic']:.3g}, p = {row['p_value']:.2g}"
    assert line in found.summary()
    assert list(found.equality()["term"]) == ["TE", "NDE", "NIE"]  # a share is not tested
    assert set(found.fractions) == {"PM [sex=0]", "PM [sex=1]"}
    page = found.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Are the effects equal over sex?" in page
    ax = found.plot(ax=plt.figure().add_subplot())
    rules = [line for line in ax.lines if line.get_gid() == "blocks"]
    assert [line.get_ydata()[0] for line in rules] == [1.5, 3.5, 5.5]
    plt.close("all")

    jobs.to_csv(tmp_path / "jobs.csv", index=False)
    roles = ["--exposure", "treat", "--outcome", "depress2", "--mediators", "job_seek"]
    roles += ["--covariates", "age,econ_hard", "--by", "sex"]
    how = ["--learners", "glm", "--seed", "1", "--json"]
    assert main(["mediate", str(tmp_path / "jobs.csv"), *roles, *how]) == 0
    printed = {r["term"]: r["estimate"] for r in json.loads(capsys.readouterr().out)}
    assert printed["NIE [sex=1]"] == approx(found.values["NIE [sex=1]"], rel=1e-9)


# -- refusals --------------------------------------------------------------------------------


REFUSED = {
    "a": "'a' is both the exposure and the column of subgroups",
    "y": "'y' is both the outcome and the column of subgroups",
    "m": "'m' is both a mediator and the column of subgroups",
    "l": "'l' is both an intermediate and the column of subgroups",
    "x": r"by='x' has 300 values.*2 to 10 groups.*pd.cut",
    "one": r"by='one' has one value only \(1 in all 300 rows\)",
    "gap": r"by='gap' is missing in 1 of 300 rows \(first: row 7\)",
    "nope": "no column 'nope' in data",
    ("v", "w"): "by must be one column name, not 2",
}


@pytest.mark.parametrize("by", list(REFUSED), ids=str)
def test_columns_that_cannot_part_the_rows(by):
    data = drawn(300, seed=1).assign(one=1, m=0.0, l=0.0)
    rng = np.random.default_rng(0)
    data["m"], data["l"] = rng.integers(0, 2, 300), rng.integers(0, 2, 300)
    data["x"], data["gap"] = rng.normal(size=300), data["v"].astype(float)
    data.loc[7, "gap"] = np.nan
    with pytest.raises(DataError, match=REFUSED[by]) as caught:
        cif.mediate(
            data, "a", "y", "m", "w", estimand="interventional", intermediates="l",
            by=list(by) if isinstance(by, tuple) else by, learners="glm", seed=1,
        )  # fmt: skip
    if by not in ("a", "y", "x"):
        assert "problems" not in str(caught.value)  # said once


def test_a_group_with_few_rows_at_a_level():
    data = drawn(300, seed=1)
    data["v"] = (np.arange(300) < 8).astype(int)
    ones = int(data["a"][:8].sum())
    expected = rf"in the group v = 1: a = 0 \({8 - ones} rows\), a = 1 \({ones} rows\); folds=5"
    with pytest.raises(DataError, match=expected):
        cif.average_effect(data, "a", "y", "w", by="v", learners="glm", seed=1)


def test_a_joint_level_with_few_rows_in_a_group():
    data = drawn(400, seed=1)
    data["m"] = np.where((data["v"] == 1) & (data.index % 40 != 0), 1, data["w"])
    with pytest.raises(
        DataError, match=r"in the group v = 1: a = 0, m = 0 \(1 rows\), a = 1, m = 0 \(0 rows\)"
    ):
        cif.controlled_direct_effect(data, "a", "y", "m", "w", by="v", learners="glm", seed=1)


def test_an_average_over_marginal_laws_is_refused():
    design = cif.average_effect(
        drawn(300, seed=1), "a", "y", "w", **{**EXACT, "learners": "glm"}
    ).design
    check_groups(TOTAL, design, 1)
    with pytest.raises(DataError, match="Analyse the groups apart: their rows are independent"):
        check_groups(replace(TOTAL, by_groups=False), design, 1)


def test_no_subgroups_no_equality_and_no_sensitivity_with_them():
    data = drawn(300, seed=1)
    options = {**EXACT, "learners": "glm"}
    with pytest.raises(DataError, match='by="sex", for example'):
        cif.average_effect(data, "a", "y", "w", **{**options, "by": None}).equality()
    with pytest.raises(DataError, match=r"sensitivity\(\) has no answer for subgroups"):
        cif.average_effect(data, "a", "y", "w", **options).sensitivity()


def test_few_rows_in_a_group_are_warned_of():
    data = drawn(300, seed=1)
    data["v"] = (np.arange(300) < 30).astype(int)
    with pytest.warns(PositivityWarning, match=r"\[v=1\]"):
        cif.average_effect(data, "a", "y", "w", by="v", learners="glm", seed=1)


GRAPH = "w -> a; w -> y; a -> y"


def test_a_graph_must_allow_the_column():
    data = drawn(400, seed=1)
    options = {**EXACT, "learners": "glm"}
    fine = cif.average_effect(data, "a", "y", dag=f"{GRAPH}; v -> y", **options)
    assert set(fine.design.covariates) == {"w", "v"}
    spare = cif.average_effect(data, "a", "y", dag=f"{GRAPH}; v -> a", **options)
    assert set(spare.design.covariates) == {"w", "v"}
    assert "by='v' was added" in spare.design.adjustment.reason
    with pytest.raises(NotIdentified, match=r"by='v' must be among the covariates.*a -> v -> y"):
        cif.average_effect(data, "a", "y", dag=f"{GRAPH}; a -> v; v -> y", **options)
    with pytest.raises(NotIdentified, match="v lies on a -> v -> y"):
        cif.average_effect(data, "a", "y", ["w"], dag=f"{GRAPH}; a -> v; v -> y", **options)
    for by in (["v"], ("v",)):  # is judged as well
        with pytest.raises(NotIdentified, match="by='v' must be among the covariates"):
            cif.average_effect(data, "a", "y", dag=f"{GRAPH}; y -> v", **{**options, "by": by})
    with pytest.raises(DataError, match="'v' is not in the graph"):
        cif.average_effect(data, "a", "y", dag=GRAPH, **options)
    front = "u [latent]; u -> a; u -> y; a -> w; w -> y; v -> y"
    with pytest.raises(NotIdentified, match="front door, and by='v' cannot be judged"):
        cif.average_effect(data, "a", "y", dag=front, **options)
