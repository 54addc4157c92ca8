"""Subspaces of target and attribute beside the truth; the whole study is in benchmarks/."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.fairness.subspaces import errors


@pytest.mark.parametrize("shared", [0, 1, 2])
def test_errors_of_all_parts_fall_with_the_root_of_rows(shared):
    """Four times the rows, half the error: 30 samples each, the ratio has an error of about .1."""
    few, many = (
        pd.DataFrame([errors(rows, 10, shared, seed) for seed in range(30)]).mean()
        for rows in (2000, 8000)
    )
    ratio = (few / many).drop("shared found")
    assert len(ratio) == {0: 3, 1: 4, 2: 3}[shared]
    assert ratio.between(1.6, 2.4).all(), ratio
    assert few["shared found"] > 0.8
    assert many["shared found"] == 1
