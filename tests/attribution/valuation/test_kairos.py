"""`kairos` by its definitions, written out on whole tables of pairs."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression

import causalif as cif
from causalif.attribution.valuation import kernels, state
from causalif.errors import DataError, DataWarning

RNG = np.random.default_rng(1)
REFERENCE = pd.DataFrame(RNG.normal(size=(50, 2)), columns=["a", "b"])
DATA = pd.DataFrame(RNG.normal(size=(40, 2)), columns=["a", "b"])
DATA["a"] += 0.5
DATA.index = [f"d{k}" for k in range(40)]
BANDWIDTH = 1.3


def labelled(frame):
    return frame.assign(y=np.where(frame["a"] + frame["b"] > 0, "yes", "no"))


def kernel(one, other, same=None):
    """Of standardised rows; with labels only where they agree."""
    scaled = [(x[["a", "b"]] - REFERENCE.mean()) / REFERENCE.std(ddof=0) for x in (one, other)]
    apart = scaled[0].to_numpy()[:, None] - scaled[1].to_numpy()
    found = np.exp(-(apart**2).sum(axis=2) / (2 * BANDWIDTH**2))
    return (
        found if same is None else found * (one[same].to_numpy()[:, None] == other[same].to_numpy())
    )


def squared(weights, data, reference, same=None):
    """The squared discrepancy of rows weighted to one from the reference."""
    m = np.full(len(reference), 1 / len(reference))
    return (
        weights @ kernel(data, data, same) @ weights
        - 2 * weights @ kernel(data, reference, same) @ m
        + m @ kernel(reference, reference, same) @ m
    )


def asked(data=DATA, reference=REFERENCE, **more):
    return cif.kairos(data, reference, bandwidth=BANDWIDTH, seed=1, **more)


@pytest.mark.parametrize("same", [None, "y"])
def test_values_are_the_derivative_of_the_discrepancy(same):
    """-d/de of the squared discrepancy of (1 - e) Q + e d_x; it is a polynomial in e."""
    data, reference = labelled(DATA), labelled(REFERENCE)
    more = {} if same is None else {"label": "y", "label_method": "joint"}
    found = asked(data if same else DATA, reference if same else REFERENCE, **more)
    even = np.full(40, 1 / 40)
    step = 1e-4
    for k in (0, 13, 39):
        at = np.eye(40)[k]
        ends = [squared((1 - e) * even + e * at, data, reference, same) for e in (step, -step)]
        derivative = -(ends[0] - ends[1]) / (2 * step)
        assert found.values.iloc[k] == pytest.approx(derivative, abs=1e-8)
    assert found.values.sum() == pytest.approx(0, abs=1e-12)
    assert found.discrepancy**2 == pytest.approx(squared(even, data, reference, same), abs=1e-13)


def test_leave_one_out_and_sets_are_exact():
    found = asked()
    whole = squared(np.full(40, 1 / 40), DATA, REFERENCE)
    for k in (0, 13, 39):
        left = np.where(np.arange(40) == k, 0, 1 / 39)
        expected = squared(left, DATA, REFERENCE) - whole
        assert found.leave_one_out.iloc[k] == pytest.approx(expected, abs=1e-13)
    gone = np.arange(40) % 7 == 0
    without = found.remove(gone)
    assert without.discrepancy**2 == pytest.approx(
        squared(np.where(gone, 0, 1 / (~gone).sum()), DATA, REFERENCE), abs=1e-13
    )
    assert (found.values / 39 - found.leave_one_out).abs().max() < 4 / 40**2


def test_leave_one_out_by_landmarks_is_what_removing_does():
    found = asked(method="nystrom", landmarks=20)
    for k in (0, 13, 39):
        change = found.remove([DATA.index[k]]).discrepancy ** 2 - found.discrepancy**2
        assert found.leave_one_out.iloc[k] == pytest.approx(change, abs=1e-10)


def test_leave_one_out_of_a_label_is_what_removing_does():
    """The label's part of what values are derivatives of is twice the mean residual."""
    found = asked(labelled(DATA), labelled(REFERENCE), label="y", feature_weight=0.0)
    residual = -found.components["label"].to_numpy() / 2  # less its mean
    for k in (0, 13, 39):
        change = 2 * np.delete(residual, k).mean()
        assert found.leave_one_out.iloc[k] == pytest.approx(change, abs=1e-12)


def test_a_label_that_the_reference_has_not_is_as_unexpected_as_can_be():
    data = labelled(DATA)
    data.loc["d3", "y"] = "perhaps"
    label = asked(data, labelled(REFERENCE), label="y").components["label"]
    scaled = [(x[["a", "b"]] - REFERENCE.mean()) / REFERENCE.std(ddof=0) for x in (DATA, REFERENCE)]
    model = LogisticRegression(max_iter=1000).fit(scaled[1], labelled(REFERENCE)["y"])
    hit = labelled(DATA)["y"].to_numpy()[:, None] == model.classes_
    residual = np.linalg.norm(hit - model.predict_proba(scaled[0]), axis=1)
    assert label["d0"] - label["d3"] == pytest.approx(2 * (np.sqrt(2) - residual[0]), abs=1e-9)


@pytest.mark.parametrize("label_method", [None, "residual", "joint", "within"])
@pytest.mark.parametrize("method", ["exact", "nystrom"])
def test_rows_added_and_removed_leave_what_was(method, label_method):
    data, reference = labelled(DATA), labelled(REFERENCE)
    more = {"method": method, "landmarks": 20}
    more |= {} if label_method is None else {"label": "y", "label_method": label_method}
    if label_method is None:
        data, reference = DATA, REFERENCE
    whole = asked(data, reference, **more)
    first = asked(data, reference, **more).remove(data.index[30:])
    joined = first.add(data.iloc[30:])
    assert joined.values.index.tolist() == data.index.tolist()
    near = 1e-12 if method == "exact" else 1e-10  # a pseudo-inverse magnifies rounding
    assert joined.values.to_numpy() == pytest.approx(whole.values.to_numpy(), abs=near)
    assert joined.leave_one_out.to_numpy() == pytest.approx(
        whole.leave_one_out.to_numpy(), abs=near
    )
    alone = whole.add(data.set_axis([f"e{k}" for k in range(40)])).remove(
        [f"e{k}" for k in range(40)]
    )
    assert alone.values.to_numpy() == pytest.approx(whole.values.to_numpy(), abs=near)
    if method == "exact":
        fresh = asked(data.iloc[:30], reference, **more)
        assert first.values.to_numpy() == pytest.approx(fresh.values.to_numpy(), abs=1e-12)


def test_residuals_of_labels_are_those_of_a_logistic_model_of_the_reference():
    data, reference = labelled(DATA), labelled(REFERENCE)
    found = asked(data, reference, label="y")
    scaled = [(x[["a", "b"]] - REFERENCE.mean()) / REFERENCE.std(ddof=0) for x in (data, reference)]
    model = LogisticRegression(max_iter=1000).fit(scaled[1], reference["y"])
    hit = data["y"].to_numpy()[:, None] == model.classes_
    residual = np.linalg.norm(hit - model.predict_proba(scaled[0]), axis=1)
    expected = 2 * (residual.mean() - residual)
    assert found.components["label"].to_numpy() == pytest.approx(expected, abs=1e-10)
    plain = asked()
    mixed = 0.97 * plain.values.to_numpy() + 0.03 * expected
    assert found.values.to_numpy() == pytest.approx(mixed, abs=1e-10)


def test_within_labels_each_has_its_own_reference():
    data, reference = labelled(DATA), labelled(REFERENCE)
    found = asked(data, reference, label="y", label_method="within")
    for level in ("yes", "no"):
        own, other = data[data["y"] == level], reference[reference["y"] == level]
        spread = kernel(own, own).mean(axis=1)
        near = kernel(own, other).mean(axis=1)
        expected = 2 * (near - spread + spread.mean() - near.mean())
        assert found.values[own.index].to_numpy() == pytest.approx(expected, abs=1e-12)


def test_landmarks_come_near_all_pairs():
    rng = np.random.default_rng(2)
    reference = rng.normal(size=(2000, 10))
    data = np.vstack([rng.normal(size=(2700, 10)), rng.normal(size=(300, 10)) + 1.5])
    exact = cif.kairos(data, reference, method="exact", seed=1)
    near = cif.kairos(data, reference, method="nystrom", landmarks=300, seed=1)
    assert spearmanr(exact.values, near.values).statistic > 0.99
    assert near.error["rank"] > 0.99
    assert near.error["rms"] < 0.1
    assert near.discrepancy == pytest.approx(exact.discrepancy, rel=0.02)
    assert "By 300 landmarks" in near.summary()


def test_the_order_of_rows_changes_nothing():
    order = np.random.default_rng(3).permutation(40)
    found = asked(DATA.iloc[order], REFERENCE.iloc[::-1])
    assert found.values[DATA.index].to_numpy() == pytest.approx(
        asked().values.to_numpy(), abs=1e-12
    )


def test_chunks_change_nothing(monkeypatch):
    whole = asked(), asked(method="nystrom", landmarks=20)
    monkeypatch.setattr(kernels, "PAIRS", 100)
    monkeypatch.setattr(state, "PAIRS", 100)
    parts = asked(), asked(method="nystrom", landmarks=20)
    for one, other in zip(whole, parts, strict=True):
        assert other.values.to_numpy() == pytest.approx(one.values.to_numpy(), abs=1e-10)
        assert other.leave_one_out.to_numpy() == pytest.approx(
            one.leave_one_out.to_numpy(), abs=1e-10
        )


def test_categories_are_one_apart_and_unknown_ones_too():
    reference = pd.DataFrame({"job": ["cook", "clerk"] * 20, "x": np.tile([0.0, 1.0], 20)})
    data = pd.DataFrame({"job": ["cook", "clerk", "pilot"], "x": [0.0, 0.0, 0.0]})
    found = cif.kairos(data, reference, bandwidth=1.0, standardise=False)
    rows = found._state.rows
    apart = ((rows[:, None] - rows) ** 2).sum(axis=2)
    assert apart == pytest.approx(1 - np.eye(3))


def test_mislabelled_noisy_and_shifted_rows_are_worth_least():
    rng = np.random.default_rng(4)
    clean = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    clean["y"] = (clean["a"] + clean["b"] > 0).astype(int)
    data = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    data["y"] = (data["a"] + data["b"] > 0).astype(int)
    bad = rng.choice(300, 30, replace=False)
    flipped = data.copy()
    flipped.loc[bad, "y"] = 1 - flipped.loc[bad, "y"]
    moved = data.copy()
    moved.loc[bad, "c"] += 3

    def area(found):
        """How often a bad row is worth less than a good one."""
        good = np.delete(found.to_numpy(), bad)
        return (found.to_numpy()[bad][:, None] < good).mean()

    # Some flipped rows lie at the boundary, where either label is likely.
    assert area(cif.kairos(flipped, clean, label="y", seed=1).values) > 0.85
    assert area(cif.kairos(moved.drop(columns="y"), clean.drop(columns="y"), seed=1).values) > 0.9
    features_alone = cif.kairos(flipped.drop(columns="y"), clean.drop(columns="y"), seed=1)
    assert 0.3 < area(features_alone.values) < 0.7


def test_result_is_told_drawn_and_pickled():
    found = asked(labelled(DATA), labelled(REFERENCE), label="y")
    text = found.summary()
    assert "40 rows against 50 of the reference" in text
    assert "0.97 of the features' part" in text
    assert pickle.loads(pickle.dumps(found)).values.equals(found.values)
    assert found.worst(3, DATA).columns.tolist() == ["value", "feature", "label", "a", "b"]
    assert found.plot().get_ylabel() == "value"
    ax = found.plot("removal")
    worst, chance = (line.get_ydata() for line in ax.lines[:2])
    assert worst[0] == pytest.approx(chance[0])
    assert worst[2] < chance[2]


def test_polars_and_arrays_are_read():
    polars = pytest.importorskip("polars")
    frames = [polars.from_pandas(x.reset_index(drop=True)) for x in (DATA, REFERENCE)]
    for data, reference in (frames, (DATA.to_numpy(), REFERENCE.to_numpy())):
        assert asked(data, reference).values.to_numpy() == pytest.approx(asked().values.to_numpy())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"data": DATA[["a"]]}, "no column 'b' in data"),
        ({"data": DATA.assign(a=np.nan)}, "'a' is missing in 40 of 40 rows of data"),
        ({"data": DATA.assign(a="x")}, "holds numbers in the reference, and text in data"),
        ({"data": DATA.iloc[:1]}, "data has 1 row"),
        ({"data": DATA.iloc[[0, 0, 1]]}, "row labels are duplicated"),
        ({"reference": REFERENCE * 0}, "no column of the reference varies"),
        ({"label": "z"}, "no label 'z' in reference"),
        ({"label": "a"}, "'a' has 50 values in 50 rows"),
        ({"method": "fast"}, "method='fast'"),
        ({"label_method": "x", "landmarks": 1, "feature_weight": 2}, "(?s)3 problems"),
        ({"data": np.ones(4)}, "has no columns"),
    ],
)
def test_bad_input_is_named(given, words):
    call = {"data": DATA, "reference": REFERENCE, **given}
    with pytest.raises(DataError, match=words):
        cif.kairos(call.pop("data"), call.pop("reference"), seed=1, **call)


def test_what_cannot_be_added_or_removed_is_named():
    found = asked()
    with pytest.raises(DataError, match="row label 'd3' is there already"):
        found.add(DATA.iloc[[3]])
    with pytest.raises(DataError, match="no row is labelled 'x'"):
        found.remove(["x"])
    with pytest.raises(DataError, match="are 40 of 40"):
        found.remove(DATA.index)
    with pytest.raises(DataError, match="kind='pie'"):
        found.plot("pie")


def test_constant_columns_are_left_out():
    with pytest.warns(DataWarning, match="'c': constant in the reference"):
        found = asked(DATA.assign(c=1.0), REFERENCE.assign(c=1.0))
    assert found.values.to_numpy() == pytest.approx(asked().values.to_numpy())
