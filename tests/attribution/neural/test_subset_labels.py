"""Training on many subsets: the same numbers however it is done, and gone on with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression, LogisticRegression
from torch import nn

import causalif as cif
from causalif.errors import DataError

neural = cif.attribution.neural
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 2)), np.arange(40) % 3
SETTINGS = {"n_subsets": 5, "subset_size": 25, "queries": (X[:7], Y[:7])}


def classifier(rows, seed):
    return LogisticRegression().fit(X[rows], Y[rows])


def test_losses_are_those_of_models_trained_on_the_subsets():
    found = neural.make_subset_labels(classifier, X, seed=3, **SETTINGS)
    assert (found.subsets.sum(axis=1) == 25).all()
    assert len(np.unique(found.subsets, axis=0)) == 5
    for k in range(5):
        model = classifier(np.flatnonzero(found.subsets[k]), 0)
        chances = model.predict_proba(X[:7])[np.arange(7), Y[:7]]
        assert found.losses[:, k] == pytest.approx(-np.log(chances))


def test_regressions_and_networks_have_losses_too():
    def regression(rows, seed):
        return LinearRegression().fit(X[rows], Y[rows])

    found = neural.make_subset_labels(regression, 40, seed=3, **SETTINGS)
    model = regression(np.flatnonzero(found.subsets[2]), 0)
    assert found.losses[:, 2] == pytest.approx((model.predict(X[:7]) - Y[:7]) ** 2)

    def network(rows, seed):
        torch.manual_seed(seed)
        return nn.Linear(2, 3)

    queries = (torch.as_tensor(X[:7], dtype=torch.float32), torch.as_tensor(Y[:7]))
    settings = {**SETTINGS, "queries": queries}
    found = neural.make_subset_labels(network, (X, Y), repeats=2, seed=3, **settings)
    assert found.repeats.shape == (2, 7, 5)
    assert not np.allclose(found.repeats[0], found.repeats[1])  # another seed each
    own = neural.make_subset_labels(
        network, (X, Y), seed=3, loss=lambda model, q: model(q[0]).sum(1), **settings
    )
    assert own.losses.shape == (7, 5)


def test_any_number_of_processes_gives_the_same_numbers(tmp_path):
    one = neural.make_subset_labels(classifier, X, seed=3, **SETTINGS)
    two = neural.make_subset_labels(classifier, X, seed=3, n_jobs=2, **SETTINGS)
    assert np.array_equal(one.repeats, two.repeats)
    assert np.array_equal(one.subsets, two.subsets)
    other = neural.make_subset_labels(classifier, X, seed=4, **SETTINGS)
    assert not np.array_equal(one.subsets, other.subsets)


def test_a_run_that_was_broken_off_goes_on(tmp_path):
    calls = []

    def fails_at_the_fourth(rows, seed):
        calls.append(seed)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return classifier(rows, seed)

    with pytest.raises(KeyboardInterrupt):
        neural.make_subset_labels(fails_at_the_fourth, X, seed=3, folder=tmp_path, **SETTINGS)
    assert len(list(tmp_path.glob("*.npz"))) == 3
    calls.clear()

    def counted(rows, seed):
        calls.append(seed)
        return classifier(rows, seed)

    found = neural.make_subset_labels(counted, X, seed=3, folder=tmp_path, **SETTINGS)
    assert len(calls) == 2
    whole = neural.make_subset_labels(classifier, X, seed=3, **SETTINGS)
    assert np.array_equal(found.repeats, whole.repeats)
    with pytest.raises(DataError, match=r"call with other seed \(3, now 4\)"):
        neural.make_subset_labels(classifier, X, seed=4, folder=tmp_path, **SETTINGS)


def test_some_subsets_are_taken():
    found = neural.make_subset_labels(classifier, X, repeats=2, seed=3, **SETTINGS)
    part = found.take([1, 3])
    assert np.array_equal(part.subsets, found.subsets[[1, 3]])
    assert np.array_equal(part.repeats, found.repeats[:, :, [1, 3]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subset_size": 40}, "must leave rows out"),
        ({"n_subsets": 0}, "must leave rows out"),
        ({"loss": lambda model, queries: np.zeros((7, 2))}, r"gave shape \(7, 2\)"),
        ({"loss": lambda model, queries: np.full(7, np.nan)}, "7 not finite"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(DataError, match=message):
        neural.make_subset_labels(classifier, X, **{**SETTINGS, **change})
