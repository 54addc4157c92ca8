"""Effects that take a graph: the covariates it chooses, checks and refuses."""

from __future__ import annotations

import pickle

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import causalif as cif
from causalif.errors import DataError, DataWarning, NotIdentified
from tests.refusals import NEVER

QUICK = {"learners": "glm", "seed": 1, "progress": False}
ARROWS = [
    ("age", "treat"), ("age", "depress2"), ("treat", "depress2"), ("treat", "job_seek"),
    ("job_seek", "depress2"), ("sex", "job_seek"), ("sex", "depress2"), ("econ_hard", "treat"),
]  # fmt: skip
HIDDEN = [("u", "treat"), ("u", "depress2")]
THROUGH = [("treat", "job_seek"), ("job_seek", "depress2")]


@pytest.fixture(scope="module")
def jobs() -> pd.DataFrame:
    return cif.load_dataset("jobs")


def graph(arrows, latent=()) -> nx.DiGraph:
    found = nx.DiGraph(arrows)
    for node in latent:
        found.nodes[node]["latent"] = True
    return found


def same(one, other):
    assert_array_equal(one.values, other.values)
    assert_array_equal(one.influence, other.influence)


# -- chosen ----------------------------------------------------------------------------------


def test_chosen_covariates_give_what_naming_them_gives(jobs):
    chosen = cif.average_effect(jobs, "treat", "depress2", dag=ARROWS, **QUICK)
    # parents of the causal nodes {job_seek, depress2} that are not causal nodes or treat
    assert chosen.design.covariates == ("sex", "age")  # in the order of the data
    same(chosen, cif.average_effect(jobs, "treat", "depress2", ["sex", "age"], **QUICK))
    assert chosen.design.adjustment.chosen
    (note,) = [text for text in chosen.design.notes if text.startswith("graph: ")]
    assert "adjusted for sex, age" in note
    assert "least asymptotic variance" in note
    assert "Not needed: econ_hard." in note
    assert "Changed by treat, so left out: job_seek." in note
    assert note in chosen.summary()


def test_mediation_is_given_one_set_for_its_three_arrows(jobs):
    arrows = [*ARROWS, ("econ_hard", "job_seek")]
    by_formula = cif.mediate("depress2 ~ treat | job_seek", jobs, dag=arrows, **QUICK)
    assert set(by_formula.design.covariates) == {"age", "sex", "econ_hard"}
    named = list(by_formula.design.covariates)
    same(by_formula, cif.mediate(jobs, "treat", "depress2", "job_seek", named, **QUICK))
    same(by_formula, cif.mediate(jobs, "treat", "depress2", "job_seek", dag=arrows, **QUICK))


def test_nothing_to_adjust_for(jobs):
    found = cif.average_effect("depress2 ~ treat", jobs, dag=[("treat", "depress2")], **QUICK)
    same(found, cif.average_effect(jobs, "treat", "depress2", **QUICK))
    assert "nothing to adjust for" in found.design.adjustment.reason


def test_what_the_graph_said_is_kept(jobs):
    dag = graph([*ARROWS, ("v", "age"), ("v", "sex")], latent="v")
    found = cif.average_effect(jobs, "treat", "depress2", dag=dag, **QUICK)
    found = pickle.loads(pickle.dumps(found))
    assert found.design.adjustment.latent == ("v",)
    assert "Not needed: econ_hard." in found.design.adjustment.reason
    assert "Latent: v." in found.design.adjustment.reason
    assert "of all valid sets" in found.design.adjustment.reason  # the parents are measured
    assert found.refit(np.arange(800)).design.adjustment == found.design.adjustment
    assert list(dag) == list(graph([*ARROWS, ("v", "age"), ("v", "sex")]))


def test_less_is_said_where_a_parent_is_latent(jobs):
    dag = graph([*ARROWS, ("v", "age"), ("v", "depress2")], latent="v")
    found = cif.average_effect(jobs, "treat", "depress2", dag=dag, **QUICK)
    assert "no minimal valid set" in found.design.adjustment.reason  # Smucler et al., Prop. 1


def test_nodes_that_are_numbers_are_columns_that_are_numbers(jobs):
    columns = {"treat": 0, "depress2": 1, "age": 2}
    data = jobs[list(columns)].rename(columns=columns)
    found = cif.average_effect(data, 0, 1, dag=[(2, 0), (2, 1), (0, 1)], **QUICK)
    named = cif.average_effect(data, 0, 1, [2], **QUICK)
    assert found.values["TE"] == named.values["TE"]


def test_clusters_and_weights_are_no_part_of_the_graph(jobs):
    rows = np.arange(len(jobs))
    data = jobs.assign(site=rows % 100, share=1.0 + rows % 3)
    options = {"clusters": "site", "weights": "share", **QUICK}
    chosen = cif.average_effect(data, "treat", "depress2", dag=ARROWS, **options)
    same(chosen, cif.average_effect(data, "treat", "depress2", ["sex", "age"], **options))


def test_nhefs_from_a_graph_as_by_hand():
    """Smoking cessation and weight gain (Hernan & Robins 2020, chapter 12)."""
    data = cif.load_dataset("nhefs").dropna(subset=["wt82_71"])
    before = ["sex", "age", "race", "education", "smokeintensity", "smokeyrs", "exercise"]
    before += ["active", "wt71"]
    arrows = [(name, node) for name in before for node in ("qsmk", "wt82_71")]
    arrows += [("qsmk", "wt82_71"), ("age", "smokeyrs"), ("sex", "wt71"), ("price71", "qsmk")]
    chosen = cif.average_effect(data, "qsmk", "wt82_71", dag=arrows, **QUICK)
    assert set(chosen.design.covariates) == set(before)  # price71 is an instrument
    in_order = [name for name in data.columns if name in before]
    same(chosen, cif.average_effect(data, "qsmk", "wt82_71", in_order, **QUICK))
    # the book's estimate by standardisation is 3.5 kg (95% interval 2.6 to 4.5)
    assert 2.6 < chosen.values["TE"] < 4.5


# -- checked -----------------------------------------------------------------------------------


def test_covariates_that_serve_are_used_as_named(jobs):
    names = ["econ_hard", "sex", "age"]
    found = cif.average_effect(jobs, "treat", "depress2", names, dag=ARROWS, **QUICK)
    same(found, cif.average_effect(jobs, "treat", "depress2", names, **QUICK))
    assert not found.design.adjustment.chosen
    assert "econ_hard, sex, age, identify the effect" in found.design.adjustment.reason
    assert "sex, age would give" in found.design.adjustment.reason


def test_formula_terms_are_judged_by_the_columns_in_them(jobs):
    formula = "depress2 ~ treat | log(age) + C(sex) + I(age**2)"
    found = cif.average_effect(formula, jobs, dag=ARROWS, **QUICK)
    assert found.design.covariates == ("log(age)", "C(sex)", "I(age ** 2)")
    with pytest.raises(NotIdentified, match=r"\{sex\} does not identify .* treat <- age ->"):
        cif.average_effect("depress2 ~ treat | C(sex)", jobs, dag=ARROWS, learners=NEVER)
    found = cif.average_effect("log(depress2) ~ treat | age", jobs, dag=ARROWS, **QUICK)
    assert found.design.outcome.name == "log(depress2)"
    with pytest.raises(DataError, match="made of 2 columns, and a graph needs one node"):
        cif.average_effect("I(depress2 - age) ~ treat", jobs, dag=ARROWS, learners=NEVER)


def test_covariates_may_be_an_iterator(jobs):
    names = iter(["sex", "age"])
    found = cif.average_effect(jobs, "treat", "depress2", names, dag=ARROWS, **QUICK)
    assert found.design.covariates == ("sex", "age")


def test_a_mediator_is_refused_as_covariate(jobs):
    with pytest.raises(NotIdentified, match=r"job_seek.*Adjust for sex, age"):
        cif.average_effect(
            jobs, "treat", "depress2", ["age", "job_seek"], dag=ARROWS, learners=NEVER
        )


def test_a_set_that_nothing_repairs_names_what_to_measure(jobs):
    dag = graph([*HIDDEN, ("treat", "depress2"), ("age", "depress2")], latent="u")
    with pytest.raises(NotIdentified, match=r"treat <- u -> depress2 .* latent\. Measure u"):
        cif.average_effect(jobs, "treat", "depress2", "age", dag=dag, learners=NEVER)
    with pytest.raises(NotIdentified, match=r"treat <- u -> depress2 .* latent\. Measure u"):
        cif.average_effect(jobs, "treat", "depress2", dag=dag, learners=NEVER)


# -- refused or doubted ------------------------------------------------------------------------


def test_every_problem_of_graph_and_call_in_one_error(jobs):
    with pytest.raises(DataError) as caught:
        cif.mediate(
            jobs, "tret", "depress2", "job_sek", dag=[*ARROWS, ("agee", "sex")],
            method="tmel", learners=NEVER,
        )  # fmt: skip
    for part in (
        "method='tmel'",
        "node 'agee' of the graph is no column of data. Did you mean 'age'?",
        "agee [latent]",
        "exposure 'tret' is not in the graph. Did you mean 'treat'?",
        "no column 'tret' in data",
        "mediator 'job_sek' is not in the graph. Did you mean 'job_seek'?",
    ):
        assert part in str(caught.value)


def test_mediators_out_of_place(jobs):
    with pytest.raises(NotIdentified, match=r"reversed order: age comes before treat"):
        cif.mediate(jobs, "treat", "depress2", "age", dag=ARROWS, learners=NEVER)
    arrows = [("treat", "depress2"), ("depress2", "job_seek")]
    with pytest.raises(NotIdentified, match=r"reversed order: depress2 comes before job_seek"):
        cif.mediate(jobs, "treat", "depress2", "job_seek", dag=arrows, learners=NEVER)


def test_what_the_exposure_changes_and_drives_both_is_refused(jobs):
    arrows = [*ARROWS, ("treat", "econ_hard"), ("econ_hard", "job_seek"), ("econ_hard", "depress2")]
    arrows.remove(("econ_hard", "treat"))
    with pytest.raises(NotIdentified, match="interventional effects"):
        cif.mediate(jobs, "treat", "depress2", "job_seek", dag=arrows, learners=NEVER)


def test_an_effect_that_the_graph_denies_is_a_test_of_the_graph(jobs):
    with pytest.warns(DataWarning, match="by the graph treat has no effect on depress2"):
        found = cif.average_effect(
            jobs, "treat", "depress2", dag=[("age", "treat"), ("age", "depress2")], **QUICK
        )
    assert found.design.covariates == ("age",)
    assert "speaks against the graph" in found.summary()
    arrows = [("treat", "depress2"), ("job_seek", "depress2")]
    with pytest.warns(DataWarning, match="no effect .* runs through job_seek"):
        cif.mediate(jobs, "treat", "depress2", "job_seek", dag=arrows, **QUICK)


# -- the front door ----------------------------------------------------------------------------


def test_the_front_door_opens_when_nothing_else_serves(jobs):
    arrows = [*HIDDEN, *THROUGH, ("age", "job_seek"), ("age", "depress2")]
    found = cif.average_effect(jobs, "treat", "depress2", dag=graph(arrows, "u"), **QUICK)
    assert found.design.mediators == (("job_seek",),)
    assert found.design.covariates == ("age",)
    assert found.design.adjustment.strategy == "front door"
    assert "treat <- u -> depress2 stays open" in found.design.adjustment.reason
    assert "through job_seek given age" in found.summary()
    assert "All of the effect of treat on depress2 runs through job_seek" in found.summary()
    assert found.label == "front-door total effect of treat on depress2"
    assert list(found.values.index) == ["TE"]
    # an arrow with two heads is a latent node that has no name
    text = "treat <-> depress2; treat -> job_seek -> depress2; age -> {job_seek depress2}"
    same(found, cif.average_effect(jobs, "treat", "depress2", dag=text, **QUICK))
    # measured, u would be adjusted for
    measured = jobs.assign(u=np.arange(len(jobs)) % 7)
    found = cif.average_effect(measured, "treat", "depress2", dag=arrows, **QUICK)
    assert found.design.adjustment.strategy == "covariates"
    assert found.design.mediators == ()


def test_covariates_named_where_only_the_front_door_serves(jobs):
    dag = graph([*HIDDEN, *THROUGH], "u")
    with pytest.raises(NotIdentified, match=r"mediators \(the front door\): leave out cov"):
        cif.average_effect(jobs, "treat", "depress2", "age", dag=graph(
            [*dag.edges, ("age", "depress2")], "u"), learners=NEVER)  # fmt: skip


def test_the_front_door_takes_no_windows_of_a_continuous_exposure(jobs):
    dag = graph([("u", "econ_hard"), ("u", "depress2"), ("econ_hard", "job_seek"), THROUGH[1]], "u")
    with pytest.raises(DataError, match=r"averages over every level .* stands for many values"):
        cif.average_effect(
            jobs, "econ_hard", "depress2", dag=dag, levels=((1, 2), (3, 4)), learners=NEVER
        )
