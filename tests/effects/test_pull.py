"""The influence plot shows how far each row pulls an estimate, sampling weights included."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from pytest import approx

import causalif as cif


def test_drawn_pulls_of_weighted_rows_have_the_variance_of_the_estimate():
    jobs = cif.load_dataset("jobs")
    weights = 1.0 + 3.0 * (jobs["age"] > 40)
    effect = cif.average_effect(
        jobs, "treat", "depress2", "age", weights=weights, learners="glm", folds=1, seed=1
    )
    ax = effect.plot("influence", ax=Figure().subplots())
    pull = next(line for line in ax.lines if line.get_gid() == "pull").get_ydata()
    # the sandwich: without clusters the squares of the pulls add up to the variance
    assert np.sum(np.square(pull)) == approx(effect.std_error.iloc[0] ** 2, rel=1e-9)


def test_drawn_pull_foretells_what_a_weighted_row_left_out_does():
    jobs = cif.load_dataset("jobs").head(300)
    weights = np.where(np.arange(300) == 7, 8.0, 1.0)
    options = {"weights": weights, "learners": "glm", "folds": 1, "seed": 1}
    effect = cif.average_effect(jobs, "treat", "depress2", "age", **options)
    ax = effect.plot("influence", ax=Figure().subplots())
    drawn = next(line for line in ax.lines if line.get_gid() == "pull").get_ydata()
    moved = effect.values.iloc[0] - effect.refit(np.arange(300) != 7).values.iloc[0]
    assert drawn[np.abs(drawn).argmax()] == approx(moved, rel=0.25)
