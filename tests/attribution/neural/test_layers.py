"""Influence of layers by hand, exact allocations, exact pruning."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import savgol_filter
from torch import nn

import causalif as cif
from causalif.attribution.neural.objective import read_objective
from causalif.errors import DataError, DataWarning
from tests.attribution.neural.models import case, cross_entropy

neural = cif.attribution.neural


def deep(layers: int = 8, width: int = 5) -> nn.Module:
    """Blocks in a ModuleList, beside shorter lists."""

    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.heads = nn.ModuleList([nn.Linear(width, 3)])
            self.blocks = nn.ModuleList(
                nn.Sequential(nn.Linear(width, width), nn.Tanh()) for _ in range(layers)
            )

        def forward(self, x):
            for block in self.blocks:
                x = x + block(x)
            return self.heads[0](x)

    torch.manual_seed(1)
    return Deep().double()


X = torch.randn(14, 5, generator=torch.Generator().manual_seed(0)).double()
Y = torch.arange(14) % 3
DATA, HELD = (X[:10], Y[:10]), (X[10:], Y[10:])


def gradients(model, data):
    """Of each row, by parameter."""
    objective = read_objective(model, cross_entropy, None)
    with objective.quiet():
        return neural.gradients.row_gradients(objective, data)


def test_the_identity_gives_products_of_gradients():
    model = deep(3)
    found = neural.layer_influence(model, cross_entropy, DATA, HELD, solver="identity")
    rows, held = gradients(model, DATA), gradients(model, HELD)
    assert list(found.rows.columns) == ["blocks.0", "blocks.1", "blocks.2"]
    for block in found.rows:
        names = [name for name in rows if name.startswith(block)]
        expected = -sum(rows[n].flatten(1) @ held[n].sum(0).flatten() for n in names)
        assert found.rows[block].to_numpy() == pytest.approx(expected.numpy(), abs=1e-12)
    assert found.sizes.tolist() == [30, 30, 30]


def inverse_by_rows(G, v):
    """DataInf written out: the mean of inverses of single rows' matrices."""
    damping = 0.1 * float((G**2).mean())
    eye = torch.eye(G.shape[1], dtype=G.dtype)
    return sum(torch.linalg.solve(torch.outer(g, g) + damping * eye, v) for g in G) / len(G)


@pytest.mark.parametrize("per", ["tensor", "block"])
@pytest.mark.parametrize("rows", [1, 10])
def test_datainf_is_the_mean_of_inverses(per, rows):
    """Of one row it is the formula of Sherman and Morrison."""
    model, data = deep(2), tuple(part[:rows] for part in DATA)
    found = neural.layer_influence(model, cross_entropy, data, HELD, per=per, batch_size=4)
    g, held = gradients(model, data), gradients(model, HELD)
    for block in found.rows:
        names = [name for name in g if name.startswith(block)]
        groups = [names] if per == "block" else [[name] for name in names]
        expected = torch.zeros(rows).double()
        for group in groups:
            G = torch.cat([g[n].flatten(1) for n in group], 1)
            v = torch.cat([held[n].flatten(1) for n in group], 1).sum(0)
            expected -= G @ inverse_by_rows(G, v)
        assert found.rows[block].to_numpy() == pytest.approx(expected.numpy(), rel=1e-6)


def test_weighing_up_a_row_with_influence_above_zero_raises_validation_loss():
    model = deep(2)
    found = neural.layer_influence(
        model,
        cross_entropy,
        DATA,
        HELD,
        solver="identity",
        blocks={"a": ["blocks"], "b": "heads"},
    )
    row = int(found.rows.sum(axis=1).idxmax())
    assert found.rows.sum(axis=1)[row] > 0
    before = float(cross_entropy(model, HELD).sum().detach())
    cross_entropy(model, tuple(part[row : row + 1] for part in DATA)).sum().backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 1e-4 * parameter.grad  # a step that learns the row more
        assert float(cross_entropy(model, HELD).sum()) > before


def test_scores_are_parts_of_the_rows():
    scores = {}
    for aggregate in ("positive", "negative", "abs", "top_positive"):
        found = neural.layer_influence(deep(2), cross_entropy, DATA, HELD, aggregate=aggregate)
        scores[aggregate] = found.score
    rows = found.rows
    assert scores["positive"].to_numpy() == pytest.approx(rows.clip(lower=0).sum().to_numpy())
    assert scores["negative"].to_numpy() == pytest.approx(-rows.clip(upper=0).sum().to_numpy())
    total = scores["positive"] + scores["negative"]
    assert scores["abs"].to_numpy() == pytest.approx(total.to_numpy())
    first = rows["blocks.0"][rows["blocks.0"] > 0]
    best = first[first >= first.quantile(0.75)].sum()
    assert scores["top_positive"]["blocks.0"] == pytest.approx(best)
    assert "2 blocks" in found.summary()
    assert len(found.plot().patches) == 2


@pytest.mark.parametrize(
    ("model", "blocks", "message"),
    [
        (deep(2), {"a": ["block"], "b": ["heads"]}, r"no parameters of the model are in 'block'"),
        (deep(2), {"a": ["blocks"], "b": ["blocks.0"]}, "'blocks.0.0.weight' is in both 'a' and"),
        (nn.Linear(5, 3).double(), None, "no ModuleList"),
        (deep(1), None, "1 block of parameters was found"),
    ],
)
def test_blocks_that_cannot_be_are_named(model, blocks, message):
    with pytest.raises(DataError, match=message):
        neural.layer_influence(model, cross_entropy, DATA, HELD, blocks=blocks)


def test_sparsity_follows_the_smoothed_scores():
    rng = np.random.default_rng(0)
    score, sizes = rng.normal(size=9), rng.integers(50, 500, 9)
    found = neural.allocate_sparsity(score, sizes, 0.5, eps=0.2)
    assert abs(found @ sizes - 0.5 * sizes.sum()) < 1e-9
    a = (abs(score) - abs(score).min()) / np.ptp(abs(score))
    s = savgol_filter(a, 7, 3)
    r = (s - s.min()) / np.ptp(s) * 0.4 + 0.8
    assert found / found[0] == pytest.approx(r / r[0])


@pytest.mark.parametrize("target", [0.0, 0.3, 0.9, 0.97, 0.99])
def test_sparsity_meets_its_target_whatever_is_cut_off(target):
    score, sizes = np.arange(9.0) ** 2, np.arange(1, 10) * 100
    found = neural.allocate_sparsity(score, sizes, target, eps=0.9)
    assert abs(found @ sizes - target * sizes.sum()) < 1e-9
    assert found.max() <= 0.99 + 1e-12
    assert (np.diff(found) > -1e-12).all()


def test_equal_scores_are_pruned_alike():
    assert neural.allocate_sparsity([2.0] * 8, [5] * 8, 0.4) == pytest.approx([0.4] * 8)
    with pytest.warns(DataWarning, match="3 blocks are too few to smooth"):
        found = neural.allocate_sparsity([2.0, 2.0, 2.0], [5, 50, 500], 0.4)
    assert found == pytest.approx([0.4] * 3)


def test_experts_are_shared_out_exactly():
    assert neural.allocate_experts([0, 1, 3], 12, direction="high").tolist() == [1, 3, 8]
    assert neural.allocate_experts([0, 1, 3], 12, direction="low").tolist() == [6, 5, 1]
    assert neural.allocate_experts([1, 1, 1], 8, direction="high").tolist() == [3, 3, 2]
    assert neural.allocate_experts([0, 1, 3], 9, direction="high", beta=0).tolist() == [3, 3, 3]
    rng = np.random.default_rng(1)
    for _ in range(200):
        score, total = rng.normal(size=6), int(rng.integers(6, 60))
        found = neural.allocate_experts(score, total, direction="high", beta=rng.uniform(0, 4))
        assert found.sum() == total
        assert found.min() >= 1
        assert (np.diff(found[np.argsort(score)]) >= -1).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: neural.allocate_sparsity([1, np.nan], [1, 1], 0.5), "finite numbers"),
        (lambda: neural.allocate_sparsity([1, 2], [1], 0.5), "2 positive numbers"),
        (lambda: neural.allocate_sparsity([1, 2], [1, 1], 1.0), "not within"),
        (lambda: neural.allocate_sparsity([1, 2], [1, 1], 0.5, eps=1), "eps=1"),
        (lambda: neural.allocate_experts([1, 2], 1, direction="high"), "at least one expert"),
        (lambda: neural.allocate_experts([1, 2], 4, direction="up"), "neither"),
        (lambda: neural.allocate_experts([1, 2], 4, direction="low", beta=-1), "below zero"),
        (lambda: neural.prune(deep(2), [0.5]), "2 numbers from 0 to 1"),
        (lambda: neural.prune(deep(2), [0.5, 1.5]), "2 numbers from 0 to 1"),
    ],
)
def test_bad_allocations_are_named(call, message):
    with pytest.raises(DataError, match=message):
        call()


def test_the_smallest_weights_go_and_the_model_stays():
    model = deep(2)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert neural.weight_sizes(model).tolist() == [25, 25]
    smaller = neural.prune(model, [0.5, 0.28])
    for name, count in (("blocks.0.0", 13), ("blocks.1.0", 7)):
        old, new = before[f"{name}.weight"], smaller.state_dict()[f"{name}.weight"]
        assert int((new == 0).sum()) == count  # 12.5 rounds up
        assert old[new == 0].abs().max() < old[new != 0].abs().min()
        assert torch.equal(new[new != 0], old[new != 0])
        assert torch.equal(smaller.state_dict()[f"{name}.bias"], before[f"{name}.bias"])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_other_models_state_is_restored():
    model, loss, data = case("transformer")
    model.train()
    blocks = {"block": ["block"], "out": ["out"]}
    neural.layer_influence(model, loss, data, data, blocks=blocks)
    assert model.training
