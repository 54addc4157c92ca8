"""Gradients of rows by hooks and by vmap, beside plain autograd; nothing of the model's changes."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from causalif.attribution.neural.batches import read_batches
from causalif.attribution.neural.gradients import (
    by_hooks,
    layers_of,
    mean_gradient,
    row_dots,
    row_gradients,
    row_products,
)
from causalif.attribution.neural.objective import read_objective
from tests.attribution.neural.models import KINDS, case, cross_entropy


def by_autograd(objective, data, row):
    """One row's gradient the plain way."""
    model = objective.model
    named = dict(model.named_parameters())
    with torch.enable_grad():
        total = objective.loss(model, tuple(part[row : row + 1] for part in data)).sum()
        found = torch.autograd.grad(total, [named[n] for n in objective.names], allow_unused=True)
    return {
        n: torch.zeros_like(named[n]) if g is None else g
        for n, g in zip(objective.names, found, strict=True)
    }


def random(objective, count):
    """Directions."""
    parameters = objective.parameters().items()
    return {name: torch.randn(count, *value.shape).double() for name, value in parameters}


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_rows(kind):
    model, loss, data = case(kind)
    objective = read_objective(model, loss, None)
    with objective.quiet():
        found = row_gradients(objective, data)
        for row in (0, 7):
            for name, expected in by_autograd(objective, data, row).items():
                assert found[name][row].numpy() == pytest.approx(expected.numpy(), abs=1e-12)
        batches = read_batches(data, 5, torch.device("cpu"), "train")
        mean = mean_gradient(objective, batches)
    for name, value in mean.items():
        assert value.numpy() == pytest.approx(found[name].mean(0).numpy(), abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_products_by_hooks_are_those_of_vmap(kind):
    model, loss, data = case(kind)
    objective = read_objective(model, loss, None)
    batches = read_batches(data, 5, torch.device("cpu"), "train")
    with objective.quiet():
        products = row_products(objective, batches.take(range(3)))
        directions = {
            n: torch.randn(4, *p.shape).double() for n, p in objective.parameters().items()
        }
        found = row_dots(products, batches, directions)
        gradients = row_gradients(objective, data)
    expected = sum(g.flatten(1) @ directions[n].flatten(1).T for n, g in gradients.items())
    assert found == pytest.approx(expected.numpy(), abs=1e-8)
    # Attention uses the weights of its last layer without calling it.
    uncalled = {"block.self_attn.out_proj"} if kind == "transformer" else set()
    assert set(products.layers) == set(layers_of(objective)) - uncalled
    assert len(products.layers) > 1


def test_layers_called_twice_are_summed():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x):
            return self.layer(torch.tanh(self.layer(x)))

    torch.manual_seed(0)
    model = Twice().double()
    data = (torch.randn(6, 3).double(), torch.arange(6) % 3)
    objective = read_objective(
        model, lambda m, b: nn.functional.cross_entropy(m(b[0]), b[1], reduction="none"), None
    )
    batches = read_batches(data, 4, torch.device("cpu"), "train")
    with objective.quiet():
        products = row_products(objective, data)
        directions = {
            n: torch.randn(2, *p.shape).double() for n, p in objective.parameters().items()
        }
        found = row_dots(products, batches, directions)
        gradients = row_gradients(objective, data)
    assert list(products.layers) == ["layer"]
    expected = sum(g.flatten(1) @ directions[n].flatten(1).T for n, g in gradients.items())
    assert found == pytest.approx(expected.numpy(), abs=1e-12)


def test_layers_whose_rows_are_not_first_are_left_to_vmap():
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x):
            return self.layer(x.transpose(0, 1)).transpose(0, 1).sum(1)

    torch.manual_seed(0)
    model = Turned().double()
    data = (torch.randn(4, 4, 3).double(), torch.arange(4) % 3)
    objective = read_objective(
        model, lambda m, b: nn.functional.cross_entropy(m(b[0]), b[1], reduction="none"), None
    )
    with objective.quiet():
        assert row_products(objective, tuple(part[:3] for part in data)).layers == {}


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_is_left_as_it_was(kind):
    model, loss, data = case(kind)
    model.train()
    next(model.modules()).training = False
    first = next(model.parameters())
    first.grad = torch.ones_like(first)
    before = copy.deepcopy(model.state_dict())
    modes = [module.training for module in model.modules()]
    state = torch.get_rng_state()
    objective = read_objective(model, loss, None)
    with pytest.raises(ZeroDivisionError), objective.quiet():  # noqa: PT012
        assert not any(module.training for module in model.modules())
        row_products(objective, tuple(part[:3] for part in data))
        torch.rand(3)
        for buffer in model.buffers():
            buffer += 1
        raise ZeroDivisionError
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(first.grad, torch.ones_like(first))
    assert not any(module._forward_hooks for module in model.modules())


def test_no_hook_is_left_by_a_loss_that_fails():
    model, _, data = case("perceptron")

    def loss(model, batch):
        model(batch[0])
        raise ValueError("no loss")

    objective = read_objective(model, loss, None)
    with pytest.raises(ValueError, match="no loss"), objective.quiet():
        by_hooks(objective, layers_of(objective), data, {})
    assert not any(module._forward_hooks for module in model.modules())


def test_data_sets_and_loaders_give_rows_in_their_order():
    x, y = torch.arange(7.0)[:, None], torch.arange(7)
    data = torch.utils.data.TensorDataset(x, y)
    loader = torch.utils.data.DataLoader(data, batch_size=2, shuffle=True)
    for given in ((x, y), data, loader):
        batches = read_batches(given, 3, torch.device("cpu"), "train")
        parts = list(batches)
        assert [len(part[0]) for part in parts] == [3, 3, 1]
        assert torch.equal(torch.cat([part[1] for part in parts]), y)
        assert np.array_equal(batches.take([5, 2])[1], [5, 2])


class Partly(nn.Module):
    """Its weights are used once by calling the layer, and once without."""

    def __init__(self):
        super().__init__()
        self.layer, self.last = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.layer(x) + x @ self.layer.weight.T))


def test_layers_that_hooks_see_in_part_are_left_to_vmap():
    torch.manual_seed(0)
    model, data = Partly().double(), (torch.randn(6, 4).double(), torch.arange(6) % 3)
    objective = read_objective(model, cross_entropy, None)
    batches = read_batches(data, 4, torch.device("cpu"), "train")
    with objective.quiet():
        products = row_products(objective, batches.take(range(3)))
        directions = random(objective, 2)
        found = row_dots(products, batches, directions)
        gradients = row_gradients(objective, data)
    assert list(products.layers) == ["last"]
    assert set(products.rest) == {"layer.weight", "layer.bias"}
    expected = sum(g.flatten(1) @ directions[n].flatten(1).T for n, g in gradients.items())
    assert found == pytest.approx(expected.numpy(), abs=1e-12)


def test_padding_has_no_gradient_by_hooks_either():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(5, 3, padding_idx=0), nn.Flatten(), nn.Linear(12, 3))
    model = model.double()
    data = (torch.randint(0, 5, (8, 4)), torch.arange(8) % 3)
    assert (data[0] == 0).any()
    objective = read_objective(model, cross_entropy, None)
    directions = random(objective, 2)
    with objective.quiet():
        found = by_hooks(objective, {"0": model[0]}, data, directions)["0"]
        slow = row_gradients(objective, data)["0.weight"]
    expected = slow.flatten(1) @ directions["0.weight"].flatten(1).T
    assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-12)
