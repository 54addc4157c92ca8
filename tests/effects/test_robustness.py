"""Multiple robustness of the natural-effects mean: which pairs of right nuisances suffice."""

from __future__ import annotations

import numpy as np
import pytest

from causalif.effects.potential import Residual, potential_mean
from tests.truth.discrete import DiscreteLaw

# E[Y(1, M(0))] needs mu (outcome), nu (nested mean), g (exposure | W), e (exposure | M, W).
WORLD = (0, 1)
SUFFICIENT = [{"mu", "nu"}, {"mu", "g"}, {"g", "e"}]
INSUFFICIENT = [set(), {"mu"}, {"nu"}, {"g"}, {"e"}, {"mu", "e"}, {"nu", "g"}]


def one_step_at(law: DiscreteLaw, right: set[str]) -> float:
    """Probability limit of the one-step estimator when the nuisances not named are wrong.

    The right nuisances are exact, so the limit is an exact sum over the cells. A nested
    mean is right when it is the regression of the mu in use, as a fitted one would be.
    """
    cells = law.cells
    mu, nu, g, e = (np.empty((len(cells), 2)) for _ in range(4))
    for i, (w, m) in enumerate(zip(cells["w"], cells["m1"], strict=True)):
        for a in (0, 1):
            g[i, a] = law.conditional({"a": a}, {"w": w}) if "g" in right else 0.35 + 0.3 * a
            e[i, a] = (
                law.conditional({"a": a}, {"w": w, "m1": m}) if "e" in right else 0.4 + 0.2 * a
            )
            mu[i, a] = (
                law.outcome_mean({"a": a, "m1": m, "w": w}) if "mu" in right else 0.2 + 0.3 * m
            )
    for i, w in enumerate(cells["w"]):
        inner = {m: mu[((cells["w"] == w) & (cells["m1"] == m)).to_numpy(), 1][0] for m in (0, 1)}
        nested = sum(law.conditional({"m1": m}, {"a": 0, "w": w}) * inner[m] for m in (0, 1))
        nu[i, 0] = nested if "nu" in right else 0.9
    a = cells["a"].to_numpy()
    outcome = (a == 1) / g[:, 1] * e[:, 0] / e[:, 1] * g[:, 1] / g[:, 0]
    residuals = [
        Residual("outcome", outcome, mu[:, 1]),
        Residual("mediator", (a == 0) / g[:, 0], nu[:, 0]),
    ]
    found = potential_mean(
        cells["y"].to_numpy(float),
        residuals,
        method="onestep",
        stabilize=False,
        sampling=law.p / law.p.mean(),
    )
    return found.value - law.mean(WORLD)


@pytest.fixture(scope="module")
def law() -> DiscreteLaw:
    return DiscreteLaw.random(1, seed=21)


@pytest.mark.parametrize("right", SUFFICIENT, ids=lambda r: "+".join(sorted(r)))
def test_consistent_when_only_these_are_right(law, right):
    assert abs(one_step_at(law, right)) < 1e-12


@pytest.mark.parametrize("right", INSUFFICIENT, ids=lambda r: "+".join(sorted(r)) or "none")
def test_biased_when_no_sufficient_pair_is_right(law, right):
    assert abs(one_step_at(law, right)) > 2e-3
