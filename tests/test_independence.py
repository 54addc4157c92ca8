"""Does the graph fit these data? True graphs pass at their level, wrong ones are found."""

from __future__ import annotations

import json
import pickle

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from pytest import approx
from scipy import stats

import causalif as cif
from causalif.errors import DataError, DataWarning, SmallSampleWarning
from causalif.graph.independencies import Independence, implied_independencies
from causalif.independence import GraphFit, graph_fit
from causalif.independence.columns import Measured
from causalif.independence.leftover import smooth_basis

CONFOUNDED = nx.DiGraph([("w", "x"), ("w", "y")])  # x _||_ y | w


def level_of(rng: np.random.Generator, odds: np.ndarray) -> np.ndarray:
    """A level for each row, from the log-odds of every level but the first, (n, k)."""
    odds = np.column_stack([np.zeros(len(odds)), odds])
    # The largest of log-odds with Gumbel noise is multinomial.
    return np.argmax(odds + rng.gumbel(size=odds.shape), axis=1)


def draw(kind: str, n: int, seed: int, dependence: float = 0.0) -> pd.DataFrame:
    """x <- w -> y, and something of x that y shares if there is to be dependence."""
    rng = np.random.default_rng(seed)
    w, u = rng.normal(size=n), rng.normal(size=n) * dependence
    curve = w**2 + np.sin(2 * w)
    numbers = {"linear": w, "curved": curve}.get(kind, curve)
    if kind in ("linear", "curved"):
        x, y = numbers + u + rng.normal(size=n), numbers + u + rng.normal(size=n)
    elif kind == "binary":
        x, y = (level_of(rng, (numbers + 2 * u)[:, None]) for _ in range(2))
    elif kind == "mixed":
        x = numbers + u + rng.normal(size=n)
        y = np.array(["no", "yes"])[level_of(rng, (numbers + 2 * u)[:, None])]
    else:  # three levels
        odds = np.column_stack([numbers + 2 * u, -numbers - 2 * u])
        x, y = (np.array(["a", "b", "c"])[level_of(rng, odds)] for _ in range(2))
    return pd.DataFrame({"w": w, "x": x, "y": y})


def p_value(data: pd.DataFrame, **options: object) -> float:
    return float(graph_fit(data, CONFOUNDED, progress=False, **options).table["p_value"].iloc[0])


def rejections(kind: str, n: int, times: int, dependence: float = 0.0, **options: object) -> int:
    draws = (draw(kind, n, seed, dependence) for seed in range(times))
    return sum(p_value(data, seed=1, **options) < 0.05 for data in draws)


@pytest.fixture(autouse=True)
def _no_collection(monkeypatch):
    """Holm's method of statsmodels collects garbage in every call: half a second for nothing."""
    monkeypatch.setattr("gc.collect", lambda *_: 0)


# -- partial correlation ------------------------------------------------------------------


def test_partial_correlation_is_that_of_regression_residuals():
    rng = np.random.default_rng(3)
    data = pd.DataFrame(rng.normal(size=(60, 5)) @ rng.normal(size=(5, 5)), columns=list("abcde"))
    dag = nx.DiGraph([("c", "a"), ("d", "a"), ("e", "a"), ("c", "b"), ("d", "b"), ("e", "b")])
    claims = [Independence("a", "b", ("c", "d", "e")), Independence("c", "d")]
    table = graph_fit(data, dag, independencies=claims).table
    left = [sm.OLS(data[x], sm.add_constant(data[["c", "d", "e"]])).fit().resid for x in "ab"]
    r = stats.pearsonr(*left).statistic
    z = np.arctanh(r) * np.sqrt(60 - 3 - 3)  # Fisher (1924)
    assert table["estimate"].tolist() == approx([r, data["c"].corr(data["d"])])
    assert table["statistic"].iloc[0] == approx(z)
    assert table["p_value"].iloc[0] == approx(2 * stats.norm.sf(abs(z)))
    z_plain = np.arctanh(data["c"].corr(data["d"])) * np.sqrt(60 - 3)
    assert table["p_value"].iloc[1] == approx(2 * stats.norm.sf(abs(z_plain)))


def test_partial_correlation_agrees_with_pingouin():
    pingouin = pytest.importorskip("pingouin")
    data = draw("linear", 200, 5, dependence=0.3).assign(v=np.arange(200.0) % 17)
    dag = nx.DiGraph([("w", "x"), ("w", "y"), ("v", "x"), ("v", "y")])
    claim = Independence("x", "y", ("w", "v"))
    found = graph_fit(data, dag, independencies=[claim]).table.iloc[0]
    other = pingouin.partial_corr(data, "x", "y", ["w", "v"])
    assert found["estimate"] == approx(other["r"].iloc[0])
    # pingouin's is a t-test: the same to the first order
    assert found["p_value"] == approx(other.filter(regex="^p").iloc[0, 0], rel=0.05)


def test_text_among_given_enters_as_dummies():
    data = draw("linear", 150, 6, dependence=0.5)
    data["w"] = np.array(["low", "mid", "top"])[pd.qcut(data["w"], 3, labels=False)]
    found = graph_fit(data, CONFOUNDED, method="partial_correlation").table.iloc[0]
    left = [data[x] - data.groupby("w")[x].transform("mean") for x in ("x", "y")]
    assert found["estimate"] == approx(stats.pearsonr(*left).statistic)
    z = np.arctanh(found["estimate"]) * np.sqrt(150 - 2 - 3)
    assert found["statistic"] == approx(z)


# -- classification -----------------------------------------------------------------------


def test_two_binary_columns_without_given_are_pearsons_chi_squared():
    data = pd.DataFrame({"x": np.repeat([0, 0, 1, 1], [80, 70, 60, 90])})
    data["y"] = np.repeat([0, 1, 0, 1], [80, 70, 60, 90])
    found = graph_fit(data, _no_arrows("x", "y"), seed=1).table.iloc[0]
    chi = stats.chi2_contingency(pd.crosstab(data["x"], data["y"]), correction=False)
    assert found["estimate"] == approx(np.sqrt(chi.statistic / 300))  # the phi coefficient
    assert found["p_value"] == approx(chi.pvalue, rel=0.1)  # a robust variance: same to 1st order


def test_levels_without_given_are_near_pearsons_chi_squared():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"x": rng.choice(list("abc"), 3000), "y": rng.choice(list("stuv"), 3000)})
    found = graph_fit(data, _no_arrows("x", "y"), seed=1).table.iloc[0]
    chi = stats.chi2_contingency(pd.crosstab(data["x"], data["y"]))
    assert found["df"] == chi.dof == 6
    assert found["statistic"] == approx(chi.statistic, rel=0.1)


def _no_arrows(*nodes: str) -> nx.DiGraph:
    dag: nx.DiGraph = nx.DiGraph()
    dag.add_nodes_from(nodes)
    return dag


def test_order_of_levels_and_names_does_not_matter():
    data = draw("three", 300, 4, dependence=0.2)
    renamed = data.assign(x=data["x"].map({"a": "q", "b": "p", "c": "r"}))
    assert p_value(renamed, seed=1, learners="glm") == approx(
        p_value(data, seed=1, learners="glm"), rel=1e-3
    )


@pytest.mark.parametrize("kind", ["linear", "curved", "mixed", "binary", "three"])
def test_true_graph_is_rejected_at_its_level(kind):
    # 30 draws: 7 or more rejections have probability 0.0006 at 5%.
    assert rejections(kind, 300, 30, method="classification", learners="glm") <= 6


@pytest.mark.parametrize("kind", ["linear", "curved", "mixed", "binary", "three"])
def test_missing_arrow_is_found(kind):
    found = rejections(kind, 400, 5, dependence=1.0, method="classification", learners="glm")
    assert found == 5


def test_partial_correlation_rejects_a_true_graph_where_relations_are_curved():
    # What classification is for: the test above can fail.
    assert rejections("curved", 300, 20) == 20


def test_what_the_learners_left_is_taken_out():
    # Constant learners leave all of the curve in both residuals; the second look takes it out.
    from sklearn.dummy import DummyClassifier, DummyRegressor

    constant = {"outcome": DummyRegressor(), "exposure": DummyClassifier(strategy="prior")}
    assert rejections("curved", 300, 30, method="classification", learners=constant) <= 6


def test_smooth_basis_spans_cubics_and_products_and_has_ten_rows_a_column():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 400))
    basis = smooth_basis([Measured("a", a, None), Measured("b", b, None)], 400)
    for curve in (np.ones(400), a, a**3, b**2, a * b):
        assert basis @ (basis.T @ curve) == approx(curve, abs=1e-8)
    many = [Measured(str(k), rng.normal(size=400), None) for k in range(30)]
    assert smooth_basis(many, 400).shape[1] <= 40


@pytest.mark.slow
@pytest.mark.parametrize("learners", ["glm", "auto"])
@pytest.mark.parametrize("kind", ["linear", "curved", "mixed", "binary", "three"])
@pytest.mark.parametrize("n", [300, 1000])
def test_size_over_many_draws(kind, n, learners):
    times = 400 if learners == "glm" else 100
    found = rejections(kind, n, times, method="classification", learners=learners)
    error = np.sqrt(0.05 * 0.95 / times)
    print(f"size {kind} n={n} {learners}: {found / times:.3f} (MC error {error:.3f})")
    assert found / times < 0.05 + 0.02 + 3 * error


# -- the answer ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def jobs_fit() -> GraphFit:
    jobs = cif.load_dataset("jobs")
    dag = nx.DiGraph(
        [
            ("treat", "job_seek"), ("job_seek", "depress2"), ("treat", "depress2"),
            ("econ_hard", "job_seek"), ("econ_hard", "depress2"), ("educ", "econ_hard"),
            ("depress1", "depress2"), ("depress1", "job_seek"),
        ]
    )  # fmt: skip
    return graph_fit(jobs, dag, learners="glm", seed=1, progress=False)


def test_jobs_data_reject_that_hardship_and_earlier_depression_are_unrelated(jobs_fit):
    table = jobs_fit.table.set_index("independence")
    jobs = cif.load_dataset("jobs")
    # `treat` was drawn by lot: nothing measured before it depends on it.
    assert not table.loc[["treat _||_ econ_hard", "treat _||_ depress1"], "rejected"].any()
    found = table.loc["econ_hard _||_ depress1"]
    assert found["estimate"] == approx(jobs["econ_hard"].corr(jobs["depress1"]))
    assert found["rejected"]
    assert not jobs_fit.fits
    assert found["method"] == "partial_correlation"
    assert table.loc["treat _||_ educ", "method"] == "classification"


def test_holm_is_holm(jobs_fit):
    table = jobs_fit.table.sort_values("p_value")
    m = len(table)
    by_hand = np.maximum.accumulate(table["p_value"].to_numpy() * (m - np.arange(m))).clip(max=1)
    assert table["p_adjusted"].to_numpy() == approx(by_hand)
    assert (table["rejected"] == (by_hand <= 0.05)).all()


def test_words(jobs_fit):
    text = str(jobs_fit)
    assert text == jobs_fit.summary()
    assert "The graph does not fit these data" in text
    assert "econ_hard and depress1" in text
    assert "lacks an arrow, or a common cause" in text
    assert repr(jobs_fit).startswith("<GraphFit n=899: ")
    html = jobs_fit._repr_html_()
    assert "<table" in html
    assert "econ_hard _||_ depress1" in html


def test_tidy_intervals(jobs_fit):
    tidy = jobs_fit.tidy(0.9)
    row = tidy[tidy["term"] == "econ_hard _||_ depress1"].iloc[0]
    jobs = cif.load_dataset("jobs")
    ends = stats.pearsonr(jobs["econ_hard"], jobs["depress1"]).confidence_interval(0.9)
    assert (row["conf_low"], row["conf_high"]) == approx(tuple(ends))


def test_plot(jobs_fit):
    from matplotlib.figure import Figure

    ax = jobs_fit.plot(most=5, ax=Figure().subplots())
    marked = next(line for line in ax.get_lines() if line.get_gid() == "rejected")
    assert len(marked.get_xdata()) == min(int(jobs_fit.table["rejected"].sum()), 5)


def test_answer_is_plain_and_pickles(jobs_fit):
    again = pickle.loads(pickle.dumps(jobs_fit))
    pd.testing.assert_frame_equal(again.table, jobs_fit.table)
    json.dumps(jobs_fit.table.to_dict(orient="records"))
    assert jobs_fit.rejected["p_value"].is_monotonic_increasing


def test_nothing_to_test_is_said():
    data = draw("linear", 50, 1)
    fit = graph_fit(data, [("w", "x"), ("w", "y"), ("x", "y")])
    assert fit.fits
    assert fit.table.empty
    assert list(fit.table.columns) == list(graph_fit(data, CONFOUNDED).table.columns)
    assert "implies no independence" in str(fit)
    assert fit.tidy().empty
    assert "<table" in fit._repr_html_()
    with pytest.raises(DataError, match="no test to draw"):
        fit.plot()


def test_a_graph_that_fits_is_not_called_proven():
    fit = graph_fit(draw("linear", 300, 2), CONFOUNDED)
    assert fit.fits
    assert "does not prove it" in str(fit)


# -- same numbers -------------------------------------------------------------------------


def test_same_seed_same_numbers_whatever_n_jobs():
    data = draw("three", 120, 1).assign(v=np.arange(120) % 2)
    dag = nx.DiGraph([("w", "x"), ("w", "y"), ("v", "y")])
    one, two = (graph_fit(data, dag, seed=4, n_jobs=jobs, progress=False) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one.table, two.table)
    alone = graph_fit(data, dag, seed=4, independencies=[Independence("x", "y", ("w",))])
    rows = one.table["independence"] == "x _||_ y | {w}"
    assert alone.table["p_value"].iloc[0] == one.table.loc[rows, "p_value"].iloc[0]


def test_polars_and_other_column_orders_give_the_same():
    polars = pytest.importorskip("polars")
    data = draw("mixed", 150, 3)
    expected = graph_fit(data, CONFOUNDED, learners="glm", seed=1).table
    for other in (polars.from_pandas(data), data[["y", "w", "x"]]):
        found = graph_fit(other, CONFOUNDED, learners="glm", seed=1).table
        pd.testing.assert_frame_equal(found, expected)


def test_sixty_nodes():
    rng = np.random.default_rng(1)
    dag: nx.DiGraph = nx.DiGraph()
    dag.add_nodes_from(f"v{k}" for k in range(60))
    dag.add_edges_from(
        (f"v{i}", f"v{j}") for j in range(60) for i in range(j) if rng.random() < 0.1
    )
    data = pd.DataFrame(index=range(500))
    for name in nx.topological_sort(dag):
        data[name] = 0.4 * data[list(dag.pred[name])].sum(axis=1) + rng.normal(size=500)
    fit = graph_fit(data, dag)
    assert len(fit.table) == 60 * 59 // 2 - dag.number_of_edges()
    assert fit.fits
    # p-values of true claims are uniform: independent draws would have this error.
    assert (fit.table["p_value"] < 0.05).mean() == approx(0.05, abs=0.02)
    dag.remove_edge(*next(iter(dag.edges)))
    assert not graph_fit(data, dag).fits


# -- unusable input -----------------------------------------------------------------------


def test_problems_come_together_and_name_their_remedy():
    data = draw("linear", 60, 1).assign(z=1.0)
    data.loc[[3, 5], "x"] = np.nan
    dag = nx.DiGraph([("w", "x"), ("w", "y"), ("ww", "y"), ("z", "y")])
    with pytest.raises(DataError) as caught:
        graph_fit(data, dag, method="partial", level=2, learners="gml")
    text = str(caught.value)
    assert "column 'x' is missing in 2 of 60 rows (first: rows 3, 5)" in text
    assert 'data.dropna(subset=["x"])' in text
    assert "node 'ww' of the graph is no column of data. Did you mean 'w'?" in text
    assert 'latent=["ww"]' in text
    assert "column 'z' has one value in all 60 rows" in text
    assert "method='partial' is not one of" in text
    assert "level=2 is not between 0 and 1" in text
    assert "learners='gml' is not known" in text


def test_latent_nodes_need_no_column():
    data = draw("linear", 60, 1)[["x", "y"]]
    assert graph_fit(data, CONFOUNDED, latent="w").table.empty
    marked = nx.DiGraph([("w", "x"), ("w", "y")])
    marked.nodes["w"]["latent"] = True
    assert graph_fit(data, marked).table.empty
    with pytest.raises(DataError, match="latent 'v' is not in the graph"):
        graph_fit(data, CONFOUNDED, latent="v")


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ([Independence("x", "y")], "the graph does not imply 'x _||_ y'"),
        ([Independence("x", "q")], "'q' of 'x _||_ q' is not in the graph"),
        (["x _||_ y"], "which is no Independence"),
        (3, "not a list of Independence"),
    ],
)
def test_unusable_independencies(claims, message):
    with pytest.raises(DataError, match=message.replace("|", r"\|")):
        graph_fit(draw("linear", 60, 1), CONFOUNDED, independencies=claims)


def test_independencies_of_the_graph_can_be_chosen():
    chosen = implied_independencies(CONFOUNDED)
    assert len(graph_fit(draw("linear", 60, 1), CONFOUNDED, independencies=chosen).table) == 1


def test_levels_have_no_partial_correlation():
    with pytest.raises(DataError, match=r'has 3 levels and no numbers.*method="auto"'):
        graph_fit(draw("three", 60, 1), CONFOUNDED, method="partial_correlation")


def test_too_few_rows():
    with pytest.raises(DataError, match=r"4 rows are too few to test .* that takes 5\."):
        graph_fit(draw("linear", 7, 1).iloc[:4].assign(w=[1.0, 2, 3, 5]), CONFOUNDED,
                  method="partial_correlation")  # fmt: skip
    with pytest.raises(DataError, match="15 rows are too few: cross-fitted tests need 20"):
        graph_fit(draw("binary", 15, 1), CONFOUNDED)
    with pytest.warns(SmallSampleWarning, match="only 6 degrees of freedom"):
        graph_fit(draw("linear", 10, 1), CONFOUNDED)
    with pytest.warns(SmallSampleWarning, match="60 rows are few"):
        graph_fit(draw("binary", 60, 2), CONFOUNDED, learners="glm")


def test_rare_level_is_warned_of():
    data = draw("linear", 200, 1).assign(x=lambda d: (d["x"] > d["x"].nlargest(5).min()) * 1)
    with pytest.warns(SmallSampleWarning, match="column 'x' has one value in all but 4 of 200"):
        graph_fit(data, CONFOUNDED, seed=1)


def test_function_of_others_is_left_out_with_a_warning():
    data = draw("linear", 100, 1).assign(x=lambda d: 2 * d["w"])
    with pytest.warns(DataWarning, match=r"one independence cannot be tested: 'x _\|\|_ y \| {w}'"):
        fit = graph_fit(data, CONFOUNDED)
    assert fit.fits
    assert fit.table["p_value"].isna().all()
    assert "1 could not be tested" in str(fit)


def test_copied_rows_are_warned_of():
    data = draw("linear", 100, 1)
    with pytest.warns(DataWarning, match="100 of 200 rows repeat another row"):
        graph_fit(pd.concat([data, data], ignore_index=True), CONFOUNDED)


def test_rows_of_levels_may_repeat():
    graph_fit(draw("binary", 300, 1)[["x", "y"]], _no_arrows("x", "y"))  # no warning


def test_data_and_graph_are_not_changed():
    data, dag = draw("mixed", 120, 1), CONFOUNDED.copy()
    before = data.copy()
    graph_fit(data, dag, learners="glm", seed=1)
    pd.testing.assert_frame_equal(data, before)
    assert list(dag.edges) == list(CONFOUNDED.edges)
    assert dict(dag.nodes(data=True)) == dict(CONFOUNDED.nodes(data=True))
