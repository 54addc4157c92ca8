"""Gauss-Newton products and EKFAC, beside matrices written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from causalif.attribution.neural.batches import read_batches
from causalif.attribution.neural.ekfac import fit_ekfac
from causalif.attribution.neural.ggn import first_argument, read_curvature
from causalif.attribution.neural.gradients import row_gradients
from causalif.attribution.neural.objective import read_objective
from causalif.attribution.neural.systems import Fisher, System
from causalif.errors import DataError
from tests.attribution.neural.models import KINDS, case, cross_entropy, token_losses


def system(kind, damping=0.1, size=5, **fisher):
    """A system of one of the small models, in evaluation mode for good."""
    model, loss, data = case(kind)
    return system_of(model, loss, data, kind, damping, size, **fisher), data


def system_of(model, loss, data, kind="", damping=0.1, size=5, **fisher):
    model.eval()
    for module in model.modules():
        if isinstance(module, nn.TransformerEncoderLayer):
            module.activation_relu_or_gelu = 0  # no fused path without `quiet`
    objective = read_objective(model, loss, None)
    train = read_batches(data, size, torch.device("cpu"), "train")
    name = "squared" if kind == "regression" else "cross_entropy"
    curvature = read_curvature(objective, name, None, train.take(range(3)))
    how = Fisher(**{"fisher": "empirical", "label_samples": 1, "seed": 0, **fisher})
    return System(curvature, train, damping, how)


def dense(system, data):
    """The Gauss-Newton matrix of the mean loss, from Jacobians and written-out Hessians."""
    objective = system.curvature.objective
    with objective.quiet():
        parameters = objective.parameters()
        jacobians = torch.func.jacrev(lambda at: objective.call(first_argument, at, data))(
            parameters
        )
        outputs = first_argument(objective.model, data).detach()
    shape = outputs.shape
    J = torch.cat([jacobians[n].reshape(*shape, -1) for n in system.shapes], dim=-1)
    d, classes = J.shape[-1], shape[-1]
    J, outputs = J.reshape(-1, classes, d), outputs.reshape(-1, classes)
    if objective.loss is cross_entropy or data[-1].dtype == torch.int64:
        p = outputs.softmax(-1)
        H = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
        H[data[-1].flatten() == -100] = 0
    else:
        H = torch.eye(classes, dtype=J.dtype).expand(len(J), classes, classes)
    return torch.einsum("bci,bce,bej->ij", J, H, J) / len(data[0])


@pytest.mark.parametrize("kind", KINDS)
def test_products_are_those_of_the_matrix(kind):
    made, data = system(kind)
    G = dense(made, data)
    v = torch.randn(3, made.size, dtype=torch.float64)
    with made.curvature.objective.quiet():
        found = made.product(v)
        some = made.product(v, [1, 4, 5])
    assert found.numpy() == pytest.approx((v @ G + 0.1 * v).numpy(), abs=1e-10)
    part = dense(made, tuple(one[[1, 4, 5]] for one in data))
    assert some.numpy() == pytest.approx((v @ part + 0.1 * v).numpy(), abs=1e-10)


def test_flat_and_back():
    made, _ = system("convolutions")
    v = torch.randn(2, made.size, dtype=torch.float64)
    assert torch.equal(made.flat(made.tensors(v)), v)


def written_out(model, data, labels):
    """EKFAC of every linear and convolutional layer from gradients of single rows, densely.

    Kronecker factors are those of inputs and output gradients at every position; eigenvalues the
    second moments of rows' gradients in their eigenbasis. Only for layers called once.
    """
    blocks = {}
    for name, layer in model.named_modules():
        if not isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d):
            continue
        A = S = 0
        for row in range(len(labels)):
            kept = {}
            hook = layer.register_forward_hook(
                lambda _m, i, o, kept=kept: (kept.update(i=i[0], o=o), o.retain_grad())[0]
            )
            out = model(*(part[row : row + 1] for part in data[:-1]))
            hook.remove()
            nn.functional.cross_entropy(out, labels[row : row + 1]).backward()
            a, d = kept["i"].detach(), kept["o"].grad
            if isinstance(layer, nn.Conv1d):
                a = torch.nn.functional.pad(a, (layer.padding[0],) * 2)
                k, s, r = layer.kernel_size[0], layer.stride[0], layer.dilation[0]
                at = [a[0, :, t * s : t * s + k * r : r].flatten() for t in range(d.shape[2])]
                a, d = torch.stack(at), d[0].T
            elif isinstance(layer, nn.Conv2d):
                p, q = layer.padding
                a = torch.nn.functional.pad(a, (q, q, p, p))
                (k, m), (s, u), (r, w) = layer.kernel_size, layer.stride, layer.dilation
                at = [
                    a[0, :, i * s : i * s + k * r : r, j * u : j * u + m * w : w].flatten()
                    for i in range(d.shape[2])
                    for j in range(d.shape[3])
                ]
                a, d = torch.stack(at), d[0].flatten(1).T
            if layer.bias is not None:
                a = torch.cat([a, torch.ones(len(a), 1).double()], 1)
            A, S = A + a.T @ a, S + d.T @ d
        blocks[name] = (torch.linalg.eigh(S)[1], torch.linalg.eigh(A)[1])
    return blocks


def test_a_weight_the_other_way_round_has_the_same_curvature():
    turned, data = system("turned")
    other = turned.curvature.objective.model
    straight = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    with torch.no_grad():
        for k in (0, 2):
            straight[k].weight.copy_(other[k].weight.T)
            straight[k].bias.copy_(other[k].bias)
    plain = system_of(straight, cross_entropy, data)
    v = torch.randn(2, plain.size, dtype=torch.float64)
    named = plain.tensors(v)
    same = {n: x.transpose(1, 2) if n.endswith("weight") else x for n, x in named.items()}
    with plain.curvature.objective.quiet():
        found = turned.tensors(turned.preconditioned(turned.flat(same)))
        wanted = plain.tensors(plain.preconditioned(v))
    for name, value in wanted.items():
        back = found[name].transpose(1, 2) if name.endswith("weight") else found[name]
        assert back.numpy() == pytest.approx(value.numpy(), abs=1e-12)


@pytest.mark.parametrize("kind", ["perceptron", "convolutions"])
def test_ekfac_solves_with_the_written_out_blocks(kind):
    made, data = system(kind)
    model = made.curvature.objective.model
    with made.curvature.objective.quiet():
        v = torch.randn(2, made.size, dtype=torch.float64)
        found = made.tensors(made.preconditioned(v))
    vectors = made.tensors(v)
    for name, (left, right) in written_out(model, data, data[-1]).items():
        layer = model.get_submodule(name)
        gradients = []
        for row in range(len(data[0])):
            model.zero_grad()
            one = tuple(part[row : row + 1] for part in data)
            cross_entropy(model, one).sum().backward()
            g = layer.weight.grad.flatten(1)
            g = g if layer.bias is None else torch.cat([g, layer.bias.grad[:, None]], 1)
            gradients.append(((left.T @ g @ right) ** 2).clone())
        values = torch.stack(gradients).mean(0)
        w = vectors[f"{name}.weight"].flatten(2)
        if layer.bias is not None:
            w = torch.cat([w, vectors[f"{name}.bias"][:, :, None]], 2)
        solved = left @ ((left.T @ w @ right) / (values + 0.1)) @ right.T
        got = found[f"{name}.weight"].flatten(2)
        if layer.bias is not None:
            got = torch.cat([got, found[f"{name}.bias"][:, :, None]], 2)
        assert got.numpy() == pytest.approx(solved.numpy(), abs=1e-10)


def test_ekfac_of_one_row_is_its_outer_product():
    """One row, one layer: the Fisher matrix is a Kronecker product, and EKFAC is exact."""
    torch.manual_seed(0)
    model = nn.Linear(3, 4).double()
    data = (torch.randn(1, 3).double(), torch.tensor([2]))
    objective = read_objective(model, cross_entropy, None)
    train = read_batches(data, 1, torch.device("cpu"), "train")
    curvature = read_curvature(objective, "cross_entropy", None, data)
    made = System(curvature, train, 0.3, Fisher("empirical", 1, 0))
    cross_entropy(model, data).sum().backward()
    g = torch.cat([model.weight.grad.flatten(), model.bias.grad])
    v = torch.randn(1, made.size, dtype=torch.float64)
    expected = torch.linalg.solve(torch.outer(g, g) + 0.3 * torch.eye(16).double(), v[0])
    assert made.preconditioned(v)[0].numpy() == pytest.approx(expected.numpy(), abs=1e-12)


def test_labels_drawn_from_the_model_give_the_fisher_matrix():
    """The diagonal of embeddings and norms: of many draws, that of the Gauss-Newton matrix."""
    made, data = system("transformer", fisher="sampled", label_samples=150)
    with made.curvature.objective.quiet():
        diagonal = made.ekfac.diagonal
    G = dense(made, data).diagonal()[None]
    expected = made.tensors(G)
    assert "words.weight" in diagonal
    assert "block.norm1.weight" in diagonal
    assert "out.weight" not in diagonal
    for name, found in diagonal.items():
        big = expected[name][0] > 0.2 * expected[name].max()
        ratio = found[big] / expected[name][0][big]
        assert float(ratio.mean()) == pytest.approx(1, abs=0.1)


def test_labels_of_regressions_are_normal():
    made, data = system("regression", fisher="sampled", label_samples=2000)
    block = made.ekfac.blocks["3"]
    part = dense(made, data)[-10:, -10:]  # the last layer: 8 weights, 2 biases
    order = [0, 1, 2, 3, 8, 4, 5, 6, 7, 9]  # weight and bias side by side
    turned = torch.kron(block.out, block.into)
    inside = (turned.T @ part[order][:, order] @ turned).diagonal()
    found = block.eigenvalues.flatten()
    big = inside > 0.05 * inside.max()
    assert found[big].numpy() == pytest.approx(inside[big].numpy(), rel=0.15)


def test_mean_damping_is_a_tenth_of_each_blocks_mean():
    made, _ = system("perceptron", damping="mean")
    means = {n: float(b.eigenvalues.mean()) for n, b in made.ekfac.blocks.items()}
    assert made.damping["0.bias"] == pytest.approx(0.1 * means["0"])
    assert made.damping["3.weight"] == pytest.approx(0.1 * means["3"])
    first, last = made.added[0], made.added[-1]
    assert float(first) == pytest.approx(made.damping["0.weight"])
    assert float(last) == pytest.approx(made.damping["3.bias"])


def test_batches_do_not_matter():
    one, _ = system("convolutions", size=5)
    other, _ = system("convolutions", size=12)
    v = torch.randn(2, one.size, dtype=torch.float64)
    with one.curvature.objective.quiet(), other.curvature.objective.quiet():
        here, there = one.preconditioned(v), other.preconditioned(v)
        assert here.numpy() == pytest.approx(there.numpy(), abs=1e-9)
        assert one.product(v).numpy() == pytest.approx(other.product(v).numpy(), abs=1e-12)


def test_losses_that_are_not_what_is_said():
    model, loss, data = case("perceptron")
    objective = read_objective(model.eval(), loss, None)
    with pytest.raises(DataError, match=r"the loss is not 'squared' of the outputs|cannot be"):
        read_curvature(objective, "squared", None, data)
    with pytest.raises(DataError, match="Did you mean 'cross_entropy'"):
        read_curvature(objective, "crossentropy", None, data)
    own = read_curvature(objective, lambda out, batch: loss(lambda _: out, batch), None, data)
    train = read_batches(data, 5, torch.device("cpu"), "train")
    with pytest.raises(DataError, match="labels cannot be drawn"):
        fit_ekfac(own, train)
    assert np.isfinite(fit_ekfac(own, train, fisher="empirical").mean_eigenvalues()["0.bias"])


@pytest.mark.parametrize("kind", ["perceptron", "transformer"])
def test_eigenvalues_have_the_trace_of_the_blocks(kind):
    """Of many draws: the sum of second moments is the trace of the layer's Gauss-Newton block."""
    made, data = system(kind, fisher="sampled", label_samples=100)
    with made.curvature.objective.quiet():
        blocks = made.ekfac.blocks
    G = made.tensors(dense(made, data).diagonal()[None])
    for name, block in blocks.items():
        expected = G[f"{name}.weight"].sum() + G[f"{name}.bias"].sum()
        assert float(block.eigenvalues.sum()) == pytest.approx(float(expected), rel=0.1)


class Repeated(nn.Module):
    """One layer, called twice."""

    def __init__(self):
        super().__init__()
        self.layer, self.last = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.layer(torch.tanh(self.layer(x)))))


def test_eigenvalues_of_a_layer_that_is_called_twice_are_of_its_whole_gradient():
    torch.manual_seed(1)
    data = (torch.randn(10, 4).double(), torch.arange(10) % 3)
    made = system_of(Repeated().double(), cross_entropy, data)
    objective = made.curvature.objective
    with objective.quiet():
        block = made.ekfac.blocks["layer"]
        gradients = row_gradients(objective, data)
    joined = torch.cat([gradients["layer.weight"], gradients["layer.bias"][:, :, None]], dim=2)
    turned = block.out.T @ joined @ block.into
    assert block.eigenvalues.numpy() == pytest.approx((turned**2).mean(0).numpy(), abs=1e-12)


def test_what_is_left_out_of_the_loss_is_left_out_of_the_fisher_matrix():
    """Labels are drawn for targets that count, and for no others."""
    model, loss, (tokens, targets) = case("transformer")
    made = system_of(model, loss, (tokens, torch.full_like(targets, -100)), fisher="sampled")
    with made.curvature.objective.quiet():
        found = made.ekfac
    assert found.blocks
    assert all((block.eigenvalues == 0).all() for block in found.blocks.values())
    assert all((value == 0).all() for value in found.diagonal.values())


def test_padding_of_inputs_leaves_no_trace_in_the_basis():
    """Places on which no loss hangs are not counted as inputs."""
    model = nn.Sequential(nn.Embedding(6, 4), nn.Linear(4, 6)).double()
    torch.manual_seed(0)
    tokens = torch.randint(1, 6, (10, 4))
    padded = torch.cat([tokens, torch.zeros(10, 3, dtype=torch.long)], dim=1)
    ignored = torch.cat([tokens, torch.full((10, 3), -100)], dim=1)
    with_it, without = (
        system_of(model, token_losses, data) for data in ((padded, ignored), (tokens, tokens))
    )
    v = torch.randn(2, with_it.size, dtype=torch.float64)
    found = []
    for made in (with_it, without):
        with made.curvature.objective.quiet():
            found.append(made.preconditioned(v).numpy())
    assert found[0] == pytest.approx(found[1], abs=1e-10)


def test_convolutions_without_a_rule_keep_the_diagonal_alone():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"),
        nn.Conv2d(2, 2, 2, groups=2),
        nn.Flatten(),
        nn.Linear(18, 3),
    ).double()
    data = (torch.randn(9, 1, 4, 4).double(), torch.arange(9) % 3)
    made = system_of(model, cross_entropy, data)
    with made.curvature.objective.quiet():
        assert set(made.ekfac.blocks) == {"3"}
        assert set(made.ekfac.diagonal) == {"0.weight", "0.bias", "1.weight", "1.bias"}
