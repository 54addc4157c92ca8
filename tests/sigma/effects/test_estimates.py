"""Effects in known graphs: against least squares, the saturated engine, and truth."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose

import causalif as cif
from causalif.errors import PositivityWarning
from causalif.sigma.analysis import sigma_analysis
from causalif.sigma.effects.study import groups_of
from tests.sigma.posteriors import certain, dag, of_graphs
from tests.truth.learners import CellMeans, CellShares
from tests.truth.linear_graphs import LinearGraph

SATURATED = {"outcome": CellMeans(), "exposure": CellShares(), "intermediate": CellShares()}


def linear_data(text, nodes, rng, rows=400):
    graph = dag(text, nodes)
    slopes = np.zeros((len(nodes), len(nodes)))
    for tail, head in graph.edges:
        slopes[nodes.index(tail), nodes.index(head)] = rng.uniform(0.4, 0.9)
    law = LinearGraph(tuple(nodes), slopes)
    return graph, law, pd.DataFrame(law.sample(rows, rng), columns=list(nodes))


def least_squares(data, child, parents):
    """Coefficients, and influence values of each (White's): textbook formulas."""
    X = sm.add_constant(data[parents].to_numpy())
    fit = sm.OLS(data[child].to_numpy(), X).fit()
    bread = np.linalg.inv(X.T @ X / len(X))
    return fit.params, (X * fit.resid[:, None]) @ bread, fit.HC0_se


def test_a_path_per_unit_is_a_product_of_least_squares_slopes():
    graph, _, data = linear_data("CA CY AM MY AY", "CAMY", np.random.default_rng(1))
    result = sigma_analysis(data, "A", "Y", posterior=certain(graph), learners="glm", folds=1)
    first, first_rows, _ = least_squares(data, "M", ["A"])
    second, second_rows, errors = least_squares(data, "Y", ["A", "M", "C"])
    # Frisch, Waugh & Lovell: residuals on residuals are the coefficient of the long regression.
    table = result.pathways.set_index("path")
    assert_allclose(table.loc["A -> Y", "effect"], second[1], rtol=1e-10)
    assert_allclose(table.loc["A -> Y", "std_error"], errors[1], rtol=1e-10)
    assert_allclose(table.loc["A -> M -> Y", "effect"], first[1] * second[2], rtol=1e-10)
    rows = first_rows[:, 1] * second[2] + first[1] * second_rows[:, 2]
    assert_allclose(result.effects.influence["A -> M -> Y"], rows, atol=1e-9)
    assert_allclose(
        table.loc["A -> M -> Y", "std_error"], np.sqrt((rows**2).sum()) / len(data), rtol=1e-10
    )


def test_total_per_unit_is_the_sum_of_all_paths():
    graph, _, data = linear_data("AM AN MN MY NY AY", "AMNY", np.random.default_rng(2))
    result = sigma_analysis(data, "A", "Y", posterior=certain(graph), learners="glm", folds=1)
    assert len(result.pathways) == 4
    assert_allclose(result.total["effect"], result.pathways["effect"].sum(), rtol=1e-10)
    # Without arrows missing, all that A does is its slope in the short regression.
    assert_allclose(result.total["effect"], least_squares(data, "Y", ["A"])[0][1], rtol=1e-9)


def binary_data(rng, rows=3000):
    c = rng.integers(0, 2, rows)
    a = (rng.random(rows) < 0.3 + 0.4 * c).astype(int)
    m = (rng.random(rows) < 0.2 + 0.3 * a + 0.2 * c).astype(int)
    n = (rng.random(rows) < 0.2 + 0.3 * m + 0.2 * a).astype(int)
    y = (rng.random(rows) < 0.1 + 0.2 * n + 0.3 * m + 0.1 * a + 0.1 * c).astype(int)
    return pd.DataFrame({"C": c, "A": a, "M": m, "N": n, "Y": y})


def test_in_one_graph_the_effects_are_those_of_mediate():
    data = binary_data(np.random.default_rng(3))[["C", "A", "M", "Y"]]
    graph = dag("CA CM CY AM MY AY", "CAMY")
    given = {"learners": SATURATED, "folds": 1, "truncate": 0}
    result = sigma_analysis(data, "A", "Y", posterior=certain(graph), **given)
    other = cif.mediate(data, "A", "Y", "M", dag=graph, **given)
    table = result.pathways.set_index("path")
    for path, term in (("A -> M -> Y", "NIE"), ("A -> Y", "NDE")):
        assert_allclose(table.loc[path, "effect"], other.values[term], rtol=1e-9)
        assert_allclose(table.loc[path, "std_error"], other.std_error[term], rtol=1e-9)
        assert_allclose(
            result.effects.influence[path].to_numpy(), other.influence[term].to_numpy(), atol=1e-8
        )
    assert_allclose(result.total["effect"], other.values["TE"], rtol=1e-9)


def test_paths_that_share_an_arrow_are_interventional():
    data = binary_data(np.random.default_rng(4))
    graph = dag("CA CM CY AM AN MN MY NY AY", "CAMNY")
    given = {"learners": SATURATED, "folds": 1, "truncate": 0}
    result = sigma_analysis(data, "A", "Y", posterior=certain(graph), **given)
    chain = cif.path_specific_effects(data, "A", "Y", ["M", "N"], ["C"], **given)
    drawn = cif.mediate(data, "A", "Y", "N", ["C"], estimand="interventional",
                        intermediates="M", **given)  # fmt: skip
    values = result.effects.values
    assert_allclose(values["A -> N -> Y"], chain.values["through N"], rtol=1e-8)
    both = drawn.values["IIE"] - chain.values["through N"]
    assert_allclose(values["A -> M -> N -> Y"], both, rtol=1e-8)
    assert_allclose(values["A -> M -> Y"], chain.values["through M"] - both, rtol=1e-8)
    kinds = result.present.set_index("path")["estimand"]
    assert kinds["A -> N -> Y"] == "natural"
    assert kinds["A -> M -> N -> Y"] == "interventional"


def test_an_average_over_two_graphs_is_by_hand():
    graph, _, data = linear_data("CA CM CY AM MY AY", "CAMY", np.random.default_rng(5))
    without = nx.DiGraph(graph)
    without.remove_edge("A", "M")
    other = nx.DiGraph(graph)
    other.remove_edge("C", "M")
    posterior = of_graphs([graph, without, other], [0.5, 0.3, 0.2])
    given = {"learners": "glm", "folds": 1}
    result = sigma_analysis(data, "A", "Y", posterior=posterior, coverage=1.0, **given)
    alone = [
        sigma_analysis(data, "A", "Y", posterior=certain(g), **given).effects
        for g in (graph, other)
    ]
    path = "A -> M -> Y"
    values = np.array([alone[0].values[path], alone[1].values[path], 0.0])
    errors = np.array([alone[0].std_error[path], alone[1].std_error[path], 0.0])
    weights = np.array([0.5, 0.2, 0.3])
    row = result.pathways.set_index("path").loc[path]
    assert_allclose(row["stability"], 0.7)
    assert_allclose(row["effect"], weights @ values)
    assert_allclose(row["within_var"], weights @ errors**2)
    assert_allclose(row["between_var"], weights @ (values - weights @ values) ** 2)
    assert_allclose(row["std_error"] ** 2, row["within_var"] + row["between_var"])
    influence = 0.5 * alone[0].influence[path] + 0.2 * alone[1].influence[path]
    assert_allclose(result.effects.influence[path], influence, atol=1e-12)
    present = result.present.set_index("path").loc[path]
    assert_allclose(present["effect"], (0.5 * values[0] + 0.2 * values[1]) / 0.7)


def test_where_a_path_is_not_identified_the_rest_is_averaged():
    data = binary_data(np.random.default_rng(6))
    data["P"] = (np.random.default_rng(7).random(len(data)) < 0.3 + 0.3 * data["M"]).astype(int)
    arrows = "CA AM AN MN MY NY AY MP NP AP PY"
    simple = dag("CA AM MY AY", "CAMNPY")
    posterior = of_graphs([dag(arrows, "CAMNPY"), simple], [0.25, 0.75])
    result = sigma_analysis(data, "A", "Y", posterior=posterior, learners="glm", folds=2, seed=1)
    row = result.present.set_index("path").loc["A -> M -> Y"]
    assert_allclose(row["not_identified"], 0.25)
    assert "recanting witness" in row["why"]
    alone = sigma_analysis(data, "A", "Y", posterior=certain(simple), learners="glm", folds=2,
                           seed=1)  # fmt: skip
    assert_allclose(row["effect"], alone.effects.values["A -> M -> Y"], rtol=1e-9)
    assert "25%" in result.summary()
    lost = result.present.set_index("path").loc["A -> M -> N -> P -> Y"]
    assert lost["not_identified"] == 1.0
    assert np.isnan(lost["effect"])
    assert np.isnan(result.pathways.set_index("path").loc["A -> M -> N -> P -> Y", "effect"])


def test_one_set_of_nuisances_serves_all_graphs():
    data = binary_data(np.random.default_rng(8), rows=400)
    posterior = of_graphs(
        [dag("CA CM CY AM MY AY", "CAMNY"), dag("CA CY AM MY AY", "CAMNY"),
         dag("CA CM CY AM MY AY MN", "CAMNY")], [1, 1, 1],
    )  # fmt: skip
    given = {"learners": SATURATED, "folds": 1, "truncate": 0}
    result = sigma_analysis(data, "A", "Y", posterior=posterior, coverage=1.0, **given)
    fits = result.halves[0].fits
    # The third graph differs in what is no ancestor; the second asks for the same covariates.
    assert fits["fitted"] == fits["shared"] <= fits["apart"] / 2


def test_the_slope_of_a_curved_mechanism_is_its_average():
    """E[var(A | C) m'(A)] / E[var(A | C)] for Gaussian A: the weighted average derivative."""
    rng = np.random.default_rng(9)
    c = rng.normal(size=4000)
    a = c**2 / 2 + rng.normal(size=4000)
    y = a + c**2 / 2 + rng.normal(size=4000)
    data = pd.DataFrame({"C": c, "A": a, "Y": y})
    posterior = certain(dag("CA CY AY", "CAY"))
    auto = sigma_analysis(data, "A", "Y", posterior=posterior, seed=1, progress=False)
    assert abs(auto.total["effect"] - 1) < 4 * auto.total["std_error"]
    # A straight line in C leaves confounding: the test can fail.
    line = sigma_analysis(data, "A", "Y", posterior=posterior, learners="glm", seed=1)
    assert abs(line.total["effect"] - 1) > 4 * line.total["std_error"]


def test_graphs_that_differ_in_what_has_no_part_are_one():
    """Y -> D, or not: D is an ancestor of neither A nor Y."""
    _, _, data = linear_data("CA CY AY YD", "CAYD", np.random.default_rng(1))
    posterior = of_graphs([dag("CA CY AY YD", "CAYD"), dag("CA CY AY", "CAYD")], [0.6, 0.4])
    result = sigma_analysis(data, "A", "Y", posterior=posterior, learners="glm", folds=1)
    groups, left_out = groups_of(posterior, result.study, coverage=1.0)
    assert [group.weight for group in groups] == [1.0]
    assert left_out == 0


def test_a_node_of_levels_has_no_slope_and_the_total_is_not_the_rest_of_it():
    _, _, data = linear_data("CA CY AM AN MY NY AY", "CAMNY", np.random.default_rng(1))
    data["M"] = pd.cut(data["M"], 3, labels=["low", "middle", "high"]).astype(str)
    graph = dag("CA CY AM AN MY NY AY", "CAMNY")
    result = sigma_analysis(data, "A", "Y", posterior=certain(graph), learners="glm", folds=1)
    assert "total" not in result.effects.values.index
    assert np.isnan(result.total["effect"])
    assert "total not identified" in result.summary()
    assert "M has 3 levels, and no slope" in result.summary()
    assert np.isfinite(result.effects.values["A -> N -> Y"])
    half = of_graphs([graph, dag("CA CY AN NY AY", "CAMNY")], [0.5, 0.5])
    mixed = sigma_analysis(data, "A", "Y", posterior=half, learners="glm", folds=1)
    assert "The total effect is not identified in 50%" in mixed.summary()


def test_rare_exposures_are_warned_of():
    rng = np.random.default_rng(2)
    c = rng.normal(size=1500)
    a = (rng.random(1500) < 1 / (1 + np.exp(-4 * c))).astype(int)
    data = pd.DataFrame({"C": c, "A": a, "Y": a + c + rng.normal(size=1500)})
    posterior = certain(dag("CA CY AY", "CAY"))
    with pytest.warns(PositivityWarning, match="level below .* in P\\(A .*squared influence"):
        sigma_analysis(data, "A", "Y", posterior=posterior, learners="glm", seed=1)
