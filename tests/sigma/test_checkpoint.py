"""A run that was killed goes on from its checkpoint, and ends with the same graphs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from causalif.errors import DataError
from causalif.sigma import checkpoint
from causalif.sigma.learn import dag_posterior

CHAINS = {"method": "mcmc", "score": "bge", "samples": 100, "seed": 1, "progress": False}
LADDER = {"method": "exact", "score": "ladder", "samples": 100, "seed": 1, "progress": False}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    a = rng.normal(size=120)
    m = a**2 + 0.5 * rng.normal(size=120)
    return pd.DataFrame({"A": a, "M": m, "Y": m + rng.normal(size=120)})


class KilledError(BaseException):
    """As Ctrl-C is: no `except Exception` catches it."""


def killed_after(times, function):
    calls = []

    def wrapped(*arguments, **options):
        found = function(*arguments, **options)
        calls.append(1)
        if len(calls) == times:
            raise KilledError
        return found

    return wrapped


def test_chains_go_on(data, tmp_path, monkeypatch):
    whole = dag_posterior(data, **CHAINS)
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write_archive", killed_after(3, checkpoint.write_archive))
        with pytest.raises(KilledError):
            dag_posterior(data, **CHAINS, checkpoint=folder)
    written = []
    with monkeypatch.context() as patch:
        real = checkpoint.write_archive
        patch.setattr(checkpoint, "write_archive", lambda *a: (written.append(1), real(*a)))
        again = dag_posterior(data, **CHAINS, checkpoint=folder, n_jobs=2)
    assert_array_equal(again.draws, whole.draws)
    assert_array_equal(again.arrows, whole.arrows)
    # 500 steps a segment: three were done before.
    assert len(written) == whole.diagnostics["steps"] // 500 - 3


def test_scores_go_on(data, tmp_path, monkeypatch):
    from causalif.sigma.ladder.score_cache import ScoreCache

    whole = dag_posterior(data, **LADDER)
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(ScoreCache, "flush", killed_after(2, ScoreCache.flush))
        with pytest.raises(KilledError):
            dag_posterior(data, **LADDER, checkpoint=folder)
    done = len(ScoreCache.load(folder / "scores.npz"))
    assert done > 0
    again = dag_posterior(data, **LADDER, checkpoint=folder)
    assert_array_equal(again.draws, whole.draws)
    assert_array_equal(again.arrows, whole.arrows)
    assert len(ScoreCache.load(folder / "scores.npz")) > done


def test_a_folder_serves_one_call(data, tmp_path):
    dag_posterior(data, **CHAINS, checkpoint=tmp_path / "run")
    with pytest.raises(DataError, match="call with other seed"):
        dag_posterior(data, **{**CHAINS, "seed": 2}, checkpoint=tmp_path / "run")
    with pytest.raises(DataError, match="other data"):
        dag_posterior(data + 1, **CHAINS, checkpoint=tmp_path / "run")
    with pytest.raises(DataError, match="other tiers"):
        dag_posterior(data, **CHAINS, tiers=[["A"], ["M"]], checkpoint=tmp_path / "run")


def test_a_file_is_no_folder(data, tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(DataError, match="is a file"):
        dag_posterior(data, **CHAINS, checkpoint=tmp_path / "run")
    assert (tmp_path / "run").read_text() == "mine"


def test_without_a_seed_a_checkpoint_is_taken_up(data, tmp_path):
    """The seed that was drawn the first time is kept with the run."""
    options = {**CHAINS, "seed": None}
    one = dag_posterior(data, **options, checkpoint=tmp_path / "run")
    two = dag_posterior(data, **options, checkpoint=tmp_path / "run")
    assert_array_equal(one.draws, two.draws)
