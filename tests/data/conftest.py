from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import causalif as cif
from causalif.data import Design, build_design


@pytest.fixture
def jobs() -> pd.DataFrame:
    return cif.load_dataset("jobs")


@pytest.fixture
def design(jobs: pd.DataFrame) -> Callable[..., Design]:
    """The design of JOBS II, with some columns or arguments replaced."""

    def build(data: Any = None, **changes: Any) -> Design:
        roles: dict[str, Any] = {
            "exposure": "treat",
            "outcome": "depress2",
            "mediators": "job_seek",
            "covariates": ["age", "sex", "econ_hard"],
        }
        columns = {k: changes.pop(k) for k in list(changes) if k in jobs.columns}
        frame = jobs.assign(**columns) if data is None else data
        return build_design(frame, **{**roles, **changes})

    return build
