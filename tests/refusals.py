"""One clear error, before any fit, and the caller's frame as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

import causalif as cif
from causalif.errors import CausalifError, DataError

ROLES = {
    "exposure": "treat",
    "outcome": "depress2",
    "mediators": "job_seek",
    "covariates": ["age", "sex", "econ_hard"],
}
BOTH = (cif.mediate, cif.average_effect)


class NeverFit(RegressorMixin, BaseEstimator):
    def fit(self, X, y, sample_weight=None):
        raise AssertionError("fitted")

    def predict(self, X):
        raise AssertionError("fitted")


class NeverClassify(ClassifierMixin, NeverFit):
    def predict_proba(self, X):
        raise AssertionError("fitted")


NEVER = {"outcome": NeverFit(), "exposure": NeverClassify(), "missing": NeverClassify()}


def roles_for(effect: Callable[..., Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The keywords of a call; a total effect has no mediators."""
    keywords = {**ROLES, "seed": 1, "progress": False, **changes}
    if effect is cif.average_effect:
        keywords.pop("mediators")
    return keywords


def refused(
    data: Any,
    *says: str,
    effects: Sequence[Callable[..., Any]] = BOTH,
    error: type[CausalifError] = DataError,
    **changes: Any,
) -> str:
    """The message of a call that no effect may accept; all of `says` must stand in it."""
    before = data.copy(deep=True) if isinstance(data, pd.DataFrame) else None
    if "mediators" in changes:
        effects = (cif.mediate,)
    message = ""
    for effect in effects:
        # A learner that was called would give a FitError, which is neither.
        with pytest.raises(error) as caught:
            effect(data, **{"learners": NEVER, **roles_for(effect, changes)})
        message = str(caught.value)
        missing = [part for part in says if part not in message]
        assert not missing, f"{missing} not in: {message}"
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, CausalifError)
    if before is not None:
        pd.testing.assert_frame_equal(data, before)
    return message


def accepted(data: Any, *, effect: Callable[..., Any] = cif.mediate, **changes: Any) -> Any:
    """The effects of a call that must be answered; the frame stays as it was."""
    before = data.copy(deep=True) if isinstance(data, pd.DataFrame) else None
    found = effect(data, **{"learners": "glm", **roles_for(effect, changes)})
    if before is not None:
        pd.testing.assert_frame_equal(data, before)
    return found
