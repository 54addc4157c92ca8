"""Path-specific effects: exact on enumerated laws, named, refused, and covered."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pytest import approx
from scipy.special import expit
from scipy.stats import binom

import causalif as cif
from causalif.effects.path_specific import path_specific_effects
from causalif.errors import DataError, DataWarning, NotIdentified
from tests.truth.discrete import DiscreteLaw
from tests.truth.learners import CellMeans, CellShares

SATURATED = {"outcome": CellMeans(), "exposure": CellShares()}
EXACT = {"learners": SATURATED, "folds": 1, "truncate": 0, "seed": 1}
QUICK = {"learners": "glm", "seed": 1, "folds": 2}
METHODS = ["onestep", "tmle", "plugin", "ipw"]


def staircase(law: DiscreteLaw, a: int = 1, b: int = 0) -> dict[str, float]:
    """The terms as in section 6 of the methods: worlds (a_1, .., a_K, a), one switch at a time."""
    k = len(law.mediators)
    terms = ["direct", *(f"through {name}" for name in reversed(law.mediators))]
    worlds = [tuple([b] * (k + 1 - j) + [a] * j) for j in range(k + 2)]
    steps = zip(terms, pairwise(worlds), strict=True)
    found = {term: law.mean(on) - law.mean(off) for term, (off, on) in steps}
    return {"TE": law.mean((a,) * (k + 1)) - law.mean((b,) * (k + 1)), **found}


# -- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mediators", [2, 3])
def test_every_term_is_the_enumeration_of_the_sample(mediators, method):
    data = DiscreteLaw.random(mediators, seed=40 + mediators).sample(6000, seed=6)
    names = [f"m{k + 1}" for k in range(mediators)]
    found = path_specific_effects(data, "a", "y", names, "w", method=method, **EXACT)
    expected = staircase(DiscreteLaw.empirical(data))
    assert list(found.values.index) == list(expected)
    assert_allclose(found.values, list(expected.values()), atol=1e-8)


def test_two_mediators_by_hand():
    """The worlds written out: the outcome's own arrow first, then M2, then M1."""
    data = DiscreteLaw.random(2, seed=5).sample(4000, seed=6)
    mean = DiscreteLaw.empirical(data).mean
    found = path_specific_effects(data, "a", "y", ["m1", "m2"], "w", **EXACT).values
    assert found["direct"] == approx(mean((0, 0, 1)) - mean((0, 0, 0)), abs=1e-8)
    assert found["through m2"] == approx(mean((0, 1, 1)) - mean((0, 0, 1)), abs=1e-8)
    assert found["through m1"] == approx(mean((1, 1, 1)) - mean((0, 1, 1)), abs=1e-8)
    # the test can fail: another order of the switches is another effect
    assert abs(found["through m1"] - (mean((1, 0, 0)) - mean((0, 0, 0)))) > 1e-3


@pytest.mark.parametrize("mediators", [2, 3])
def test_influence_is_the_derivative(mediators):
    law = DiscreteLaw.random(mediators, seed=10 + mediators, strata=12)
    names = [f"m{k + 1}" for k in range(mediators)]
    cells = law.cells.assign(p=law.p * len(law.p))  # the law itself: each cell a weighted row
    found = path_specific_effects(cells, "a", "y", names, "w", weights="p", **EXACT)
    assert_allclose(found.values, list(staircase(law).values()), atol=1e-10)
    h = np.random.default_rng(3).normal(size=len(law.p)) * 0.3
    t = 1e-3
    at = {size: np.array(list(staircase(law.tilt(h, size)).values())) for size in (t, -t)}
    slope = (at[t] - at[-t]) / (2 * t)
    implied = (law.p * (h - law.p @ h)) @ found.influence.to_numpy()
    assert_allclose(implied, slope, atol=1e-6)


def test_terms_add_up_with_their_influence():
    data = DiscreteLaw.random(3, seed=5).sample(600, seed=6)
    found = path_specific_effects(data, "a", "y", ["m1", "m2", "m3"], "w", repeats=2, **QUICK)
    parts = found.values.drop("TE")
    assert parts.sum() == approx(found.values["TE"], abs=1e-12)
    rest = found.influence.drop(columns="TE").sum(axis=1)
    assert_allclose(rest, found.influence["TE"], atol=1e-10)


@pytest.mark.parametrize("mediators", ["m1", ["m1"], [["m1"]], [["m1", "m2"]]])
def test_one_mediator_is_what_mediate_gives(mediators):
    data = DiscreteLaw.random(2, seed=5).sample(500, seed=6)
    found = path_specific_effects(data, "a", "y", mediators, "w", **QUICK)
    flat = [mediators] if isinstance(mediators, str) else mediators
    names = [name for group in flat for name in ([group] if isinstance(group, str) else group)]
    natural = cif.mediate(data, "a", "y", names, "w", **QUICK)
    assert list(found.values.index) == ["TE", "direct", f"through {', '.join(names)}"]
    assert_array_equal(found.values, natural[["TE", "NDE", "NIE"]].values)
    assert_array_equal(found.influence, natural[["TE", "NDE", "NIE"]].influence)


def test_a_group_of_columns_moves_together():
    data = DiscreteLaw.random(3, seed=8).sample(6000, seed=9)
    mean = DiscreteLaw.empirical(data).mean
    found = path_specific_effects(data, "a", "y", [["m1", "m2"], "m3"], "w", **EXACT).values
    assert found["through m3"] == approx(mean((0, 0, 1, 1)) - mean((0, 0, 0, 1)), abs=1e-8)
    assert found["through m1, m2"] == approx(mean((1, 1, 1, 1)) - mean((0, 0, 1, 1)), abs=1e-8)


def test_many_levels_each_against_the_reference():
    data = DiscreteLaw.random(2, seed=5).sample(6000, seed=6)
    up = np.random.default_rng(7).uniform(size=len(data)) < 0.3 + 0.2 * data["m1"]
    data["a"] += up.astype(int)  # levels 0, 1, 2
    found = path_specific_effects(data, "a", "y", ["m1", "m2"], "w", **EXACT)
    law = DiscreteLaw.empirical(data)
    for level in (1, 2):
        for term, value in staircase(law, a=level).items():
            assert found.values[f"{term} [{level} vs 0]"] == approx(value, abs=1e-8)


def test_ratios_multiply():
    data = DiscreteLaw.random(2, seed=5).sample(4000, seed=6)
    mean = DiscreteLaw.empirical(data).mean
    found = path_specific_effects(data, "a", "y", ["m1", "m2"], "w", scale="ratio", **EXACT)
    expected = np.log(mean((0, 1, 1)) / mean((0, 0, 1)))
    assert found.values["through m2"] == approx(expected, abs=1e-8)
    assert found.values.drop("TE").sum() == approx(found.values["TE"], abs=1e-10)


def test_a_formula_names_the_mediators_in_order():
    data = DiscreteLaw.random(3, seed=5).sample(300, seed=6)
    formula = "y ~ a | m1 | m2 + m3 | w + I(w**2)"
    found = path_specific_effects(formula, data, **QUICK)
    assert found.names == ("TE", "direct", "through m2, m3", "through m1")
    square = data.assign(square=data["w"] ** 2)
    named = path_specific_effects(square, "a", "y", ["m1", ["m2", "m3"]], ["w", "square"], **QUICK)
    assert_allclose(found.values, named.values, atol=1e-9)
    none = path_specific_effects("y ~ a | m1 | m2 + m3 | 1", data, **QUICK)
    assert none.design.covariates == ()
    one = path_specific_effects("y ~ a | m1 + m2 | w", data, **QUICK)
    assert one.names[-1] == "through m1, m2"
    with pytest.raises(DataError, match="mediator 'm1' stands in places 1 and 2"):
        path_specific_effects("y ~ a | m1 | I(m1**2) | w", data, **QUICK)
    with pytest.raises(DataError, match=r"has nothing after \|(.|\n)*first mediator"):
        path_specific_effects("y ~ a | m1 | | w", data, **QUICK)
    with pytest.raises(DataError, match="too many parts"):
        cif.mediate("y ~ a | m1 | m2 | w", data, **QUICK)


# -- the result ------------------------------------------------------------------------------


def test_pickles_and_refits():
    data = DiscreteLaw.random(2, seed=5).sample(500, seed=6)
    found = path_specific_effects(data, "a", "y", ["m1", "m2"], "w", **EXACT)
    copy = pickle.loads(pickle.dumps(found))
    assert_array_equal(copy.influence, found.influence)
    rows = np.arange(400)
    again = path_specific_effects(data[:400], "a", "y", ["m1", "m2"], "w", **EXACT)
    assert_allclose(copy.refit(rows).values, again.values, atol=1e-12)


def test_terms_are_explained():
    data = DiscreteLaw.random(3, seed=5).sample(300, seed=6)
    found = path_specific_effects(data, "a", "y", ["m1", "m2", "m3"], "w", **QUICK)
    words = found.recipe.estimand.words
    assert words["through m3"] == "not through m1 or m2"
    assert words["through m1"] == "whatever comes later"
    assert "recanting witness" in found.summary()
    assert "Identifiability of Path-Specific Effects" in found.bibtex()
    assert "E[y(1, m1(0), m2(0), m3(1))]" in found.means.names


def test_nothing_enters_by_a_mediator_that_does_not_vary():
    jobs = cif.load_dataset("jobs").assign(same=1.0)
    columns = (jobs, "treat", "depress2")
    without = cif.path_specific_effects(*columns, "job_seek", "sex", **QUICK)
    with pytest.warns(DataWarning, match="'same' is constant"):
        found = cif.path_specific_effects(*columns, ["same", "job_seek"], "sex", **QUICK)
    assert found.names == ("TE", "direct", "through job_seek")
    assert_array_equal(found.influence, without.influence)
    with pytest.warns(DataWarning, match="'same' is constant"):
        alone = cif.path_specific_effects(*columns, ["same"], "sex", **QUICK)
    assert alone.names == ("TE", "direct")
    assert alone.values["direct"] == without.values["TE"]


def test_a_long_group_has_a_short_name():
    data = DiscreteLaw.random(2, seed=5).sample(300, seed=6)
    wide = data.assign(**{f"x{k}": np.random.default_rng(k).normal(size=300) for k in range(5)})
    group = [f"x{k}" for k in range(5)]
    found = path_specific_effects(wide, "a", "y", [group, "m1"], "w", **QUICK)
    assert found.names[-1] == "through x0, x1, x2 and 2 more"


# -- a graph ---------------------------------------------------------------------------------

CHAIN = "a -> m1; m1 -> m2; m2 -> y; a -> m2; a -> y; m1 -> y"


@pytest.fixture(scope="module")
def columns() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    names = ["a", "m1", "m2", "l", "z", "w", "v", "x", "y"]
    data = pd.DataFrame(rng.normal(size=(200, len(names))), columns=names)
    return data.assign(a=(data["a"] > 0).astype(int))


def refused(columns, dag, mediators, covariates=None) -> str:
    with pytest.raises(NotIdentified) as error:
        path_specific_effects(columns, "a", "y", mediators, covariates, dag=dag, **QUICK)
    return str(error.value)


def test_a_graph_chooses_the_covariates(columns):
    # w: a and m2; v: m1 and y; x: m1 and m2; z touches the exposure only
    dag = CHAIN + "; w -> {a m2}; v -> {m1 y}; x -> {m1 m2}; z -> a"
    found = path_specific_effects(columns, "a", "y", ["m1", "m2"], dag=dag, **QUICK)
    assert set(found.design.covariates) == {"w", "v", "x"}
    named = list(found.design.covariates)
    same = path_specific_effects(columns, "a", "y", ["m1", "m2"], named, dag=dag, **QUICK)
    assert_array_equal(found.influence, same.influence)


def test_what_drives_two_mediators_is_needed_only_where_they_are_apart(columns):
    dag = CHAIN + "; x -> {m1 m2}; w -> {a y}"
    assert "m1 <- x -> m2 stays open" in refused(columns, dag, ["m1", "m2"], "w")
    joint = path_specific_effects(columns, "a", "y", [["m1", "m2"]], "w", dag=dag, **QUICK)
    assert joint.design.covariates == ("w",)


def test_the_order_must_be_that_of_the_graph(columns):
    text = refused(columns, CHAIN, ["m2", "m1"])
    assert "m1 -> m2, but m2 is named before m1" in text
    longer = "a -> m1; m1 -> l; l -> m2; m2 -> y"
    assert "m1 -> l -> m2, but" in refused(columns, longer, ["m2", "m1"])


@pytest.mark.parametrize(
    ("extra", "paths", "before"),
    [
        ("a -> l; l -> m1; l -> y", "a -> l -> m1 and a -> l -> y", "m1"),
        ("a -> l; l -> m2; l -> y", "a -> l -> m2 and a -> l -> y", "m2"),
        ("a -> l; l -> m1; l -> z; z -> m2", "a -> l -> m1 and a -> l -> z -> m2", "m1"),
    ],
)
@pytest.mark.parametrize("covariates", [None, "l"])
def test_a_recanting_witness_is_named(columns, extra, paths, before, covariates):
    text = refused(columns, f"{CHAIN}; {extra}", ["m1", "m2"], covariates)
    assert f"l is a recanting witness: {paths}; add l to the mediators, before {before}." in text


def test_a_witness_among_the_mediators_recants_no_more(columns):
    dag = f"{CHAIN}; a -> l; l -> m1; l -> y"
    found = path_specific_effects(columns, "a", "y", ["l", "m1", "m2"], dag=dag, **QUICK)
    assert found.names[-1] == "through l"


def test_a_fork_after_a_mediator_is_no_witness_yet_refused(columns):
    dag = "a -> m1; m1 -> l; l -> m2; l -> y; m2 -> y; a -> m2"
    text = refused(columns, dag, ["m1", "m2"])
    assert "l is changed by a and forks: a -> m1 -> l -> m2 and a -> m1 -> l -> y" in text
    path_specific_effects(columns, "a", "y", ["m1", "l", "m2"], dag=dag, **QUICK)


def test_a_latent_cause_is_to_be_measured(columns):
    text = refused(columns, CHAIN + "; u [latent]; u -> m1; u -> y", ["m1", "m2"])
    assert "the path-specific effects of a on y through m1, then m2" in text
    assert "Measure u" in text
    text = refused(columns, CHAIN + "; u [latent]; a -> u; u -> m1; u -> y", ["m1", "m2"])
    assert "u is a recanting witness" in text
    assert "it is latent: measure it" in text


# -- the order of a graph --------------------------------------------------------------------


def order_notes(effects) -> str:
    return " ".join(note for note in effects.design.notes if "order of the graph" in note)


def test_a_graph_gives_the_mediators_and_their_order(columns):
    dag = CHAIN + "; w -> {a y}; a -> l"  # l leads nowhere
    shuffled = columns[columns.columns[::-1]]  # m2 before m1
    found = path_specific_effects(shuffled, "a", "y", dag=dag, **QUICK)
    assert found.names == ("TE", "direct", "through m2", "through m1")
    named = path_specific_effects(shuffled, "a", "y", ["m1", "m2"], "w", dag=dag, **QUICK)
    assert_array_equal(found.influence, named.influence)
    assert order_notes(found).endswith("in the order of the graph: m1, then m2.")
    assert order_notes(found) in found.summary()
    checked = path_specific_effects(
        columns, "a", "y", None, ["w", "z"], dag=f"{dag}; z -> a", **QUICK
    )
    assert checked.design.covariates == ("w", "z")


def test_ties_are_broken_by_the_columns_of_data(columns):
    dag = "a -> {m2 m1 l} -> y; a -> y"
    for names in (["m1", "m2", "l"], ["l", "m1", "m2"]):
        data = columns[["a", *names, "y"]]
        found = path_specific_effects(data, "a", "y", dag=dag, **QUICK)
        assert found.design.mediators == tuple((name,) for name in names)
        assert "leaves the order open, it is that of the columns of data" in order_notes(found)


def test_what_cannot_be_told_apart_is_one_mediator(columns):
    dag = CHAIN + "; m1 <-> m2; m2 -> l -> y; m1 -> l"
    found = path_specific_effects(columns, "a", "y", dag=dag, **QUICK)
    assert found.names == ("TE", "direct", "through l", "through m1, m2")
    assert "m1 and m2 cannot be told apart, for m1 <-> m2 stays open." in order_notes(found)
    assert found.recipe.estimand.words["through l"] == "not through m1, m2"
    far = path_specific_effects(columns, "a", "y", dag=f"{dag}; m1 <-> l", **QUICK)
    assert far.names == ("TE", "direct", "through m1, m2, l")
    # u recants for m1 and m2, but not for the two together
    witness = "a -> u; u [latent]; u -> {m1 m2} -> y; a -> y"
    found = path_specific_effects(columns, "a", "y", dag=witness, **QUICK)
    assert found.names[-1] == "through m1, m2"
    assert "m1 <- u -> m2 stays open" in order_notes(found)
    # measured, v parts them; left out of the covariates that are named, it does not
    dag = CHAIN + "; v -> {m1 m2}"
    assert path_specific_effects(columns, "a", "y", dag=dag, **QUICK).names[-1] == "through m1"
    found = path_specific_effects(columns, "a", "y", None, [], dag=dag, **QUICK)
    assert found.names[-1] == "through m1, m2"


def test_a_witness_that_no_group_holds_is_named(columns):
    dag = "a -> u; u [latent]; u -> {m1 m2 y}; {m1 m2} -> y"
    assert "u is a recanting witness: a -> u -> m1 and a -> u -> y" in refused(columns, dag, None)
    assert "Measure what m1 and y share" in refused(columns, CHAIN + "; m1 <-> y", None)
    text = refused(columns, "a -> y; w -> {a y}", None)
    assert "no measured node lies on a directed path from a to y" in text


# -- bad input -------------------------------------------------------------------------------


def test_no_mediators_need_a_graph(columns):
    with pytest.raises(DataError, match="at least one mediator"):
        path_specific_effects(columns, "a", "y", None, "w", **QUICK)


@pytest.mark.parametrize(
    ("mediators", "words"),
    [
        ([], "at least one mediator"),
        ([[], ["m1"]], "group 1 of the 2 ordered mediators is empty"),
        (["m1", "m2", "m1"], "mediator 'm1' stands in places 1 and 3"),
        (["m1", ["m2", "m1"]], "mediator 'm1' stands in places 1 and 2"),
        (["m1", "a"], "'a' is both the exposure and a mediator"),
        (["m1", "m3"], "no column 'm3'"),
    ],
)
@pytest.mark.parametrize("dag", [None, CHAIN + "; w -> y"])
def test_bad_mediators(columns, mediators, words, dag):
    with pytest.raises(DataError, match=words):
        path_specific_effects(columns, "a", "y", mediators, "w", dag=dag, **QUICK)


# -- coverage --------------------------------------------------------------------------------

# linear: direct .3; by m2 alone .4 * .5; by m1 .5 * (.4 + .5 * .5)
TRUTH = {"TE": 0.825, "direct": 0.3, "through m2": 0.2, "through m1": 0.325}
LEAST = binom.ppf(1e-4, 40, 0.93)  # fewer of 40 happen once in 10,000


def linear(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    w, e1, e2, e3 = rng.normal(size=(4, n))
    a = (rng.uniform(size=n) < expit(0.5 * w)).astype(int)
    m1 = 0.5 * a + 0.5 * w + e1
    m2 = 0.4 * a + 0.5 * m1 + 0.3 * w + e2
    y = 0.3 * a + 0.4 * m1 + 0.5 * m2 + 0.5 * w + e3
    return pd.DataFrame({"w": w, "a": a, "m1": m1, "m2": m2, "y": y})


def hits(mediators, covariates) -> dict[str, int]:
    found = dict.fromkeys(TRUTH, 0)
    for seed in range(40):
        data = linear(500, seed)
        effects = path_specific_effects(
            data, "a", "y", mediators, covariates, **{**QUICK, "seed": seed}
        )
        for term, truth in TRUTH.items():
            error = abs(effects.values[term] - truth)
            found[term] += bool(error <= 1.96 * effects.std_error[term])
    return found


def test_intervals_cover():
    for term, found in hits(["m1", "m2"], "w").items():
        assert found >= LEAST, term


def test_intervals_of_a_wrong_analysis_do_not():
    """The test above can fail: m1 second takes the effect of m2 for its own."""
    assert hits(["m2", "m1"], "w")["through m1"] < LEAST
    assert hits(["m1", "m2"], None)["TE"] < LEAST
