"""TracIn beside steps of gradient descent taken anew; TRAK beside the hat matrix."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

import causalif as cif
from causalif.attribution.neural.projections import projected
from causalif.errors import DataError
from tests.attribution.neural.models import cross_entropy

neural = cif.attribution.neural


def made(n=30, p=4, classes=3, seed=0):
    torch.manual_seed(seed)
    return torch.randn(n, p).double(), torch.randint(classes, (n,))


def one_step(model, x, y, rate, left_out=None):
    """Of gradient descent on the mean loss over n, one row's term left out."""
    model = copy.deepcopy(model)
    losses = cross_entropy(model, (x, y))
    kept = torch.ones(len(x), dtype=torch.bool)
    if left_out is not None:
        kept[left_out] = False
    model.zero_grad()
    (losses[kept].sum() / len(x)).backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= rate * parameter.grad
    return model


def test_tracin_is_the_change_of_one_small_step():
    (x, y), rate = made(), 1e-6
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    asked = (x[:4], y[:4])
    with_all = cross_entropy(one_step(model, x, y, rate), asked)
    without = [cross_entropy(one_step(model, x, y, rate, i), asked) for i in range(len(x))]
    true = (torch.stack(without, dim=1) - with_all[:, None]).detach().numpy() / rate
    found = neural.tracin(
        model, cross_entropy, (x, y), asked, [model], learning_rate=1.0, steps=1, progress=False
    )
    np.testing.assert_allclose(found.values, true, atol=1e-4 * abs(true).max())
    assert "at 1 checkpoint without curvature: read ranks, not sizes." in found.summary()


def test_tracin_sums_over_checkpoints_with_the_length_of_what_was_travelled():
    x, y = made()
    models = [nn.Linear(4, 3).double() for _ in range(3)]

    def found(checkpoints, steps, **options):
        return neural.tracin(
            models[0],
            cross_entropy,
            (x, y),
            (x[:2], y[:2]),
            checkpoints,
            learning_rate=0.2,
            steps=steps,
            progress=False,
            **options,
        ).values

    each = [found([model.state_dict()], 10) for model in models]
    np.testing.assert_allclose(found(models, 30), sum(each), rtol=1e-12)
    np.testing.assert_allclose(found(models, 30, momentum=0.5), 2 * sum(each), rtol=1e-12)
    with pytest.raises(DataError, match="not of this model"):
        found([nn.Linear(5, 3)], 10)


def test_trak_of_logistic_regression_is_the_hat_matrix():
    """More directions than there are to see: what is projected on does not matter."""
    x, y = made(classes=2)
    model = nn.Linear(4, 2).double()
    asked = (x[:6], y[:6])
    found = neural.trak(model, cross_entropy, (x, y), asked, dim=12, seed=3, progress=False)
    z = np.column_stack([x.numpy(), np.ones(len(x))]) * (2 * y.numpy() - 1)[:, None]
    with torch.no_grad():
        p = model(x).softmax(1).gather(1, y[:, None])[:, 0].numpy()
    hat = z[:6] @ np.linalg.solve(z.T @ z, z.T)
    np.testing.assert_allclose(found.values, (1 - p[:6])[:, None] * hat * (1 - p), atol=1e-10)
    margin = neural.trak(
        model, cross_entropy, (x, y), asked, dim=12, measurement="margin", progress=False
    )
    np.testing.assert_allclose(margin.values, -hat * (1 - p), atol=1e-10)


def test_trak_averages_hats_and_probabilities_of_models_apart():
    x, y = made(classes=2)
    models = [nn.Linear(4, 2).double() for _ in range(2)]
    found = neural.trak(
        models, cross_entropy, (x, y), (x, y), dim=12, measurement="margin", progress=False
    )
    z = np.column_stack([x.numpy(), np.ones(len(x))]) * (2 * y.numpy() - 1)[:, None]
    missed = []
    for model in models:
        with torch.no_grad():
            missed.append(1 - model(x).softmax(1).gather(1, y[:, None])[:, 0].numpy())
    hat = z @ np.linalg.solve(z.T @ z, z.T)
    np.testing.assert_allclose(found.values, -hat * np.mean(missed, axis=0), atol=1e-10)
    assert "2 models" in found.summary()


def test_projections_keep_products_on_average_and_are_always_the_same(monkeypatch):
    torch.manual_seed(0)
    gradients = {"a": torch.randn(2, 3, 4).double(), "b": torch.randn(2, 5).double()}
    flat = torch.cat([part.flatten(1) for part in gradients.values()], dim=1)
    draws = torch.stack([projected(gradients, 8, seed) for seed in range(2000)])
    product = (draws[:, 0] * draws[:, 1]).sum(1)
    true = float(flat[0] @ flat[1])
    assert abs(float(product.mean()) - true) < 4 * float(product.std()) / 2000**0.5
    monkeypatch.setattr("causalif.attribution.neural.projections.SIGNS", 16)  # two columns at once
    apart = {name: part[1:] for name, part in gradients.items()}
    assert torch.allclose(projected(apart, 8, 5), projected(gradients, 8, 5)[1:])


def test_trak_needs_classes_of_rows_and_more_rows_than_directions():
    x, y = made()
    with pytest.raises(DataError, match="fewer dimensions than rows"):
        neural.trak(nn.Linear(4, 3).double(), cross_entropy, (x, y), (x, y), dim=30)
    with pytest.raises(DataError, match="empty sequence"):
        neural.trak([], cross_entropy, (x, y), (x, y))
    with pytest.raises(DataError, match="measurement"):
        neural.trak(nn.Linear(4, 3), cross_entropy, (x, y), (x, y), measurement="other")
