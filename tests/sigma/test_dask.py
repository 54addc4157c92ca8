"""joblib's Dask backend spreads chains and the effects of graphs, and changes no number."""

from __future__ import annotations

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest

import causalif as cif


def test_chains_and_effects_on_a_local_dask_cluster():
    distributed = pytest.importorskip("distributed")
    rng = np.random.default_rng(1)
    a = rng.normal(size=300)
    m = a + rng.normal(size=300)
    data = pd.DataFrame({"A": a, "M": m, "N": rng.normal(size=300), "Y": m + rng.normal(size=300)})
    options = {"method": "mcmc", "score": "bge", "samples": 200, "learners": "glm", "seed": 2}
    here = cif.sigma_analysis(data, "A", "Y", tiers=[["A"], ["M", "N"], ["Y"]], **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ports, heartbeats: the cluster's own affairs
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as client,
            joblib.parallel_config(backend="dask"),
        ):
            there = cif.sigma_analysis(
                data, "A", "Y", tiers=[["A"], ["M", "N"], ["Y"]], n_jobs=-1, **options
            )
            done = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)
    assert done > 0  # work was sent to the cluster, and not done here
    np.testing.assert_array_equal(here.posterior.draws, there.posterior.draws)
    pd.testing.assert_frame_equal(here.tidy(), there.tidy())
