"""What `FairSubspace` keeps of its choice of dimensions, and that weights enter it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import causalif as cif
from causalif.fairness.learning import Choices, learn

ROWS = 2000


@pytest.fixture(scope="module")
def drawn():
    """Target: means of column 1, variances of column 2; attribute: those of columns 3 and 4."""
    rng = np.random.default_rng(1)
    target, sex = rng.integers(0, 2, (2, ROWS))
    x = rng.normal(size=(ROWS, 6))
    x[:, 0] += 1.5 * target
    x[:, 1] *= 1 + target
    x[:, 2] += 1.5 * sex
    x[:, 3] *= 1 + sex
    return x, target, sex


@pytest.mark.parametrize("reduction", ["save", "dr"])
def test_evidence_of_both_sides_is_kept(drawn, reduction):
    x, target, sex = drawn
    kept = cif.FairSubspace(reduction=reduction, random_state=1).fit(x, target, sensitive=sex)
    assert set(kept.dimension_evidence_) == {"target", "sensitive"}
    # Two directions each by construction of the law.
    assert (kept.target_dim_, kept.sensitive_dim_) == (2, 2)
    for evidence in pickle.loads(pickle.dumps(kept)).dimension_evidence_.values():
        assert evidence.dimension == 2
        assert evidence.table["ladle"].argmin() == 2


def test_no_evidence_where_the_ladle_was_not_asked(drawn):
    x, target, sex = drawn
    assert cif.FairSubspace().fit(x, target, sensitive=sex).dimension_evidence_ == {}
    given = cif.FairSubspace(reduction="dr", target_dim=1).fit(x, target, sensitive=sex)
    assert set(given.dimension_evidence_) == {"sensitive"}


def test_evidence_is_of_the_weighted_kernel(drawn):
    x, target, sex = drawn
    weights = np.where(x[:, 4] > 0, 1.8, 0.2)
    weights = weights / weights.mean()
    choices, rng = Choices(reduction="save"), np.random.default_rng(1)
    learned = learn(x, target, [sex], choices, weights=weights, rng=rng)
    for side in ("target", "sensitive"):
        matrix = getattr(learned.subspaces, side).matrix
        largest_first = np.linalg.eigvalsh(matrix)[::-1][: len(learned.evidence[side].table)]
        table = learned.evidence[side].table
        assert table["eigenvalue"].to_numpy() == pytest.approx(
            largest_first[: len(table)], abs=1e-10
        )


def test_a_weight_of_zero_is_a_row_left_out_of_the_choice(drawn):
    """Half the rows say nothing: with weight zero they must not hide what the others say."""
    x, target, sex = drawn
    rng = np.random.default_rng(2)
    noise = rng.normal(size=x.shape) * 3
    both = np.vstack([x, noise])
    labels = [np.concatenate([codes, codes]) for codes in (target, sex)]
    weights = np.repeat([2.0, 0.0], ROWS)
    choices = Choices(reduction="dr")
    learned = learn(both, labels[0], labels[1:], choices, weights=weights, rng=rng)
    assert (learned.subspaces.target_dim, learned.subspaces.sensitive_dim) == (2, 2)
