"""The decomposition by graph, on ratios, in groups, of predictors, and on COMPAS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import causalif as cif
from causalif.errors import DataError, NotIdentified
from tests.fairness.test_decomposition import sample, truth

GRAPH = "w -> {a m y}; a -> {m y}; m -> y"
HOW = {"learners": "glm", "seed": 1}
PARTS = ["direct", "indirect", "spurious"]
COMPAS = Path(__file__).parents[2] / "vignettes" / "data" / "compas.csv.gz"


@pytest.fixture(scope="module")
def data():
    return sample(1500, 1)


def test_a_graph_chooses_the_mediators_too(data):
    named = cif.decompose_gap(data, "a", "y", "m", "w", **HOW)
    found = cif.decompose_gap(data, "a", "y", dag=GRAPH, **HOW)
    assert found.values.to_numpy() == pytest.approx(named.values.to_numpy())
    wide = data.assign(
        k=data["m"] + np.arange(len(data)) % 2, z=np.arange(len(data)) % 3, l=data["a"]
    )
    longer = "w -> {a m y}; a -> {m y}; m -> k; k -> y; y -> z; l [latent]; a -> l; l -> y"
    both = cif.decompose_gap(wide, "a", "y", dag=longer, **HOW)
    assert both.design.mediators == (("m", "k"),)  # not z, a consequence, nor what is latent


def test_a_graph_without_a_measured_mediator_is_told(data):
    with pytest.raises(NotIdentified, match="no measured node lies on a directed path from a to y"):
        cif.decompose_gap(data, "a", "y", dag="w -> {a y}; a -> y; m -> y", **HOW)
    with pytest.raises(DataError, match="exposure 'a' is not in the graph"):
        cif.decompose_gap(data, "a", "y", dag="w -> y; m -> y", **HOW)


def test_a_predictor_takes_the_outcomes_place_in_the_graph(data):
    scored = data.assign(score=0.3 * data["m"] + 0.1 * data["a"] + data["w"])
    expected = cif.decompose_gap(scored, "a", "score", "m", "w", **HOW).values.to_numpy()
    for frame, prediction in ((scored, "score"), (data, scored["score"])):
        found = cif.decompose_gap(frame, "a", "y", prediction=prediction, dag=GRAPH, **HOW)
        assert found.values.to_numpy() == pytest.approx(expected)
    drawn = cif.decompose_gap(
        scored, "a", "y", prediction="score", dag=GRAPH + "; {a m w} -> score", **HOW
    )
    assert drawn.values.to_numpy() == pytest.approx(expected)
    assert drawn.values["direct"] == pytest.approx(0.1)  # the score's own coefficient
    more = scored.assign(k=(data["m"] + data.index) % 2)
    own = "; a -> k; {a m w k} -> score"  # a mediator of the score, and not of the outcome
    drawn = cif.decompose_gap(more, "a", "y", prediction="score", dag=GRAPH + own, **HOW)
    assert drawn.design.mediators == (("m", "k"),)


def test_a_score_blind_to_the_attribute_has_no_direct_part(data):
    found = cif.decompose_gap(data, "a", "y", "m", "w", prediction=data["m"] + data["w"], **HOW)
    assert found.values["direct"] == pytest.approx(0, abs=1e-12)
    assert "+0 directly" in found.summary()
    assert "Zero but for rounding, so that a test says nothing: direct." in found.summary()


def test_parity_of_a_representation_can_hide_parts_that_cancel():
    rng = np.random.default_rng(4)
    rows = 3000
    w = rng.normal(size=rows)
    a = (rng.random(rows) < 1 / (1 + np.exp(-w))).astype(int)
    m = rng.normal(size=rows) - 0.8 * a + 0.5 * w
    y = (w + m + rng.normal(size=rows) > 0).astype(int)
    features = pd.DataFrame({"w": w, "m": m})
    subspace = cif.FairSubspace(shared=0).fit(features, y, sensitive=a)
    score = np.asarray(subspace.transform(features))[:, 0]
    frame = features.assign(a=a, y=y)
    found = cif.decompose_gap(frame, "a", "y", "m", "w", prediction=score, **HOW)
    parts = found.values
    assert parts["TV"] == pytest.approx(0, abs=1e-10)  # a property of the representation
    slopes = np.linalg.lstsq(np.column_stack([np.ones(rows), w, m]), score, rcond=None)[0]
    assert parts["direct"] == pytest.approx(0, abs=1e-10)
    # The score is linear, and m falls by .8 with a; error of the estimated fall .04.
    assert parts["indirect"] == pytest.approx(-0.8 * slopes[2], abs=0.16 * abs(slopes[2]))
    assert parts["spurious"] == pytest.approx(-parts["indirect"], abs=1e-10)
    assert "a test says nothing: direct." in found.summary()  # the gap is zero, with an error


@pytest.mark.parametrize("kind", ["counterfactual", "natural"])
def test_ratios_multiply(data, kind):
    found = cif.decompose_gap(data, "a", "y", "m", "w", kind=kind, scale="ratio", **HOW)
    tidy = found.tidy(exponentiate=True).set_index("term")["estimate"]
    means = data.groupby("a")["y"].mean()
    assert tidy["TV"] == pytest.approx(means[1] / means[0])
    assert tidy[PARTS].prod() == pytest.approx(tidy["TV"])
    assert f"a ratio of {tidy['TV']:.3g}: {tidy['direct']:.3g} directly, times" in found.summary()


@pytest.mark.parametrize("kind", ["counterfactual", "natural"])
def test_groups_have_a_decomposition_each(data, kind):
    halves = data.assign(g=np.where(data.index % 2, "odd", "even"))
    found = cif.decompose_gap(halves, "a", "y", "m", "w", kind=kind, by="g", **HOW)
    for label in ("odd", "even"):
        means = halves[halves["g"] == label].groupby("a")["y"].mean()
        assert found.values[f"TV [g={label}]"] == pytest.approx(means[1] - means[0])
        parts = [found.values[f"{part} [g={label}]"] for part in PARTS]
        assert sum(parts) == pytest.approx(means[1] - means[0])
    assert found.equality()["term"].tolist() == ["TV", *PARTS]
    assert found.summary().count("The observed gap of") == 2


def test_weights_count_rows_as_often(data):
    often = np.where(data.index < 700, 1, 2)
    found = cif.decompose_gap(data, "a", "y", "m", "w", weights=often, **HOW)
    means = [np.average(data["y"][data["a"] == k], weights=often[data["a"] == k]) for k in (0, 1)]
    assert found.values["TV"] == pytest.approx(means[1] - means[0])


def test_missing_outcomes_are_weighted_for():
    """The truth within 3 standard errors, and the gap of those seen beyond them."""
    whole, true = sample(8000, 5), truth("counterfactual")["TV"]
    rarely = (whole["w"] == 2) & (whole["a"] == 1)
    seen = np.random.default_rng(2).random(len(whole)) < np.where(rarely, 0.2, 0.9)
    some = whole.assign(y=whole["y"].where(seen))
    found = cif.decompose_gap(some, "a", "y", "m", "w", missing="ipw", **HOW)
    means = some.groupby("a")["y"].mean()
    assert abs(found.values["TV"] - true) < 3 * found.std_error["TV"]
    assert abs(means[1] - means[0] - true) > 3 * found.std_error["TV"]
    assert found.values[PARTS].sum() == pytest.approx(found.values["TV"])
    weighting = cif.decompose_gap(some, "a", "y", "m", "w", missing="ipw", method="ipw", **HOW)
    assert abs(weighting.values["TV"] - found.values["TV"]) > 1e-5  # regressions take part


def test_unmeasured_confounders_are_asked_of_mediate(data):
    with pytest.raises(DataError, match="mediate"):
        cif.decompose_gap(data, "a", "y", "m", "w", **HOW).sensitivity()


def test_the_frame_stays_as_it_is_and_another_kind_is_read(data):
    polars = pytest.importorskip("polars")
    before, score = data.copy(), data["w"] + 0.5 * data["m"]
    expected = cif.decompose_gap(data, "a", "y", "m", "w", prediction=score, **HOW)
    pd.testing.assert_frame_equal(data, before)
    found = cif.decompose_gap(
        polars.from_pandas(data), "a", "y", "m", "w", prediction=score.to_numpy(), **HOW
    )
    assert found.values.to_numpy() == pytest.approx(expected.values.to_numpy())


@pytest.fixture(scope="module")
def compas():
    court = pd.read_csv(COMPAS)
    return court.assign(
        race=np.where(court["race"] == "Caucasian", "Majority", "Minority"),
        northpointe=(court["decile_score"] > 4).astype(int),
    )


# Plecko's vignette with faircause, read off its figures (docs/pages/t1-compas-y-yhat.html of
# github.com/dplecko/CFA): parts and half-widths of the intervals. His rows are the 7214 before
# ProPublica's filter; the bundled file has the 6172 after it.
FAIRCAUSE = {
    "two_year_recid": {
        "direct": (0.005, 0.0195),
        "indirect": (0.051, 0.009),
        "spurious": (0.032, 0.016),
    },
    "northpointe": {
        "direct": (0.058, 0.0155),
        "indirect": (0.074, 0.012),
        "spurious": (0.037, 0.0125),
    },
}
RECORD = ["juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count", "c_charge_degree"]


@pytest.mark.filterwarnings("ignore::causalif.errors.PositivityWarning")
@pytest.mark.parametrize("outcome", list(FAIRCAUSE))
def test_compas_beside_faircause_and_standardisation(compas, outcome):
    found = cif.decompose_gap(
        compas, "race", outcome, RECORD, ["age", "sex"], reference="Majority", **HOW
    )
    for part, (value, half) in FAIRCAUSE[outcome].items():
        width = half + 1.96 * found.std_error[part]
        assert abs(found.values[part] - value) < width
    # Apart from any model: the minority's means over 50 cells of age and sex, averaged over the
    # majority's. Cells and logistic regressions differ by far less than a standard error.
    cell = pd.qcut(compas["age"], 25, labels=False, duplicates="drop").astype(str) + compas["sex"]
    minor = compas["race"] == "Minority"
    means = compas[minor].groupby(cell[minor])[outcome].mean()
    shares = cell[~minor].value_counts(normalize=True)
    spurious = compas[minor][outcome].mean() - (means.reindex(shares.index) * shares).sum()
    assert found.values["spurious"] == pytest.approx(spurious, abs=found.std_error["spurious"])
