"""Designs built by hand from discrete laws, so that these tests need no encoding."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalif.data.design import Column, Design, Exposure, Outcome
from causalif.effects.options import Settings
from causalif.nuisance.library import resolve
from tests.truth.discrete import DiscreteLaw
from tests.truth.learners import CellMeans, CellShares


def column(name: str, values: pd.Series) -> Column:
    return Column(name, values.to_numpy(dtype=float)[:, None], (name,), discrete=True)


def design_of(data: pd.DataFrame, weights: np.ndarray | None = None) -> Design:
    mediators = [c for c in data.columns if c.startswith("m")]
    return Design(
        index=data.index,
        exposure=Exposure("a", (0, 1), data["a"].to_numpy(), 2),
        outcome=Outcome("y", data["y"].to_numpy(dtype=float), "continuous"),
        columns={name: column(name, data[name]) for name in ["w", *mediators]},
        mediators=tuple((name,) for name in mediators),
        covariates=("w",),
        weights=None if weights is None else weights / weights.mean(),
    )


def law_as_design(law: DiscreteLaw) -> Design:
    """Every cell a row, weighted by its probability: the law itself, not a sample of it."""
    return design_of(law.cells, law.p)


@pytest.fixture
def saturated():
    return resolve({"outcome": CellMeans(), "exposure": CellShares()})


@pytest.fixture
def settings_for(saturated):
    def build(**changes: object) -> Settings:
        base: dict[str, object] = {
            "method": "onestep",
            "library": saturated,
            "folds": 1,
            "repeats": 1,
            "scale": "difference",
            "floor": 0.0,
            "stabilize": True,
            "entropy": 1,
            "n_jobs": 1,
            "progress": False,
        }
        return Settings(**{**base, **changes})  # type: ignore[arg-type]

    return build
