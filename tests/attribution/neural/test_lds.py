"""The linear datamodeling score and its ceiling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

import causalif as cif
from causalif.attribution.neural.lds import ceiling, rank_correlations
from causalif.errors import DataError

neural = cif.attribution.neural
RNG = np.random.default_rng(0)


def test_correlations_are_spearmans():
    a, b = RNG.integers(0, 4, (3, 30)), RNG.normal(size=(3, 30))
    expected = [spearmanr(x, y).statistic for x, y in zip(a, b, strict=True)]
    assert rank_correlations(a, b) == pytest.approx(expected)
    assert rank_correlations(np.ones((1, 5)), RNG.normal(size=(1, 5))) == 0


def test_effects_that_make_the_losses_score_one():
    scores = RNG.normal(size=(4, 20))
    subsets = RNG.random((50, 20)) < 0.5
    losses = -(scores @ subsets.T)  # a row that helps lowers the loss of subsets that have it
    found = neural.lds(scores, subsets, losses)
    assert found.mean == pytest.approx(1)
    assert neural.lds(-scores, subsets, losses).mean == pytest.approx(-1)
    noisy = neural.lds(scores, subsets, np.stack([losses, losses + 9 * RNG.normal(size=(4, 50))]))
    assert noisy.ceiling is not None
    assert noisy.by_query.std(ddof=1) / 2 == pytest.approx(noisy.std_error)
    assert "4 queries" in repr(noisy)


def test_the_ceiling_is_what_the_truth_scores():
    """Normal truth and noise: the truth against the mean of 2r repeats, beside the formula."""
    truth = RNG.normal(size=(400, 1, 60))
    repeats = np.moveaxis(truth + RNG.normal(scale=2, size=(400, 6, 60)), 1, 0)
    reached = rank_correlations(truth[:, 0], repeats.mean(axis=0)).mean()
    assert ceiling(repeats) == pytest.approx(reached, abs=0.02)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((np.ones((2, 5)), np.ones((4, 6)), np.ones((2, 4))), "scores have 5 rows and subsets 6"),
        ((np.ones((2, 5)), np.ones((4, 5)), np.ones((3, 4))), r"need \(2, 4\)"),
        ((np.ones((2, 5)), np.ones((2, 5)), np.ones((2, 2))), "2 subsets: a rank"),
        ((np.full((2, 5), np.nan), np.ones((4, 5)), np.ones((2, 4))), "missing or infinite"),
    ],
)
def test_bad_input_is_named(given, message):
    with pytest.raises(DataError, match=message):
        neural.lds(*given)
