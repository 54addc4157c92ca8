"""What each approximation is worth, and where it overshoots; the table is in benchmarks/."""

from __future__ import annotations

import pytest

from benchmarks.attribution.approximations import errors, poisoning


@pytest.fixture(scope="module")
def found():
    return {width: errors(width, 1e-2 if width == 100 else 1e-3, 0) for width in (100, 400)}


def test_the_rescaled_influence_of_one_row_is_far_nearer(found):
    for width in (100, 400):
        assert found[width]["one RIF"] < 0.25 * found[width]["one IF"]
        assert found[width]["one RIF"] < 0.03


def test_a_newton_step_for_the_set_is_nearer_than_the_sum(found):
    for width in (100, 400):
        assert found[width]["10% Newton"] < found[width]["10% RIF"] < found[width]["10% IF"]


def test_rescaled_influence_overshoots_sets_that_were_chosen(found):
    assert found[400]["overshoot"] > 1.1
    assert found[400]["5% adversarial Newton"] < found[400]["5% adversarial RIF"]


def test_a_planted_row_is_seen_by_rescaled_influence_and_ranked_by_both():
    told = poisoning(1e-5)
    assert told["shift"] > 10
    assert told["RIF sees"] == pytest.approx(1, abs=0.03)
    assert told["IF sees"] < 0.2
    assert told["rank by IF"] == told["rank by RIF"] == 1
