"""joblib's Dask backend spreads the fits over a cluster and changes no number."""

from __future__ import annotations

import warnings

import joblib
import numpy as np
import pytest

import causalif as cif
from tests.truth.continuous import SMOOTH


def test_a_local_dask_cluster_gives_the_same_numbers():
    distributed = pytest.importorskip("distributed")
    data = SMOOTH.sample(300, seed=1)
    here = cif.average_effect(data, "a", "y", ["w1", "w2"], seed=3, repeats=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ports, heartbeats: the cluster's own affairs
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster),
            joblib.parallel_config(backend="dask"),
        ):
            there = cif.average_effect(data, "a", "y", ["w1", "w2"], seed=3, repeats=1, n_jobs=-1)
    np.testing.assert_array_equal(here.influence, there.influence)
