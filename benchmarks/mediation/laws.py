"""The laws of the comparison: one on which the regression packages are right, three on which
no main-effects regression is.

`waves`, `two mediators` and `binary outcome` are laws on which no default of causalif was
chosen. `linear` is the home ground of the others: it shows what flexibility costs.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from tests.truth.continuous import CHOSEN_ON, REPORTED_ON, ContinuousLaw

LINEAR = ContinuousLaw(
    "linear",
    4,
    1,
    lambda w: expit(0.5 * w[:, 0] - 0.5 * w[:, 1]),
    lambda a, w: np.column_stack([0.6 * a + 0.5 * w[:, 0] + 0.3 * w[:, 2]]),
    lambda a, m, w: 0.4 * a + 0.5 * m[:, 0] + 0.4 * w[:, 0] - 0.3 * w[:, 1] + 0.3 * w[:, 3],
)
COMPARED = {LINEAR.name: LINEAR, **REPORTED_ON}
LAWS = {**COMPARED, **CHOSEN_ON}
NOTES = {
    "linear": "linear regressions without products: the packages' own assumptions hold",
    "waves": "sine, absolute value and products in every regression; exposure x mediator",
    "two mediators": "two mediators with a product of them; kinks and squares in the covariates",
    "binary outcome": "a logistic outcome with a square and a product of covariates",
    "smooth": "defaults of causalif were chosen here; not for comparing",
    "steps": "defaults of causalif were chosen here; not for comparing",
}
