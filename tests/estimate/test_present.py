"""Tables, summaries and exports show the stored numbers, in words readers know."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import causalif as cif
from causalif.errors import DataError

N = 80
LABELS = pd.Index([f"id{i}" for i in range(N)])
WORDS = {
    "NDE": "ADE, direct effect",
    "NIE": "ACME, indirect effect",
    "TE": "total effect",
    "PM": "proportion mediated",
    "TNDE": "ADE (treated)",
    "PNIE": "ACME (control)",
    "OE": "overall effect",
    "IDE": "interventional direct effect",
    "IIE": "interventional indirect effect",
}


def make(names=("NDE", "NIE"), **keywords):
    rows = np.random.default_rng(8).normal(size=(N, len(names)))
    frame = pd.DataFrame(rows, index=LABELS, columns=list(names))
    return cif.Estimate(np.linspace(-0.12364, 0.6789, len(names)), frame, **keywords)


def numbers(line):
    return [float(word) for word in re.findall(r"(?<!\w)-?\d+\.\d+", line)]


def test_tidy_has_its_columns():
    table = make().tidy()
    assert list(table.columns) == [
        "term",
        "estimate",
        "std_error",
        "statistic",
        "p_value",
        "conf_low",
        "conf_high",
    ]
    assert_allclose(table["statistic"], table["estimate"] / table["std_error"])
    assert_allclose(table["conf_high"] - table["estimate"], 1.959964 * table["std_error"], 1e-6)


def test_exponentiate_only_where_the_scale_is_a_logarithm():
    estimate = make(("a", "b", "c"), scale=["log", "identity", "logit"])
    plain, ratio = estimate.tidy(), estimate.tidy(exponentiate=True)
    for column in ("estimate", "conf_low", "conf_high"):
        expected = plain[column].to_numpy().copy()
        expected[[0, 2]] = np.exp(expected[[0, 2]])
        assert_allclose(ratio[column], expected)
    unchanged = ["term", "std_error", "statistic", "p_value"]
    assert ratio[unchanged].equals(plain[unchanged])


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_printed_and_stored_numbers_agree(level):
    estimate = make(tuple(WORDS))
    lines = estimate.summary(level).splitlines()
    for row in estimate.tidy(level).itertuples():
        (line,) = [line for line in lines if line.startswith(f"{row.term} ")]
        stored = [
            row.estimate,
            row.std_error,
            row.statistic,
            row.p_value,
            row.conf_low,
            row.conf_high,
        ]
        printed = numbers(line)
        for value, shown in zip(stored, printed, strict=True):
            smallest = value is row.p_value and value < 1e-4
            assert value < shown if smallest else abs(value - shown) <= 0.005


def test_summary_speaks_of_mediation():
    text = make(tuple(WORDS), label="Job training").summary()
    assert text.startswith("Job training\nn = 80\n")
    for term, words in WORDS.items():
        assert any(line.startswith(term) and words in line for line in text.splitlines())
    assert "95% confidence intervals" in text
    assert str(make()) == make().summary()


def test_summary_shows_both_scales():
    estimate = make(scale="log")
    first, second = estimate.summary().split("Exponentiated")
    assert f"{estimate.values['NDE']:.3f}" in first
    assert f"{np.exp(estimate.values['NDE']):.3f}" in second
    assert "Exponentiated" not in make().summary()
    assert "Exponentiated" in estimate._repr_html_()


def test_summary_counts_what_was_sampled():
    text = make(
        clusters=np.arange(N) // 2, strata=np.arange(N) // 40, weights=np.arange(1, N + 1)
    ).summary()
    assert "n = 80, clusters = 40, strata = 2, weighted" in text


def test_glance_is_one_row():
    row = make(clusters=np.arange(N) // 2, label="E").glance()
    assert row.shape[0] == 1
    for name in ("n", "clusters", "estimand", "method", "folds", "least_propensity"):
        assert name in row
    assert (row["n"].iloc[0], row["clusters"].iloc[0], row["estimand"].iloc[0]) == (80, 40, "E")
    assert make().glance()["clusters"].isna().all()


def test_repr_is_one_line():
    estimate = make()
    assert repr(estimate) == (
        f"<Estimate n=80: NDE = -0.1236 ({estimate.std_error['NDE']:.2g}), "
        f"NIE = 0.6789 ({estimate.std_error['NIE']:.2g})>"
    )


def test_html_is_escaped_and_holds_the_numbers():
    estimate = make(("<b>x</b>", "NIE"), label="A & B")
    html = estimate._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;x" in html
    assert "A &amp; B" in html
    assert f"{estimate.std_error['NIE']:.3f}" in html


def test_latex_is_a_booktabs_table():
    text = make(("a_1", "NIE")).to_latex(caption="Effects", label="tab:e")
    for part in (r"\toprule", r"a\_1", r"\caption{Effects}", r"\label{tab:e}", "$-$0.12"):
        assert part in text


def test_augment_matches_by_label_and_leaves_the_data_alone():
    estimate = make(weights=np.arange(1, N + 1))
    data = pd.DataFrame({"x": range(N + 1)}, index=LABELS[::-1].append(pd.Index(["other"])))
    before = data.copy()
    result = estimate.augment(data)
    pd.testing.assert_frame_equal(data, before)
    assert result.index.equals(data.index)
    assert list(result.columns) == ["x", "influence_NDE", "influence_NIE", "weights"]
    assert_allclose(result.loc[LABELS, "influence_NIE"], estimate.influence["NIE"])
    assert_allclose(result.loc[LABELS, "weights"], estimate.weights)
    assert result.loc["other", ["influence_NDE", "weights"]].isna().all()


def test_augment_takes_polars_and_duplicated_labels_in_order():
    rows = np.random.default_rng(1).normal(size=(4, 1))
    estimate = cif.Estimate([1.0], rows, names=["a"])
    result = estimate.augment(pl.DataFrame({"x": [1, 2, 3, 4]}))
    assert_allclose(result["influence_a"], rows[:, 0])
    twice = pd.Index([0, 0, 1, 1])
    again = cif.Estimate([1.0], pd.DataFrame(rows, index=twice), names=["a"])
    assert_allclose(
        again.augment(pd.DataFrame({"x": range(4)}, index=twice))["influence_a"], rows[:, 0]
    )
    with pytest.raises(DataError, match="duplicated"):
        again.augment(pd.DataFrame({"x": range(4)}, index=[0, 1, 0, 1]))


def test_augment_refuses_other_data():
    estimate = make()
    with pytest.raises(DataError, match="80 of the 80 rows of the analysis are absent"):
        estimate.augment(pd.DataFrame({"x": range(N)}))
    with pytest.raises(DataError, match="already has a column 'weights'"):
        estimate.augment(pd.DataFrame({"weights": range(N)}, index=LABELS))
    with pytest.raises(DataError, match="must be a DataFrame, not list"):
        estimate.augment([1, 2])


def test_bibtex():
    own = "@misc{own, title={Own}}"
    keys = (
        "tchetgen2012semiparametric",
        "zheng2012targeted",
        "vanderlaan2006targeted",
        "chernozhukov2018double",
        "vandervaart1998",
    )
    text = make(references=(*keys, own)).bibtex()
    assert own in text
    for key in keys:
        assert text.count(f"{{{key},") == 1
    assert text.count("{") == text.count("}")
    assert "vandervaart1998" in make().bibtex()
    assert "zheng2012targeted" in np.exp(make(references=keys)).bibtex()


def test_maketables_protocol():
    """Columns b, se, t, p: the plug-in extractor format of maketables."""
    estimate = make(label="mood")
    table = estimate.__maketables_coef_table__
    assert list(table.columns) == ["b", "se", "t", "p", "ci95l", "ci95u"]
    assert list(table.index) == ["NDE", "NIE"]
    assert table.index.name == "Coefficient"
    assert_allclose(table["se"], estimate.std_error)
    assert estimate.__maketables_stat__("N") == N
    assert estimate.__maketables_stat__("r2") is None
    assert estimate.__maketables_depvar__ == "mood"


class Fitted(cif.Estimate):
    """A subclass as effects write it: fields by keyword, hooks, a recipe."""

    recipe: str

    def refit(self, rows):
        return f"{self.recipe} on {len(rows)} rows"

    def _glance(self):
        return super()._glance() | {"method": self.recipe}

    def _summary_head(self):
        return ["head line"]

    def _summary_notes(self):
        return ["closing line"]


def test_a_subclass_adds_fields_and_hooks():
    fitted = Fitted.from_estimate(make(), recipe="onestep")
    assert isinstance(fitted, Fitted)
    assert fitted.refit([1, 2]) == "onestep on 2 rows"
    assert fitted.glance()["method"].iloc[0] == "onestep"
    lines = fitted.summary().splitlines()
    assert lines[:3] == ["Fitted", "n = 80", "head line"]
    assert lines[-1] == "closing line"
    assert "head line" in fitted._repr_html_()
    assert "closing line" in fitted._repr_html_()
    with pytest.raises(AttributeError, match="frozen"):
        fitted.recipe = "other"


def test_what_is_derived_from_a_subclass_is_plain():
    fitted = Fitted.from_estimate(make(), recipe="onestep")
    for derived in (fitted["NDE"], fitted + 1, np.exp(fitted), cif.combine([fitted])):
        assert type(derived) is cif.Estimate
        with pytest.raises(DataError, match="no recipe"):
            derived.refit([0])
