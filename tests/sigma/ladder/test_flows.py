"""Flows: densities against quadrature, differences and known laws; mechanisms against worlds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pytest import approx
from scipy.integrate import simpson
from scipy.stats import kstest, norm
from scipy.stats import t as student

from causalif.sigma.ladder.fitting import fit, start
from causalif.sigma.ladder.flows import BINS, FREEDOM, KNOTS, Features, Flow, freedom
from causalif.sigma.ladder.mechanisms import NoiseSpline, fit_mechanisms
from causalif.sigma.ladder.rungs import one_thread
from causalif.sigma.scores.gaussian import standardised

DOUBLE = torch.float64


def any_flow(pairs: int = 3, seed: int = 1) -> Flow:
    """Random weights for an intercept and one parent in the shift and in the log scale."""
    rng = np.random.default_rng(seed)
    sizes = (2, 1.0), (2, 0.5), (KNOTS, 1.0), (1, 1.0)
    return Flow(*(torch.from_numpy(rng.normal(size=(pairs, k)) * s) for k, s in sizes))


def features(parent: np.ndarray) -> Features:
    """An intercept and the parent, shape (pairs, n) to (pairs, n, 2), for shift and scale."""
    both = torch.from_numpy(np.stack([np.ones_like(parent), parent], axis=2))
    return Features(both, both)


def test_density_integrates_to_one():
    # Tails are heavy: steps grow from the middle outwards.
    grid = np.sinh(np.linspace(-15, 15, 200_001))
    flow = any_flow()
    for parent in (-1.5, 0.0, 0.7):
        at = features(np.full((3, len(grid)), parent))
        density = flow.log_density(at, torch.from_numpy(np.tile(grid, (3, 1)))).exp().numpy()
        assert simpson(density, x=grid, axis=1) == approx(np.ones(3), abs=1e-5)


def test_spline_without_weights_is_the_identity():
    values = torch.from_numpy(np.linspace(-6, 6, 101))[None]
    flow = Flow(*(torch.zeros(1, k, dtype=DOUBLE) for k in (2, 2, KNOTS, 1)))
    found = flow.log_density(features(np.zeros((1, 101))), values)
    assert found.numpy() == approx(student(FREEDOM[2]).logpdf(values.numpy()), abs=1e-12)
    assert NoiseSpline(flow.knots.expand(101, -1))(values[0]).numpy() == approx(values[0].numpy())


def test_without_knots_the_noise_is_normal():
    values = torch.from_numpy(np.linspace(-6, 6, 101))[None]
    flow = Flow(*(torch.zeros(1, k, dtype=DOUBLE) for k in (2, 2, 0, 0)))
    found = flow.log_density(features(np.zeros((1, 101))), values)
    assert found.numpy() == approx(norm.logpdf(values.numpy()), abs=1e-12)


def test_gradients_of_rows_are_differences():
    rng = np.random.default_rng(2)
    flow, at = any_flow(), features(rng.normal(size=(3, 40)))
    values, step = torch.from_numpy(1.5 * rng.normal(size=(3, 40))), 1e-6
    found, gradients, _ = flow.row_gradients(at, values)
    assert found.numpy() == approx(flow.log_density(at, values).numpy(), abs=1e-12)
    for k in range(flow.flat.shape[1]):
        move = torch.zeros_like(flow.flat)
        move[:, k] = step
        up, down = (flow.like(flow.flat + s * move).log_density(at, values) for s in (1, -1))
        assert gradients[..., k].numpy() == approx(((up - down) / (2 * step)).numpy(), abs=1e-5)


def test_noise_of_any_shape_is_learnt():
    # Mean log density of fresh Laplace noise under its own law is -1 - log(2 b), b = 1: -1.69;
    # under the best normal law -log(2 pi e 2)/2 = -1.77.
    rng = np.random.default_rng(3)
    rows, fresh = (torch.from_numpy(rng.laplace(size=(1, 4000))) for _ in range(2))
    one = torch.ones(1, 4000, 1, dtype=DOUBLE)
    both, pull = Features(one, one), torch.ones(1, 1, dtype=DOUBLE)
    with one_thread():
        flow = fit(start(both, rows, pull, True), both, rows, pull, steps=20)
    truth = -np.log(2) - fresh.abs().mean().item()
    assert flow.log_density(both, fresh).mean().item() == approx(truth, abs=0.02)


@pytest.mark.parametrize("free", [3.0, 100.0])
def test_tails_are_learnt(free):
    rng = np.random.default_rng(8)
    rows = torch.from_numpy(rng.standard_t(free, size=(1, 4000)))
    one = torch.ones(1, 4000, 1, dtype=DOUBLE)
    both, pull = Features(one, one), torch.ones(1, 1, dtype=DOUBLE)
    with one_thread():
        flow = fit(start(both, rows, pull, True), both, rows, pull, steps=25)
    far = torch.tensor([[-40.0, 40.0]], dtype=DOUBLE)  # far beyond all knots
    found = flow.log_density(Features(one[:, :2], one[:, :2]), far).numpy()
    heavy = freedom(flow.tail).item() < 8
    assert heavy == (free < 8)
    if heavy:
        truth = student(free).logpdf(far.numpy())
        assert found == approx(truth, abs=3)  # of some -14; under N(0, 1) it would be -800


def test_fit_of_a_pair_hangs_on_no_other():
    rng = np.random.default_rng(4)
    parent = rng.normal(size=(12, 120))
    rows = torch.from_numpy(parent + rng.laplace(size=(12, 120)) * np.exp(0.5 * parent))
    everything, pull = features(parent), torch.ones(12, 2, dtype=DOUBLE)
    with one_thread():
        together = fit(start(everything, rows, pull, True), everything, rows, pull, 15).flat
        for some in ([5], [11, 2, 7], list(range(7))):
            own = Features(everything.shift[some], everything.scale[some])
            begun = start(own, rows[some], pull[some], True)
            alone = fit(begun, own, rows[some], pull[some], 15).flat
            assert (alone - together[some]).abs().max().item() < 1e-9


@pytest.fixture(scope="module")
def model():
    """x normal; y a wave of x; z of the spread exp(x) around y, skewed."""
    rng = np.random.default_rng(5)
    x, e, u = rng.normal(size=(3, 1000))
    y = np.sin(2 * x) + 0.2 * e
    z = y + np.exp(0.5 * x) * (np.exp(u) - np.exp(0.5))
    values = np.column_stack([x, y, z])
    pairs = [(0, 0), (1, 0b001), (2, 0b011), (2, 0)]
    return values, fit_mechanisms(values, pairs, seed=1)


def test_rungs_follow_the_shape(model):
    laws = model[1].laws
    assert laws[0, 0].rung == "linear"
    assert laws[1, 0b001].rung in {"mean", "scale"}
    assert laws[2, 0b011].rung == "scale"


def test_pyro_density_is_that_of_the_fit(model):
    values, mechanisms = model
    scaled = standardised(values)
    for (node, mask), law in mechanisms.laws.items():
        grid = np.linspace(-60, 60, 60_001)
        at = np.tile(scaled[7], (len(grid), 1))  # one row, again and again
        density = np.exp(mechanisms.log_density(node, mask, at, grid))
        assert simpson(density, x=grid) == approx(1.0, abs=2e-4)
        drawn = mechanisms.sample(node, mask, at, np.random.default_rng(6))
        upto = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(grid))])
        assert kstest(drawn, lambda x, c=upto, g=grid: np.interp(x, g, c)).pvalue > 1e-3
        assert law.flow.knots.shape[1] in {0, 3 * BINS - 1}


def test_interventions_follow_the_curve(model):
    values, mechanisms = model
    centre, spread = values.mean(0), values.std(0)
    rng, worlds = np.random.default_rng(7), np.zeros((2000, 3))
    for level in (-0.8, 0.0, 0.8):  # E[Y | do(X)] = sin(2 X)
        worlds[:, 0] = (level - centre[0]) / spread[0]
        drawn = mechanisms.sample(1, 0b001, worlds, rng) * spread[1] + centre[1]
        assert drawn.mean() == approx(np.sin(2 * level), abs=0.1)


def test_same_noise_same_world(model):
    law, noise = model[1].laws[2, 0b011], np.linspace(-2, 2, 9)
    worlds = np.zeros((9, 3))
    assert law.push(noise, worlds).tolist() == law.push(noise, worlds).tolist()
    assert (np.diff(law.push(noise, worlds)) > 0).all()
    worlds[:, 2] = 99.0  # no parent: not read
    assert law.push(noise, worlds).tolist() == law.push(noise, np.zeros((9, 3))).tolist()


def test_noise_is_pushed_by_its_level():
    """The level of a value under the law is that of the noise under N(0, 1), far out too."""
    rng = np.random.default_rng(9)
    x, e = rng.standard_t(3, size=(2, 800))
    law = fit_mechanisms(np.column_stack([x, x + e]), [(1, 0b01)], seed=1).laws[1, 0b01]
    assert freedom(law.flow.tail).item() < 10
    noise, worlds = np.array([-8.0, -3.0, -1.0, 0.0, 1.0, 3.0, 8.0]), np.zeros((7, 2))
    values = law.push(noise, worlds)
    grid = np.sinh(np.linspace(-15, 15, 200_001))
    density = np.exp(law.law(np.zeros((len(grid), 2))).log_prob(torch.from_numpy(grid)).numpy())
    mass = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(grid))])
    assert np.interp(values[1:-1], grid, mass) == approx(norm.cdf(noise[1:-1]), abs=1e-4)
    assert np.isfinite(values).all()
    assert (np.diff(values) > 0).all()


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
