"""Rows read a part at a time have the values they have in memory."""

from __future__ import annotations

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest

import causalif as cif
from causalif.attribution.valuation.reading import read_rows
from causalif.attribution.valuation.result import ValuationResult
from causalif.errors import DataError

pyarrow = pytest.importorskip("pyarrow")
ROWS = 500


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(1)
    clean = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    data = pd.DataFrame(rng.normal(size=(ROWS, 3)), columns=list("abc"))
    data.loc[:24, "a"] += 3
    return tuple(x.assign(y=np.where(x["a"] + x["b"] > 0, "u", "v")) for x in (data, clean))


@pytest.fixture(scope="module")
def folder(frames, tmp_path_factory):
    path = tmp_path_factory.mktemp("parts")
    frames[0][:300].to_parquet(path / "one.parquet", row_group_size=70, index=False)
    frames[0][300:].to_parquet(path / "two.parquet", row_group_size=90, index=False)
    return path


def in_memory(found, data):
    """The same landmarks, with all rows at once."""
    state = read_rows(data, found._reference)
    return ValuationResult("nystrom", found.bandwidth, None, found._reference, state)


def assert_same(found, other):
    assert found.values.index.tolist() == other.values.index.tolist()
    assert found.values.to_numpy() == pytest.approx(other.values.to_numpy(), abs=1e-10)
    assert found.leave_one_out.to_numpy() == pytest.approx(
        other.leave_one_out.to_numpy(), abs=1e-10
    )
    assert found.discrepancy == pytest.approx(other.discrepancy, abs=1e-8)


@pytest.mark.parametrize("label_method", ["residual", "joint", "within"])
def test_parquet_is_read_by_row_groups(frames, folder, label_method):
    data, clean = frames
    ask = {"label": "y", "label_method": label_method, "landmarks": 40, "seed": 1}
    found = cif.kairos(folder, clean, **ask)
    assert found.n == ROWS
    assert_same(found, in_memory(found, data))
    spread = cif.kairos(folder, clean, n_jobs=2, **ask)
    assert spread.values.equals(found.values)
    assert found.error["rank"] > 0.97


def test_a_single_file_finds_the_rows_that_are_off(frames, folder):
    found = cif.kairos(
        folder / "one.parquet", frames[1], label="y", landmarks=40, seed=1, feature_weight=1.0
    )
    assert (found.worst(10).index < 25).mean() >= 0.8  # 25 of 300 rows are off
    assert "By 40 landmarks" in found.summary()
    with pytest.raises(DataError, match="a part at a time are not kept"):
        found.add(frames[0][:3].set_axis(["x", "y", "z"]))
    with pytest.raises(DataError, match="a part at a time are not kept"):
        found.remove([0])


def test_a_dask_frame_on_a_local_cluster(frames):
    dask = pytest.importorskip("dask.dataframe")
    distributed = pytest.importorskip("distributed")
    data, clean = frames
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ports, heartbeats: the cluster's own affairs
        lazy = dask.from_pandas(data, npartitions=4)
        ask = {"label": "y", "landmarks": 40, "seed": 1}
        here = cif.kairos(lazy, clean, **ask)
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster),
            joblib.parallel_config(backend="dask"),
        ):
            there = cif.kairos(lazy, clean, n_jobs=-1, **ask)
    assert_same(here, in_memory(here, data))
    assert there.values.equals(here.values)


def test_files_that_are_not_there_or_no_parquet_are_named(frames, tmp_path):
    with pytest.raises(DataError, match="no parquet file at"):
        cif.kairos(tmp_path / "none.parquet", frames[1])
    with pytest.raises(DataError, match="no parquet file at"):
        cif.kairos(tmp_path, frames[1])
    text = tmp_path / "text.parquet"
    text.write_text("no")
    with pytest.raises(DataError, match="is no parquet file"):
        cif.kairos(str(text), frames[1])
