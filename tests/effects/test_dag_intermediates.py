"""A graph and intermediates: covariates chosen, checked and refused; intermediates suggested."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import causalif as cif
from causalif.errors import DataError, DataWarning, NotIdentified
from tests.refusals import NEVER

QUICK = {"learners": "glm", "seed": 1, "folds": 2, "progress": False}
GRAPH = "a -> {l m y}; l -> {m y}; m -> y; w -> {a y}; v -> {m y}; z -> a; x -> {l m}"
AMID = {"intermediates": "l"}
DRAWN = {"estimand": "interventional", **AMID}


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    names = ["y", "v", "w", "a", "m", "l", "k", "z", "x"]
    return pd.DataFrame(rng.integers(0, 2, size=(400, len(names))), columns=names)


def drawn(data, covariates=None, **options):
    return cif.mediate(data, "a", "y", "m", covariates, **{**DRAWN, **QUICK, **options})


def held(data, covariates=None, **options):
    return cif.controlled_direct_effect(
        data, "a", "y", "m", covariates, **{**AMID, **QUICK, **options}
    )


def same(one, other):
    assert_array_equal(one.values, other.values)
    assert_array_equal(one.influence, other.influence)


# -- chosen and checked --------------------------------------------------------------------------


@pytest.mark.parametrize("effect", [drawn, held])
def test_chosen_covariates_give_what_naming_them_gives(data, effect):
    found = effect(data, dag=GRAPH)
    # w for the exposure, v for the mediator; z is next to the exposure, and l blocks what x does
    assert found.design.covariates == ("v", "w")  # in the order of the data
    assert found.design.intermediates == ("l",)
    assert found.design.adjustment.chosen
    same(found, effect(data, ["v", "w"]))
    assert "Not needed: z, x." in found.design.adjustment.reason
    assert found.design.adjustment.reason in found.summary()


def test_what_is_said_of_the_choice(data):
    assert "the mediators are drawn given these" in drawn(data, dag=GRAPH).summary()
    assert "no set is known to be best" in held(data, dag=GRAPH).summary()


@pytest.mark.parametrize("effect", [drawn, held])
def test_covariates_that_serve_are_used_as_named(data, effect):
    found = effect(data, ["w", "z", "v"], dag=GRAPH)
    same(found, effect(data, ["w", "z", "v"]))
    assert not found.design.adjustment.chosen
    assert "w, z, v, identify the" in found.design.adjustment.reason
    assert "with the intermediate l" in found.design.adjustment.reason


@pytest.mark.parametrize("effect", [drawn, held])
def test_intermediates_may_be_an_iterator_or_a_term(data, effect):
    same(effect(data, dag=GRAPH, intermediates=iter(["l"])), effect(data, dag=GRAPH))


def test_a_formula_beside_a_graph(data):
    by_formula = cif.mediate("y ~ a | m", data, dag=GRAPH, **DRAWN, **QUICK)
    same(by_formula, drawn(data, dag=GRAPH))


def test_groups_of_rows_beside_a_graph(data):
    found = drawn(data, dag=GRAPH, by="z")
    assert set(found.design.covariates) == {"v", "w", "z"}
    same(found, drawn(data, list(found.design.covariates), by="z"))


# -- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", [drawn, held])
@pytest.mark.parametrize(
    ("covariates", "dag", "message"),
    [
        (["w"], GRAPH, r"\{w\} does not identify .* m <- v -> y stays open\. Adjust for v, w"),
        (["v"], GRAPH, r"\{v\} does not identify .* a <- w -> y stays open\. Adjust for v, w"),
        (["v", "w", "k"], GRAPH + "; l -> k", r"no covariate is changed .* k is changed along a"),
        (None, GRAPH + "; v [latent]", r"m <- v -> y stays open and v is latent\. Measure v"),
        (None, GRAPH + "; a -> k -> {m y}", r"m <- k -> y .*intermediates=\['l', 'k'\]"),
        (None, GRAPH + "; m -> k -> l", "the graph has a cycle"),
        (None, "y -> a -> l -> m", "reversed order: y comes before a"),
    ],
)
def test_refusals_before_any_fit(data, effect, covariates, dag, message):
    with pytest.raises((NotIdentified, DataError), match=message):
        effect(data, covariates, dag=dag, learners=NEVER)


@pytest.mark.parametrize("effect", [drawn, held])
def test_intermediates_out_of_place(data, effect):
    dag = GRAPH + "; m -> k -> y"
    with pytest.raises(NotIdentified, match=r"k is changed along m -> k\. l is .*\['l'\]"):
        effect(data, dag=dag, intermediates="k", learners=NEVER)
    with pytest.raises(NotIdentified, match=r"m -> k\. Leave intermediates= out"):
        effect(data, dag="a -> m -> k -> y", intermediates="k", learners=NEVER)


@pytest.mark.parametrize("effect", [drawn, held])
def test_every_problem_of_the_names_in_one_error(data, effect):
    with pytest.raises(DataError) as caught:
        effect(data, dag=GRAPH, intermediates=["q", "k"], learners=NEVER)
    assert "intermediate 'q' is not in the graph" in str(caught.value)
    assert "intermediate 'k' is not in the graph" in str(caught.value)
    assert "no column 'q' in data" in str(caught.value)
    with pytest.raises(DataError, match="intermediate 'l' is latent"):
        effect(data, dag=GRAPH + "; l [latent]", learners=NEVER)
    for role in ("m", "w", "a"):
        with pytest.raises(DataError, match=f"column '{role}' is both"):
            effect(data, ["w", "v"], dag=GRAPH, intermediates=role, learners=NEVER)


def test_a_mediator_before_the_exposure(data):
    dag = "m -> a -> l -> y; m -> y"
    with pytest.raises(NotIdentified, match="reversed order: m comes before a"):
        drawn(data, dag=dag, learners=NEVER)
    with pytest.raises(NotIdentified, match="a is changed along m -> a"):
        held(data, dag=dag, learners=NEVER)


@pytest.mark.parametrize("estimand", ["natural", "interventional"])
def test_without_intermediates_the_message_names_them(data, estimand):
    text = r"l is changed by a and drives both mediators and outcome: .*intermediates=\['l'\]"
    with pytest.raises(NotIdentified, match=text):
        cif.mediate(data, "a", "y", "m", estimand=estimand, dag=GRAPH, learners=NEVER)
    with pytest.raises(NotIdentified, match=r"name it, controlled_direct_effect\(\.\., inter"):
        held(data, intermediates=None, dag=GRAPH, learners=NEVER)
    # what is named serves
    assert drawn(data, dag=GRAPH).design.intermediates == ("l",)


# -- doubted -------------------------------------------------------------------------------------


def test_an_effect_that_the_graph_denies_is_a_test_of_the_graph(data):
    with pytest.warns(DataWarning, match="all of the effect of a on y runs through m"):
        held(data, dag="a -> l -> m -> y; u -> {l y}; u [latent]")
    with pytest.warns(DataWarning, match="no effect of a on y runs through m"):
        drawn(data, dag="a -> l -> y; m -> y; a -> y")
