"""The whole analysis: words, options, bad input, halves, rates of false pathways."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from causalif.errors import DataError
from causalif.sigma.analysis import sigma_analysis
from causalif.sigma.learn import dag_posterior
from tests.sigma.posteriors import dag, of_graphs

TIERS = [["C"], ["A"], ["M"], ["Y"]]
FAST = {"method": "exact", "score": "bge", "learners": "glm", "seed": 1}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    c = rng.normal(size=500)
    a = 0.5 * c + rng.normal(size=500)
    m = 0.6 * a + rng.normal(size=500)
    y = 0.6 * m + 0.4 * c + rng.normal(size=500)
    return pd.DataFrame({"C": c, "A": a, "M": m, "Y": y})


@pytest.fixture(scope="module")
def result(data):
    return sigma_analysis(data, "A", "Y", tiers=TIERS, **FAST)


def test_columns_are_those_of_the_contract(result):
    assert list(result.pathways.columns) == [
        "path", "stability", "mc_error", "effect", "std_error", "within_var", "between_var",
        "conf_low", "conf_high",
    ]  # fmt: skip
    assert (result.pathways["stability"].diff().dropna() <= 0).all()
    assert result.tidy()["path"].iloc[0] == "total"
    assert result.posterior.is_exact


def test_the_pathway_is_found_and_its_interval_covers(result):
    row = result.pathways.set_index("path").loc["A -> M -> Y"]
    assert row["stability"] > 0.99
    assert row["mc_error"] == 0
    assert row["conf_low"] < 0.36 < row["conf_high"]  # .6 x .6
    assert result.stable[0] == "A -> M -> Y"
    assert result.mediators.set_index("mediator").loc["M", "stability"] > 0.99


def test_without_order_the_summary_says_which_would_settle_it(data):
    text = sigma_analysis(data, "A", "Y", **FAST).summary()
    assert "the data do not tell the order of A and M" in text
    assert "Were A known to come first (tiers)" in text


def test_pathways_are_chosen_by_their_expected_false_share():
    graphs = [dag("AM MY AN NY", "AMNY"), dag("AM MY AY", "AMNY"), dag("AM MY", "AMNY")]
    posterior = of_graphs(graphs, [0.6, 0.35, 0.05])
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(200, 4)), columns=list("AMNY"))

    def stable(**options):
        return sigma_analysis(
            frame, "A", "Y", posterior=posterior, learners="glm", folds=1, **options
        ).stable

    # stabilities 1, .6, .35: expected shares of absent ones 0, .2, .35
    assert stable() == ["A -> M -> Y", "A -> N -> Y"]
    assert stable(threshold=0.7) == ["A -> M -> Y"]
    assert stable(fdr=0.21) == ["A -> M -> Y", "A -> N -> Y"]
    assert stable(fdr=0.36) == ["A -> M -> Y", "A -> N -> Y", "A -> Y"]
    assert stable(fdr=0.0) == ["A -> M -> Y"]


def test_concurrent_pathways():
    graphs = [dag("AM MY AN NY", "AMNY"), dag("AM MY", "AMNY"), dag("AN NY", "AMNY")]
    posterior = of_graphs(graphs, [0.5, 0.3, 0.2])
    frame = pd.DataFrame(np.random.default_rng(2).normal(size=(200, 4)), columns=list("AMNY"))
    result = sigma_analysis(frame, "A", "Y", posterior=posterior, learners="glm", folds=1)
    row = result.concurrent().iloc[0]
    assert_allclose([row["together"], row["either"]], [0.5, 1.0])


def test_halves_are_exchanged_and_averaged(data):
    result = sigma_analysis(data, "A", "Y", tiers=TIERS, split=True, **FAST)
    assert len(result.halves) == 2
    one, two = (half.rows for half in result.halves)
    assert set(one) | set(two) == set(range(500))
    assert set(one).isdisjoint(two)
    for half in result.halves:
        assert half.posterior.settings["rows"] == 250
    path = ("A", "M", "Y")
    effects = [half.effects[path].mixture.value for half in result.halves]
    row = result.pathways.set_index("path").loc["A -> M -> Y"]
    assert_allclose(row["effect"], np.mean(effects))
    # Two halves that estimate one term have half the variance of each; others keep theirs.
    within = np.sum([half.effects[path].mixture.within for half in result.halves])
    assert within / 4 <= row["within_var"] * (1 + 1e-12) <= 1.2 * within / 4
    errors = [half.effects[path].influence for half in result.halves]
    variance = sum((rows**2).sum() / 250**2 for rows in errors) / 4
    assert_allclose(result.effects.std_error["A -> M -> Y"] ** 2, variance, rtol=1e-6)
    assert "different halves" in result.summary()


def test_two_levels_are_compared(data):
    binary = data.assign(A=(data["A"] > 0).astype(int))
    result = sigma_analysis(binary, "A", "Y", tiers=TIERS, **{**FAST, "score": "mixed"})
    assert "1 compared with 0" in result.summary()
    low_high = sigma_analysis(
        data, "A", "Y", tiers=TIERS, levels=((-3, -0.1), (0.1, 3)), **FAST
    )  # windows
    assert low_high.total["effect"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"exposure": "B"}, "exposure 'B' is no node"),
        ({"outcome": "A"}, "both exposure and outcome"),
        ({"threshold": 2}, "threshold=2 is not between 0 and 1"),
        ({"fdr": "x"}, "fdr='x'"),
        ({"coverage": 1.2}, "coverage=1.2"),
        ({"level": 1}, "level=1"),
        ({"columns": ["A", "Y", "Z"]}, "no column 'Z'"),
        ({"split": 1}, "split=1"),
        ({"max_length": 0}, "max_length=0"),
        ({"learners": "gml"}, "gml"),
        ({"folds": 0}, "folds=0"),
        ({"seed": -1}, "seed=-1"),
        ({"estimator": "tmel"}, "tmel"),
        ({"tiers": [["Y"], ["A"]], "required": "A -> Y"}, "required arrow A -> Y goes back"),
        ({"required": "A -> Y; Y -> A"}, "cycle"),
        ({"method": "exakt"}, "exakt"),
        ({"score": "bgee"}, "bgee"),
        ({"samples": 0}, "samples=0"),
    ],
)
def test_bad_arguments_are_one_error_before_any_work(data, arguments, message):
    given = {"exposure": "A", "outcome": "Y", **FAST, **arguments}
    with pytest.raises(DataError, match=message):
        sigma_analysis(data, given.pop("exposure"), given.pop("outcome"), **given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(M=d["M"].where(d["M"] > -2)), "column 'M' is missing in"),
        (lambda d: d.assign(M=1.0), "one value in all"),
        (lambda d: d.assign(M=np.where(d["M"] > 0, "high", "low")), "score='bge' reads numbers"),
        (lambda d: d.head(3), "3 rows are fewer than 4 columns"),
        (lambda d: d.assign(A=pd.cut(d["A"], 3, labels=[0, 1, 2]).astype(int)), "compares two"),
    ],
)
def test_bad_data_is_told_by_column(data, change, message):
    before = data.copy()
    with pytest.raises(DataError, match=message):
        sigma_analysis(change(data), "A", "Y", **FAST)
    pd.testing.assert_frame_equal(data, before)


def test_too_many_columns_for_sums():
    wide = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 15)))
    with pytest.raises(DataError, match="15 columns are too many"):
        dag_posterior(wide, method="exact", score="bge")


def test_a_posterior_of_other_columns_is_refused(data):
    posterior = of_graphs([dag("AB BY", "ABY")], [1])
    with pytest.raises(DataError, match="node 'B' of the posterior is no column"):
        sigma_analysis(data, "A", "Y", posterior=posterior)
    fine = of_graphs([dag("AM MY", "AMY")], [1])
    with pytest.raises(DataError, match="given beside posterior"):
        sigma_analysis(data, "A", "Y", posterior=fine, tiers=TIERS)
    with pytest.raises(DataError, match="split=True learns graphs"):
        sigma_analysis(data, "A", "Y", posterior=fine, split=True)


def test_no_path_at_all():
    frame = pd.DataFrame(np.random.default_rng(1).normal(size=(100, 3)), columns=list("AMY"))
    result = sigma_analysis(frame, "A", "Y", posterior=of_graphs([dag("YA", "AMY")], [1]))
    assert result.pathways.empty
    assert result.total["effect"] == 0
    assert "directed path" in result.summary()


def test_n_jobs_changes_no_number(data):
    one, two = (
        sigma_analysis(data, "A", "Y", tiers=TIERS, n_jobs=jobs, **FAST).tidy() for jobs in (1, 2)
    )
    pd.testing.assert_frame_equal(one, two)
