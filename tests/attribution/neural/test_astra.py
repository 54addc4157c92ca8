"""Solvers beside the direct solve on handwritten digits; effects beside models trained again."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from torch import nn

import causalif as cif
from causalif.attribution.neural import solvers
from causalif.attribution.neural.batches import read_batches
from causalif.attribution.neural.descent import Solving
from causalif.attribution.neural.ggn import read_curvature
from causalif.attribution.neural.objective import read_objective
from causalif.attribution.neural.solvers import chosen, solve
from causalif.attribution.neural.systems import Fisher, System, trajectory_damping
from causalif.errors import ConvergenceWarning, DataError
from tests.attribution.neural.models import KINDS, case, cross_entropy

neural = cif.attribution.neural


@pytest.fixture(scope="module")
def digits() -> System:
    """A perceptron trained on 1024 digits; the system at damping .031, in double precision."""
    data = load_digits()
    x, y = torch.tensor(data.data / 16), torch.tensor(data.target)
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 10)
    )
    model = model.double()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    order = torch.Generator().manual_seed(0)
    for _ in range(20):
        for part in torch.randperm(1024, generator=order).split(64):
            optimiser.zero_grad()
            cross_entropy(model, (x[part], y[part])).mean().backward()
            optimiser.step()
    objective = read_objective(model, cross_entropy, None)
    train = read_batches((x[:1024], y[:1024]), 256, torch.device("cpu"), "train")
    curvature = read_curvature(objective, "cross_entropy", None, train.take(range(3)))
    return System(curvature, train, 0.031, Fisher("sampled", 1, 0))


@pytest.fixture(scope="module")
def right(digits):
    """Gradients of eight queries, and the solutions."""
    data = load_digits()
    queries = (torch.tensor(data.data[1100:1108] / 16), torch.tensor(data.target[1100:1108]))
    objective = digits.curvature.objective
    with objective.quiet():
        v = digits.flat(neural.gradients.row_gradients(objective, queries))
        x, info = solve("exact", digits, v, Solving())
    assert info.residual.max() < 1e-10
    return v, x


def off(x, exact):
    """Mean relative error over queries."""
    return float(((x - exact).norm(dim=1) / exact.norm(dim=1)).mean())


def solved(system, v, name, **options):
    with system.curvature.objective.quiet():
        return solve(name, system, v, Solving(**options))


def test_errors_are_those_of_the_published_order(digits, right):
    v, exact = right
    error = {name: off(solved(digits, v, name)[0], exact) for name in ("ekfac", "identity")}
    astra = {k: off(solved(digits, v, "astra", iterations=k)[0], exact) for k in (20, 50)}
    neumann = off(solved(digits, v, "neumann", iterations=200)[0], exact)
    stochastic = off(solved(digits, v, "astra", iterations=200, minibatch=256)[0], exact)
    assert error["ekfac"] < error["identity"]
    assert astra[20] < 0.5 * error["ekfac"]
    assert astra[50] < 0.35 * error["ekfac"]
    assert neumann > astra[50]
    assert stochastic < 0.4 * error["ekfac"]


def test_conjugate_gradients_reach_the_solution(digits, right):
    v, exact = right
    x, info = solved(digits, v, "cg", tolerance=1e-10)
    assert off(x, exact) < 1e-8
    assert info.iterations < 200
    with pytest.warns(ConvergenceWarning, match="stopped after 3 iterations"):
        solved(digits, v, "cg", iterations=3)


def test_residuals_are_those_of_the_whole_system(digits, right):
    v, exact = right
    with digits.curvature.objective.quiet():
        found = digits.residuals(1.1 * exact, v)
    assert found.numpy() == pytest.approx(0.1)


def test_one_step_from_ekfac_is_the_published_step(digits, right):
    v, _ = right
    x, info = solved(digits, v, "astra", iterations=1, step_size=0.05)
    with digits.curvature.objective.quiet():
        start = digits.preconditioned(v)
        expected = start - 0.05 * digits.preconditioned(digits.product(start) - v)
    assert x.numpy() == pytest.approx(expected.numpy(), abs=1e-12)
    assert info.step_size == 0.05


def test_steps_are_those_of_the_rule(digits, right):
    """On all rows plain descent; where rows are drawn momentum, halved each quarter."""
    v, _ = right
    with digits.curvature.objective.quiet():
        x = plain = digits.preconditioned(v)
        for _ in range(2):
            plain = plain - 0.05 * digits.preconditioned(digits.product(plain) - v)
        velocity = torch.zeros_like(x)
        for k in range(4):
            velocity = 0.9 * velocity + digits.preconditioned(digits.product(x) - v)
            x = x - 0.05 * 0.5**k * velocity
    found = solved(digits, v, "astra", iterations=2, step_size=0.05)[0]
    assert found.numpy() == pytest.approx(plain.numpy(), abs=1e-10)
    drawn = solved(digits, v, "astra", iterations=4, step_size=0.05, minibatch=1024)[0]
    assert drawn.numpy() == pytest.approx(x.numpy(), abs=1e-10)


def test_a_query_without_a_gradient_hides_no_other_that_runs_away(digits, right):
    v = torch.cat([torch.zeros_like(right[0][:1]), right[0]])
    with pytest.warns(ConvergenceWarning, match="ran away"):
        x, info = solved(digits, v, "astra", iterations=60, step_size=1.0)
    assert (x[0] == 0).all()
    assert info.residual[0] == 0


def test_the_solver_follows_from_the_size(digits, monkeypatch):
    assert chosen("auto", digits) == "exact"
    monkeypatch.setattr(solvers, "LARGEST_EXACT", 1000)
    assert chosen("auto", digits) == "cg"
    monkeypatch.setattr(solvers, "CHEAP", 1e6)
    assert chosen("auto", digits) == "astra"
    assert chosen("ekfac", digits) == "ekfac"
    with pytest.raises(DataError, match="at most 1,000 parameters"):
        chosen("exact", digits)


def test_fixed_steps_run_away_and_are_caught(digits, right):
    v, exact = right
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        x, info = solved(digits, v, "astra", iterations=60, step_size=1.0)
    assert "ran away with steps of 1: started again with 0.5" in str(said[0].message)
    assert said[0].category is ConvergenceWarning
    assert info.step_size < 1
    assert off(x, exact) < 0.7


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_the_default_step_never_runs_away(kind, seed):
    model, loss, data = case(kind, 40)
    torch.manual_seed(seed)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    kept = "squared" if kind == "regression" else "cross_entropy"
    queries = tuple(part[:3] for part in data)
    for minibatch in (None, 16):
        found = neural.astra(
            model,
            loss,
            data,
            queries,
            output_loss=kept,
            solver="astra",
            iterations=40,
            minibatch=minibatch,
            damping=0.03,
            seed=seed,
        )
        usual = neural.astra(
            model, loss, data, queries, output_loss=kept, solver="ekfac", damping=0.03, seed=seed
        )
        assert found.info[0].residual.max() < usual.info[0].residual.max()


@pytest.mark.parametrize("solver", ["exact", "cg", "identity"])
def test_units_of_the_loss_do_not_matter(solver):
    model, loss, data = case("perceptron", 40)
    queries = tuple(part[:2] for part in data)
    one = neural.astra(model, loss, data, queries, damping=0.03, solver=solver)
    other = neural.astra(
        model,
        lambda model, batch: 7 * loss(model, batch),
        data,
        queries,
        measurement=loss,
        output_loss=lambda out, batch: 7 * loss(lambda _: out, batch),
        damping=0.21,
        solver=solver,
    )
    factor = 7 if solver == "identity" else 1
    assert other.values == pytest.approx(factor * one.values, rel=1e-4, abs=1e-9)


def test_effects_are_those_of_training_again():
    """A softmax with a ridge penalty: one solution, which scikit-learn finds without each row."""
    rng = np.random.default_rng(0)
    n, ridge = 120, 0.02
    x = rng.normal(size=(n, 3))
    y = (x @ rng.normal(size=(3, 3)) + rng.gumbel(size=(n, 3))).argmax(1)

    def fitted(kept):
        C = 1 / (ridge * kept.sum())
        return LogisticRegression(C=C, fit_intercept=False, tol=1e-10, max_iter=5000).fit(
            x[kept], y[kept]
        )

    every = np.ones(n, dtype=bool)
    whole = fitted(every)
    model = nn.Linear(3, 3, bias=False).double()
    with torch.no_grad():
        model.weight.copy_(torch.tensor(whole.coef_))
    data = (torch.tensor(x), torch.tensor(y))
    queries = tuple(part[:6] for part in data)
    found = neural.astra(model, cross_entropy, data, queries, damping=ridge, measurement="margin")

    def margins(fit):
        p = fit.predict_proba(x[:6])[np.arange(6), y[:6]]
        return np.log(p / (1 - p))

    truth = np.column_stack(
        [margins(fitted(np.arange(n) != row)) - margins(whole) for row in range(n)]
    )
    assert np.corrcoef(found.values.ravel(), truth.ravel())[0, 1] > 0.99
    slope = (truth * found.values).sum() / (found.values**2).sum()
    assert 1 < slope < 1.4  # influence understates removal


def test_losses_of_queries_and_groups():
    model, loss, data = case("perceptron", 30)
    queries = tuple(part[:4] for part in data)
    found = neural.astra(model, loss, data, queries, damping=0.1)
    assert found.values.shape == (4, 30)
    assert found.values.dtype == np.float64
    assert found.info[0].method == "exact"
    # A row helps itself.
    assert (np.diag(found.values[:, :4]) > 0).all()
    assert found.group([1, 5]) == pytest.approx(found.values[:, [1, 5]].sum(axis=1))
    mask = np.arange(30) == 7
    assert found.group(mask) == pytest.approx(found.values[:, 7])
    assert found.rows().shape == (30, 4)
    assert found.rows("upweight").loc[3, 2] == pytest.approx(-30 * found.values[2, 3])
    assert abs(found.top(3, query=1)["effect"]).is_monotonic_decreasing
    assert "damping 0.1" in found.summary()
    assert "farther off than zero" not in found.summary()
    rough = neural.astra(model, loss, data, queries, solver="datainf", damping=1e-6)
    assert rough.info[0].residual.min() > 1
    assert "farther off than zero" in rough.summary()
    for kind in ("top", "distribution"):
        assert found.plot(kind).get_xlabel()


def test_the_margin_of_numbers_is_the_absolute_error():
    model, loss, data = case("regression")
    options = {"output_loss": "squared", "damping": 0.1}
    found = neural.astra(model, loss, data, data, measurement="margin", **options)

    def absolute(model, batch):
        return (model(batch[0]) - batch[1]).abs().sum(1)

    own = neural.astra(model, loss, data, data, measurement=absolute, **options)
    assert found.values == pytest.approx(own.values, abs=1e-14)


def test_datainf_of_one_row_is_its_inverse():
    model, loss, data = case("perceptron", 1)
    one = neural.astra(
        model, loss, data, data, solver="datainf", damping=0.2, parameters=["0.weight"]
    )
    model.eval()
    cross_entropy(model, data).sum().backward()
    g = model[0].weight.grad.flatten()
    expected = g @ torch.linalg.solve(torch.outer(g, g) + 0.2 * torch.eye(len(g)).double(), g)
    assert one.values[0, 0] == pytest.approx(float(expected), abs=1e-12)


def test_the_identity_is_the_product_of_gradients():
    model, loss, data = case("transformer")
    queries = tuple(part[:2] for part in data)
    found = neural.astra(model, loss, data, queries, solver="identity")
    objective = read_objective(model, loss, None)
    with objective.quiet():
        rows = neural.gradients.row_gradients(objective, data)
    expected = sum(g.flatten(1)[:2] @ g.flatten(1).T for g in rows.values()) / 12
    assert found.values == pytest.approx(expected.numpy(), abs=1e-12)


def test_ensembles_are_averaged():
    (one, loss, data), (other, _, _) = case("perceptron"), case("perceptron")
    torch.manual_seed(9)
    other[0].reset_parameters()
    queries = tuple(part[:2] for part in data)
    parts = [neural.astra(m, loss, data, queries, damping=0.1).values for m in (one, other)]
    both = neural.astra([one, other], loss, data, queries, damping=0.1)
    assert both.values == pytest.approx(np.mean(parts, axis=0), abs=1e-14)
    assert len(both.info) == 2


def test_one_segment_of_one_checkpoint_is_the_influence_function():
    model, loss, data = case("perceptron", 30)
    queries = tuple(part[:3] for part in data)
    options = {"checkpoints": [model], "segments": 1, "learning_rate": 0.05, "momentum": 0.5}
    found = neural.astra(model, loss, data, queries, steps=100, **options)
    expected = neural.astra(model, loss, data, queries, damping=0.1)
    assert found.values == pytest.approx(expected.values, abs=1e-12)


def test_segments_of_one_linear_layer_by_hand():
    """Squared loss, one output: each matrix is that of inputs, and all can be written out."""
    torch.manual_seed(2)
    x, y = torch.randn(20, 1).double(), torch.randn(20, 1).double()
    model = nn.Linear(1, 1, bias=False).double()
    with torch.no_grad():
        model.weight.fill_(0.4)
    states = [{"weight": torch.tensor([[w]], dtype=torch.float64)} for w in (0.1, 0.2, 0.4)]

    def loss(model, batch):
        return ((model(batch[0]) - batch[1]) ** 2 / 2).sum(1)

    found = neural.astra(
        model,
        loss,
        (x, y),
        (x[:2], y[:2]),
        output_loss="squared",
        label_samples=20000,
        checkpoints=states,
        segments=2,
        learning_rate=0.05,
        steps=30,
        fisher="sampled",
    )
    G, n = float((x**2).mean()), 20

    def gradient(w, at):
        return (x[at] * (w * x[at] - y[at])).numpy()

    f = gradient(0.4, slice(0, 2))
    last = f / (G + 1 / 0.5) @ gradient(0.4, slice(None)).T / n  # 10 steps of .05
    early = (gradient(0.1, slice(None)) + gradient(0.2, slice(None))) / 2
    first = np.exp(-0.5 * G) * f / (G + 1 / 1.0) @ early.T / n
    assert found.values == pytest.approx(last + first, rel=0.01)  # labels are drawn


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs learning_rate= .* and steps="),
        ({"learning_rate": 0.1, "steps": 5, "segments": 4}, "segments=4 of 2 checkpoints"),
        ({"learning_rate": 0.1, "steps": 5, "segments": 1, "momentum": 1.0}, "momentum must be"),
    ],
)
def test_runs_that_cannot_be_are_named(options, message):
    model, loss, data = case("perceptron")
    with pytest.raises(DataError, match=message):
        neural.astra(model, loss, data, data, checkpoints=[model, model], **options)


def test_damping_of_a_trajectory():
    # Wang et al. (2025), table 3: FashionMNIST 20 epochs and the like give .0052.
    assert trajectory_damping(0.03, 0.9, 1923) == pytest.approx(0.0052, rel=0.01)


def test_a_run_that_was_broken_off_goes_on(tmp_path, monkeypatch):
    model, loss, data = case("perceptron")
    options = {"solver": "astra", "damping": 0.1, "iterations": 5, "progress": False}
    monkeypatch.setattr("causalif.attribution.neural.solving.solve", fails_at_the_second(solve))
    with pytest.raises(RuntimeError, match="power cut"):
        neural.astra(model, loss, data, data, batch_size=4, folder=tmp_path, **options)
    assert [file.name for file in tmp_path.glob("*/*.npz")] == ["000000.npz"]
    asked = []
    monkeypatch.setattr(
        "causalif.attribution.neural.solving.solve",
        lambda *given: asked.append(len(given[2])) or solve(*given),
    )
    found = neural.astra(model, loss, data, data, batch_size=4, folder=tmp_path, **options)
    assert sum(asked) == len(data[0]) - 4
    whole = neural.astra(model, loss, data, data, **options)
    np.testing.assert_allclose(found.values, whole.values, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(found.info[0].residual, whole.info[0].residual, rtol=1e-5)
    assert found.info[0].step_size == pytest.approx(whole.info[0].step_size)
    assert found.info[0].step_size > 0
    again = neural.astra(model, loss, data, data, batch_size=4, folder=tmp_path, **options)
    np.testing.assert_array_equal(again.values, found.values)


def fails_at_the_second(function):
    calls = []

    def broken(*given):
        calls.append(given)
        if len(calls) == 2:
            raise RuntimeError("power cut")
        return function(*given)

    return broken


def test_of_many_rows_some_are_drawn_for_each_step(monkeypatch):
    model, loss, data = case("perceptron", 30)
    options = {"solver": "astra", "damping": 0.1, "iterations": 6, "progress": False}
    drawn = neural.astra(model, loss, data, data, minibatch=8, **options)
    monkeypatch.setattr("causalif.attribution.neural.solving.MANY_ROWS", 20)
    monkeypatch.setattr("causalif.attribution.neural.solving.MINIBATCH", 8)
    found = neural.astra(model, loss, data, data, **options)
    np.testing.assert_array_equal(found.values, drawn.values)


def test_a_folder_is_of_one_run(tmp_path):
    model, loss, data = case("perceptron")
    options = {"batch_size": 4, "folder": tmp_path, "progress": False}
    neural.astra(model, loss, data, data, damping=0.1, **options)
    with pytest.raises(DataError, match=r"other damping \(0.1, now 0.2\)"):
        neural.astra(model, loss, data, data, damping=0.2, **options)
    with pytest.raises(DataError, match="other data"):
        neural.astra(
            model, loss, data, tuple(part.flip(0) for part in data), damping=0.1, **options
        )
    block = next(tmp_path.glob("*/*.npz"))
    whole = block.read_bytes()
    block.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged"):
        neural.astra(model, loss, data, data, damping=0.1, **options)
    block.write_bytes(whole)
    neural.astra(model, loss, data, data, damping=0.1, **options)
    corrected = data[1].clone()
    corrected[5] = (corrected[5] + 1) % 3
    with pytest.raises(DataError, match="other data"):
        neural.astra(model, loss, (data[0], corrected), data, damping=0.1, **options)
    with pytest.raises(DataError, match=r"other batch_size \(4, now 12\)"):
        neural.astra(model, loss, data, data, damping=0.1, **{**options, "batch_size": 12})
    with torch.no_grad():
        next(model.parameters()).add_(1.0)
    with pytest.raises(DataError, match="other parameters"):
        neural.astra(model, loss, data, data, damping=0.1, **options)
    with pytest.raises(DataError, match="not of runs"):
        neural.astra(model, loss, data, data, checkpoints=[model], folder=tmp_path)


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        return self.layer(nn.functional.dropout(x, 0.5, training=True))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.into, self.out = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.out.weight = self.into.weight

    def forward(self, x):
        return self.out(self.into(x))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.steps, self.out = kind(1, 4, batch_first=True), nn.Linear(4, 3)

    def forward(self, x):
        return self.out(self.steps(x[..., None])[0][:, -1])


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(4, 3)

    def forward(self, x):
        return self.out(x if float(x.sum()) > 0 else x + 0.0)


X, Y = torch.randn(8, 4), torch.arange(8) % 3
BAD = [
    (
        lambda: (Recurrent(nn.LSTM), cross_entropy, (X, Y), (X, Y)),
        r"module 'steps' \(LSTM\): torch lacks derivatives of its single rows",
    ),
    (lambda: (Recurrent(nn.GRU), cross_entropy, (X, Y), (X, Y)), r"module 'steps' \(GRU\)"),
    (lambda: (Branching(), cross_entropy, (X, Y), (X, Y)), r"cannot be differentiated: vmap"),
    (lambda: (Noisy(), cross_entropy, (X, Y), (X, Y)), "dropout or noise stays active"),
    (lambda: (Tied(), cross_entropy, (X, Y), (X, Y)), "'into.weight' and 'out.weight' are one"),
    (lambda: (nn.Linear(4, 3), cross_entropy, (X, Y), (X[:0], Y[:0])), "queries has no rows"),
    (lambda: (nn.Linear(4, 3), cross_entropy, (X, Y[:5]), (X, Y)), "tensors have 5, 8 rows"),
    (
        lambda: (nn.Linear(4, 3), lambda m, b: cross_entropy(m, b).mean(), (X, Y), (X, Y)),
        r"gave \(\) for 3 rows",
    ),
    (
        lambda: (
            nn.Sequential(nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 3)),
            cross_entropy,
            (X, Y),
            (X, Y),
        ),
        r"module '0' \(BatchNorm1d\) has no running statistics",
    ),
    (
        lambda: (
            nn.Linear(4, 3),
            lambda m, b: cross_entropy(m, b) - m(b[0]).mean(),
            (X, Y),
            (X, Y),
        ),
        "changes with the other rows",
    ),
    (lambda: (nn.Linear(4, 3), cross_entropy, [1, 2], (X, Y)), "train is a list"),
    (lambda: ([], cross_entropy, (X, Y), (X, Y)), "empty sequence"),
    (
        lambda: (nn.Linear(4, 3), cross_entropy, (X * torch.nan, Y), (X, Y)),
        "not finite in 3 of the first 3 rows",
    ),
]


@pytest.mark.parametrize(("given", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_input_is_named(given, message):
    with pytest.raises(DataError, match=message):
        neural.astra(*given())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "lissa"}, "solver='lissa' is not one of"),
        ({"damping": 0}, "neither a positive number"),
        ({"parameters": ["weights"]}, "the model has no 'weights'"),
        ({"measurement": "accuracy"}, "measurement='accuracy' is none of"),
        ({"iterations": 0, "batch_size": 0}, "2 problems"),
        ({"output_loss": lambda out, batch: out[:, 0]}, "the loss is not 'output_loss'"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(DataError, match=message):
        neural.astra(nn.Linear(4, 3), cross_entropy, (X, Y), (X, Y), **options)


def test_half_precision_that_vanishes_is_warned_of():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3)).half()
    with torch.no_grad():
        model[0].weight.mul_(1e-3)
        model[1].weight.mul_(1e-7)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        neural.astra(model, cross_entropy, (X.half(), Y), (X.half(), Y), solver="identity")
    assert all(one.category is ConvergenceWarning for one in said)
    assert "in '0.weight' (float16)" in str(said[0].message)


def test_tied_weights_can_be_left_out():
    found = neural.astra(
        nn.Sequential(Tied(), nn.Linear(4, 3)), cross_entropy, (X, Y), (X, Y), parameters=["1"]
    )
    assert found.values.shape == (8, 8)
