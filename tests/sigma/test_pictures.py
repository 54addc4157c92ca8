"""Pictures and pages of a posterior and of its pathways show what these hold."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from causalif.errors import DataError
from causalif.report import arrows, canvas
from causalif.sigma.analysis import sigma_analysis
from causalif.sigma.document import page
from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.result import SigmaResult
from causalif.sigma.walks import arrow_shares

matplotlib.use("Agg")

TIERS = [["C"], ["A"], ["M", "N"], ["Y"]]
EVIL = {"A": "<b>A</b>", "M": "$m$ & <script>", "Y": "y" * 60}


def chain(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    c, a, m, n, y = rng.normal(size=(5, rows))
    a += 0.7 * c
    m += 0.8 * a
    n += 0.6 * m + 0.3 * a
    y += 0.5 * n + 0.5 * m + 0.4 * c
    return pd.DataFrame({"C": c, "A": a, "M": m, "N": n, "Y": y})


def analysed(data: pd.DataFrame, exposure: str = "A", outcome: str = "Y", **options) -> SigmaResult:
    quick = {"method": "exact", "score": "bge", "learners": "glm", "samples": 300, "seed": 1}
    return sigma_analysis(data, exposure, outcome, **{**quick, **options})


@pytest.fixture(scope="module")
def result() -> SigmaResult:
    return analysed(chain(), tiers=TIERS)


@pytest.fixture(scope="module")
def untold() -> SigmaResult:
    """Without tiers: the directions stay open, no pathway is stable."""
    return analysed(chain())


@pytest.fixture(scope="module")
def evil() -> SigmaResult:
    tiers = [[EVIL.get(name, name) for name in tier] for tier in TIERS]
    data = chain(200).rename(columns=EVIL)
    return analysed(data, EVIL["A"], EVIL["Y"], tiers=tiers, samples=100)


def new_axes() -> Axes:
    return FigureCanvasAgg(Figure(figsize=(9, 6), layout="constrained")).figure.subplots()


def drawn_arrows(ax: Axes) -> dict[str, float]:
    """The arrows in the words of the picture, with their probabilities."""
    _, words = ax.get_label().split("Arrows: ")
    return {arrow: float(p) for arrow, p in re.findall(r"(\S+ -> \S+) \(([\d.]+)\)", words)}


def places(ax: Axes) -> dict[str, float]:
    labels = [t for t in ax.texts if str(t.get_gid()).startswith("label-")]
    return {t.get_text(): t.get_position()[0] for t in labels}


# ---------------------------------------------------------------- arrows


@pytest.mark.parametrize("least", [0.1, 0.4, 0.7])
def test_arrows_are_those_of_at_least_this_probability(untold, least):
    posterior = untold.posterior
    ax = posterior.plot(least=least, ax=new_axes())
    table = posterior.edge_probabilities
    expected = {
        f"{i} -> {j}": round(table.loc[i, j], 2)
        for i in table.index
        for j in table.columns
        if table.loc[i, j] >= least
    }
    assert drawn_arrows(ax) == pytest.approx(expected, abs=0.006)
    assert f"below {least:g}: left out" in ax.texts[0].get_text()


def test_nodes_stand_in_the_order_of_the_consensus(result, untold):
    x = places(result.posterior.plot(ax=new_axes()))
    assert x["C"] < x["A"] < min(x["M"], x["N"]) <= max(x["M"], x["N"]) < x["Y"]
    x = places(untold.posterior.plot(ax=new_axes()))
    for tail, head in untold.posterior.consensus(0.5).edges:
        assert x[tail] < x[head]


def test_tiers_count_only_if_every_column_has_one(result):
    settings = {"tiers": {"C": 1, "A": 2.0, "M": 3, "N": 3, "Y": 9}}
    told = replace(result.posterior, settings=settings)
    assert places(told.plot(ax=new_axes())) == places(result.posterior.plot(ax=new_axes()))
    partly = replace(result.posterior, settings={"tiers": [["A"], ["Y"]]})
    partly.plot(ax=new_axes()).figure.canvas.draw()


def test_roles_and_stable_pathways_are_in_colour(result):
    ax = result.plot("arrows", ax=new_axes())
    assert "Exposure: A. Outcome: Y. Mediator: M, N." in ax.get_label()
    blue = {
        name
        for k, name in enumerate(drawn_arrows(ax))
        for line in ax.lines
        if line.get_gid() == f"arrow-{k}"
        and to_hex(line.get_color())
        == arrows.shade(result.posterior.edge_probabilities.loc[*name.split(" -> ")], "causal")
    }
    stable = {
        " -> ".join(two)
        for path in result.stable
        for names in [path.split(" -> ")]
        for two in pairwise(names)
    }
    assert blue == stable != set()


def test_no_stable_pathway_no_colour(untold):
    assert untold.stable == []
    ax = untold.plot("arrows", ax=new_axes())
    said = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "on a stable pathway" not in said
    assert "exposure" in said


@pytest.mark.parametrize("least", [0, 1.2, True, "a lot", None])
def test_a_least_probability_that_is_none(result, least):
    for each in (result, result.posterior):
        with pytest.raises(DataError, match="least="):
            each.plot("arrows", least=least)


def test_a_posterior_of_twenty_columns_is_drawn():
    rng = np.random.default_rng(1)
    draws = np.zeros((100, 20), dtype=np.int64)
    for child in range(1, 20):
        draws[:, child] |= (rng.random(100) < 0.6).astype(np.int64) << int(rng.integers(child))
    weights = np.full(100, 0.01)
    names = tuple(f"column_{k}" for k in range(20))
    shares = arrow_shares(draws, weights)
    batches = np.zeros(100, dtype=int)
    posterior = DAGPosterior(names, draws, weights, batches, shares, 0 * shares)
    for kind in ("arrows", "matrix"):
        posterior.plot(kind, ax=new_axes()).figure.canvas.draw()


def test_the_matrix_holds_the_probabilities(untold):
    ax = untold.posterior.plot("matrix", ax=new_axes())
    values = ax.images[0].get_array().filled(0)
    assert np.array_equal(values, untold.posterior.arrows)


# ---------------------------------------------------------------- pathways and variance


def test_pathways_are_the_table_with_the_total_first(result):
    ax = result.plot(ax=new_axes())
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0] == "total effect"
    assert [text.replace("→", "->") for text in labels[1:]] == result.pathways["path"].tolist()
    bars = ax.child_axes[0].patches
    assert [bar.get_width() for bar in bars] == pytest.approx(result.tidy()["stability"].tolist())
    stable = [to_hex(bar.get_facecolor()).upper() == canvas.BLUE for bar in bars]
    assert stable[1:] == [path in result.stable for path in result.pathways["path"]]
    assert "per unit of A on Y" in ax.get_xlabel()


def test_most_pathways(untold):
    assert len(untold.pathways) > 4
    assert len(untold.plot(most=4, ax=new_axes()).get_yticklabels()) == 5
    for most in (0, 2.5, True):
        with pytest.raises(DataError, match="most="):
            untold.plot(most=most)


def test_with_a_rate_of_false_pathways_there_is_no_threshold_line(result):
    chosen = replace(result, fdr=0.1)
    for each, lines in ((result, 1), (chosen, 0)):
        beside = each.plot(ax=new_axes()).child_axes[0]
        found = [line for line in beside.lines if line.get_gid() == "threshold"]
        assert len(found) == lines


def test_variance_is_split_as_in_the_table(result):
    ax = result.plot("variance", absolute=True, ax=new_axes())
    table = result.tidy()[["within_var", "between_var"]].dropna()
    widths = [patch.get_width() for patch in ax.patches]
    assert widths == pytest.approx(table.to_numpy().T.ravel().tolist())


def test_unknown_kinds_are_named(result):
    with pytest.raises(DataError, match=r"kind='pathway'.*Did you mean 'pathways'"):
        result.plot("pathway")
    with pytest.raises(DataError, match=r"kind='heat'.*'matrix'"):
        result.posterior.plot("heat")


# ---------------------------------------------------------------- HTML


def test_a_notebook_shows_head_table_and_notes(result):
    text = result._repr_html_()
    assert text.startswith('<table class="causalif">')
    assert "<caption>Effect of A on Y (per unit), averaged over causal graphs; total" in text
    assert text.count("<tr>") == len(result.pathways) + 2
    assert '<td style="text-align:left">A -&gt; M -&gt; Y</td>' in text
    assert text.index("</table>") < text.index("With stability of at least 0.5")
    assert "<li>A common cause that is no column is not modelled" in text


def test_names_are_escaped_everywhere(evil, tmp_path):
    for text in (evil._repr_html_(), evil.report(tmp_path / "r.html").read_text(encoding="utf-8")):
        assert "<b>A" not in text
        assert "<script" not in text
        assert "&lt;b&gt;A&lt;/b&gt;" in text
        assert "$m$ &amp; &lt;script&gt;" in text
    for kind in ("pathways", "variance", "arrows"):
        evil.plot(kind, ax=new_axes()).figure.canvas.draw()
    for kind in ("arrows", "matrix"):
        evil.posterior.plot(kind, ax=new_axes()).figure.canvas.draw()


def test_the_report_holds_everything_and_loads_nothing(result, tmp_path):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    path = result.report(tmp_path / "sigma.html")
    text = path.read_text(encoding="utf-8")
    assert pyplot.get_fignums() == before
    assert path.is_absolute()
    assert text.count("<svg") == 4
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", text)
    assert titles == [
        "Pathways", "Effects where the pathway is there", "Where the uncertainty lies", "Arrows",
        "All arrows", "Mediators", "Pathways that are there together", "Graphs",
        "What had to be assumed", "To know", "Settings and diagnostics", "References",
    ]  # fmt: skip
    for part in (
        "C -&gt; A; ",
        "Order in time: C; then A; then M, N; then Y.",
        "linear in its parents",
        "log_normaliser",
        "Bayesian Model Averaging: A Tutorial",
        f"of {len(result.posterior.weights)} distinct graphs",
    ):
        assert part in text, part
    assert not re.search(r"(src|href)=\"(?!#|data:image)", text)
    assert page(result) == text  # the same bytes each time


def test_a_report_of_two_halves_and_of_no_pathway(tmp_path):
    halves = analysed(chain(200), tiers=TIERS, split=True, samples=100)
    text = page(halves)
    assert "first half of the rows" in text
    assert "score (half 2)" in text
    none = analysed(chain(200), "Y", "A", tiers=TIERS, samples=50)
    assert none.pathways.empty
    assert "No graph that was drawn has a directed path" in page(none)
    assert "No graph that was drawn has a directed path" in none._repr_html_()


def test_a_report_into_no_folder(result, tmp_path):
    with pytest.raises(DataError, match=r"no folder .*Make it first"):
        result.report(tmp_path / "none" / "x.html")
