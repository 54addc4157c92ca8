"""AirRep: pooling and loss by hand, planted influence, evaluation, and what is kept on disk."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

import causalif as cif
from causalif.attribution.neural.lds import ceiling
from causalif.attribution.neural.pooling import pooled, ranking_loss, standardised
from causalif.errors import DataError, DataWarning
from tests.attribution.neural import models

neural = cif.attribution.neural
RNG = np.random.default_rng(0)


def test_pooling_is_the_softmax_of_sizes():
    products = RNG.normal(size=(3, 6)) * 2
    masks = RNG.random((4, 6)) < 0.6
    masks[:, 0] = True
    found = pooled(torch.as_tensor(products), torch.as_tensor(masks), "attention").numpy()
    mean = pooled(torch.as_tensor(products), torch.as_tensor(masks), "mean").numpy()
    for q in range(3):
        for m in range(4):
            e = products[q, masks[m]]
            weights = np.exp(abs(e)) / np.exp(abs(e)).sum()
            assert found[q, m] == pytest.approx(weights @ e)
            assert mean[q, m] == pytest.approx(e.mean())


def test_pooling_of_a_group_without_the_largest_product_by_far():
    products = torch.tensor([[500.0, 1.0, 2.0]])
    weights = np.exp([1.0, 2.0]) / np.exp([1.0, 2.0]).sum()
    found = pooled(products, torch.tensor([[False, True, True]]), "attention")
    assert found[0, 0] == pytest.approx(weights @ [1.0, 2.0])


def test_labels_are_standardised_losses_turned():
    losses = RNG.normal(size=(3, 50))
    losses[1, 0] = 1e3
    losses[2] = 4.0
    found = standardised(torch.as_tensor(losses)).numpy()
    r = -(losses[0] - losses[0].mean()) / losses[0].std()
    assert found[0] == pytest.approx(r)
    assert found[1].min() == pytest.approx(max(-10, -(1e3 - losses[1].mean()) / losses[1].std()))
    assert (found[2] == 0).all()
    many = np.zeros((1, 1000))
    many[0, 0] = 1.0
    assert standardised(torch.as_tensor(many)).numpy().min() == -10  # 31 standard deviations


def test_the_loss_is_that_of_pairs():
    f, r = RNG.normal(size=(2, 5)), RNG.normal(size=(2, 5)) * 4
    r[0, 1] = r[0, 0] + 0.05  # too near to count
    total, pairs = 0.0, 0
    for q in range(2):
        for i in range(5):
            for j in range(5):
                if r[q, i] - r[q, j] >= 0.1:
                    weight = min(r[q, i] - r[q, j], 5)
                    total += weight * np.log1p(np.exp(-(f[q, i] - f[q, j])))
                    pairs += 1
    found = ranking_loss(torch.as_tensor(f), torch.as_tensor(r))
    assert float(found) == pytest.approx(total / pairs)


@pytest.fixture(scope="module")
def planted():
    """Rows help queries of their own direction and label; losses are of the rows that are in."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(160, 4)), rng.integers(0, 2, 160)

    def losses(rows, queries, subsets, seed):
        sign = np.where(np.equal.outer(y[queries], y[rows]), 1.0, -1.0)
        effect = sign * np.maximum(X[queries] @ X[rows].T, 0)
        noise = np.random.default_rng(seed).normal(scale=0.5, size=(len(queries), len(subsets)))
        return -(effect @ subsets.T) / 10 + noise

    def labels(rows, queries, count, seed, repeats=1):
        subsets = neural.subset_labels.draw_subsets(len(rows), count, 20, seed)
        parts = [losses(rows, queries, subsets, 100 * seed + k) for k in range(repeats)]
        return neural.SubsetLabels(subsets, np.stack(parts))

    pool, known, asked = np.arange(80), np.arange(80, 130), np.arange(130, 160)
    pair = {
        name: (X[part], y[part])
        for name, part in {"pool": pool, "known": known, "asked": asked}.items()
    }
    model = neural.AirRep(dim=16, seed=0)
    model.fit(pair["pool"], pair["known"], labels(pool, known, 200, 1), steps=300, progress=False)
    return model, pair, labels(pool, asked, 60, 2, repeats=4)


def test_planted_influence_is_learned(planted):
    model, pair, truth = planted
    table = model.evaluate(pair["pool"], pair["asked"], truth)
    assert table["lds"]["AirRep"] > 0.5
    assert table["lds"]["AirRep"] > table["lds"].drop("AirRep").max() + 0.05
    assert list(table.index) == [
        "AirRep", "before training", "cosine, attention", "cosine, sum", "rows of the same label",
    ]  # fmt: skip
    assert table["ceiling"].iloc[0] == pytest.approx(ceiling(truth.repeats))


def test_evaluations_are_rank_correlations(planted):
    model, pair, truth = planted
    others = {"own": RNG.normal(size=(30, 80))}
    table = model.evaluate(pair["pool"], pair["asked"], truth, others=others)
    same = np.equal.outer(pair["asked"][1], pair["pool"][1]).astype(float)
    scores = model.score_subsets(pair["asked"], pair["pool"], truth.subsets)
    for name, predicted in (
        ("AirRep", scores),
        ("own", others["own"] @ truth.subsets.T),
        ("rows of the same label", same @ truth.subsets.T),
    ):
        pairs = zip(predicted, -truth.losses, strict=True)
        each = [spearmanr(a, b).statistic for a, b in pairs]
        assert table["lds"][name] == pytest.approx(np.mean(each))
        assert table["std_error"][name] == pytest.approx(np.std(each, ddof=1) / np.sqrt(30))


def test_a_model_is_asked_for_its_influence_too(planted):
    model, pair, truth = planted
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    table = model.evaluate(
        pair["pool"], pair["asked"], truth, model=network, loss=models.cross_entropy
    )
    pool, asked = (
        (torch.as_tensor(X, dtype=torch.float32), torch.as_tensor(y))
        for X, y in (pair["pool"], pair["asked"])
    )
    alone = neural.astra(network, models.cross_entropy, pool, asked, solver="ekfac")
    score = neural.lds(alone.values, truth.subsets, truth.repeats)
    assert table.loc["EKFAC", "lds"] == pytest.approx(score.mean, abs=1e-6)
    assert table.loc["EKFAC", "std_error"] == pytest.approx(score.std_error, abs=1e-6)
    with pytest.raises(DataError, match="needs loss="):
        model.evaluate(pair["pool"], pair["asked"], truth, model=network)


def test_encodings_are_those_of_the_best_check(monkeypatch):
    """Of two checks the first is made the better one: all is as if training had ended there."""
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    labels = rng.random((30, 40)) < 0.5, rng.normal(size=(10, 30))
    shorter = neural.AirRep(dim=4).fit((X, y), (X[:10], y[:10]), labels, steps=50)
    scores = iter([1.0, 0.0])
    monkeypatch.setattr(
        "causalif.attribution.neural.airrep_training.rank_correlations",
        lambda one, other: np.array([next(scores)]),
    )
    longer = neural.AirRep(dim=4).fit((X, y), (X[:10], y[:10]), labels, steps=100)
    np.testing.assert_allclose(longer.encode(X, y), shorter.encode(X, y), rtol=1e-6)
    assert next(scores, None) is None


def test_far_values_are_cut_off():
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(50, 2)), rng.integers(0, 2, 50)
    inputs = neural.airrep_inputs.Inputs.of(X, y)
    found = inputs.tensor(np.array([[50.0, -50.0], [0.0, 0.0]]), np.array([0, 1]))
    assert found[0, :2].tolist() == [3.0, -3.0]
    expected = (0.0 - X.mean(axis=0)) / X.std(axis=0)
    assert found[1, :2].numpy() == pytest.approx(expected, rel=1e-5)


def test_groups_and_single_rows(planted):
    model, pair, _ = planted
    X, y = pair["pool"]
    rows = np.arange(20)
    found = model.score(pair["asked"], (X[rows], y[rows]))
    e = model.scores(pair["asked"], pair["pool"])[:, rows]
    weights = np.exp(abs(e)) / np.exp(abs(e)).sum(axis=1, keepdims=True)
    assert found == pytest.approx((weights * e).sum(axis=1), rel=1e-5)
    with pytest.warns(DataWarning, match="scores do not grow with the group"):
        model.score(pair["asked"], (X[:2], y[:2]))
    masks = np.zeros((2, 80), dtype=bool)
    masks[0, :20] = masks[1, :22] = True
    with pytest.warns(DataWarning, match="several sizes"):
        model.score_subsets(pair["asked"], pair["pool"], masks)


def test_seeds_decide_and_random_numbers_are_left_alone(planted):
    _, pair, truth = planted
    queries = (pair["known"][0][:30], pair["known"][1][:30])
    state = torch.get_rng_state()
    found = [
        neural.AirRep(dim=4, seed=seed).fit(pair["pool"], queries, truth, steps=20, progress=False)
        for seed in (3, 3, 4)
    ]
    assert torch.equal(torch.get_rng_state(), state)
    one, again, other = (fitted.encode(*pair["pool"]) for fitted in found)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_an_encoder_of_ones_own_is_copied(planted, tmp_path):
    _, pair, truth = planted
    queries = (pair["known"][0][:30], pair["known"][1][:30])
    torch.manual_seed(0)
    encoder = nn.Linear(6, 3)
    before = encoder.weight.detach().clone()
    model = neural.AirRep(encoder).fit(pair["pool"], queries, truth, steps=20, progress=False)
    assert torch.equal(encoder.weight, before)
    assert model.encode(*pair["pool"]).shape == (80, 3)
    model.save(tmp_path)
    with pytest.raises(DataError, match="give encoder="):
        neural.AirRep.load(tmp_path)
    with pytest.raises(DataError, match="another than the one"):
        neural.AirRep.load(tmp_path, encoder=nn.Linear(6, 4))
    back = neural.AirRep.load(tmp_path, encoder=nn.Linear(6, 3))
    assert np.array_equal(back.encode(*pair["pool"]), model.encode(*pair["pool"]))


def test_what_is_saved_comes_back_bit_by_bit(planted, tmp_path):
    model, pair, _ = planted
    model.save(tmp_path / "kept")
    assert {file.name for file in (tmp_path / "kept").iterdir()} == {
        "airrep.json",
        "encoder.safetensors",
    }
    back = neural.AirRep.load(tmp_path / "kept")
    assert np.array_equal(
        back.scores(pair["asked"], pair["pool"]), model.scores(pair["asked"], pair["pool"])
    )
    with pytest.raises(DataError, match="no AirRep was saved"):
        neural.AirRep.load(tmp_path / "none")
    with pytest.raises(DataError, match="leave encoder= out"):
        neural.AirRep.load(tmp_path / "kept", encoder=nn.Linear(6, 3))


def test_numeric_labels_and_none():
    X, y = RNG.normal(size=(60, 3)), RNG.normal(size=60)
    subsets, losses = RNG.random((20, 60)) < 0.5, RNG.normal(size=(10, 20))
    queries = (X[:10], y[:10])
    model = neural.AirRep(dim=4).fit((X, y), queries, (subsets, losses), steps=2, progress=False)
    assert model.encode(X, y).shape == (60, 4)
    with pytest.warns(DataWarning, match="no label is given"):
        plain = neural.AirRep(dim=4).fit(X, X[:10], (subsets, losses), steps=2, progress=False)
    assert "rows of the same label" not in plain.evaluate(X, X[:10], (subsets, losses)).index
    with pytest.raises(DataError, match="a label is given, unlike"):
        plain.encode(X, y)


def bad(**change):
    given = {
        "train": (RNG.normal(size=(30, 2)), np.arange(30) % 3),
        "queries": (RNG.normal(size=(5, 2)), np.arange(5) % 3),
        "labels": (np.arange(30) % 2 == np.arange(8)[:, None] % 2, RNG.normal(size=(5, 8))),
    }
    return {**given, **change}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"labels": (np.ones((8, 29)), np.zeros((5, 8)))},
            "subsets have 29 rows, and train has 30",
        ),
        ({"labels": (np.ones((8, 30)), np.zeros((4, 8)))}, "there are 5 queries and 8 subsets"),
        ({"labels": (np.ones((8, 30)), np.full((5, 8), np.nan))}, "40 losses are missing"),
        ({"labels": (np.zeros((8, 30)), np.zeros((5, 8)))}, "8 subsets are empty"),
        ({"labels": (np.ones((3, 30)), np.zeros((5, 3)))}, "3 subsets: give more"),
        ({"train": (np.full((30, 2), np.nan), np.arange(30))}, "60 entries not finite"),
        ({"train": (np.array([["a"]] * 30), np.arange(30))}, "features must be numbers"),
        ({"train": (np.zeros((30, 2)), np.arange(29))}, "30 rows and labels of shape"),
        ({"queries": (np.zeros((5, 2)), np.arange(5) + 9)}, "labels 10, 11, 12, 13, 9 were not"),
        ({"queries": (np.zeros((5, 3)), np.arange(5) % 3)}, "2 columns are known"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(DataError, match=message):
        neural.AirRep().fit(**bad(**change), progress=False)


def test_what_cannot_be_asked_is_said():
    with pytest.raises(DataError, match="2 problems"):
        neural.AirRep(pooling="sum", dim=0)
    with pytest.raises(DataError, match="has not been fitted"):
        neural.AirRep().encode(np.zeros((2, 2)))
