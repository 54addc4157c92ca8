"""Saved and loaded: bit for bit, or refused."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pandas as pd
import pytest

import causalif as cif
from causalif.errors import DataError

N = 35
INDEXES = {
    "range": pd.RangeIndex(5, 5 + 2 * N, 2, name="row"),
    "int": pd.Index(np.random.default_rng(1).permutation(N)),
    "int32": pd.Index(np.arange(N, dtype=np.int32), name=3),
    "float": pd.Index(np.arange(N) / 7),
    "bool": pd.Index([True] * N),
    "text": pd.Index([f"é{i}\0" for i in range(N)], name="id"),
    "object": pd.Index([f"p{i}" for i in range(N)], dtype=object),
    "mixed": pd.Index([1, "two", 3.5, None, True] * 7, dtype=object),
    "Int64": pd.Index(pd.array([None, *range(N - 1)], dtype="Int64")),
    "dates": pd.date_range("2020-01-01", periods=N, freq="D"),
    "zoned": pd.date_range("2020-03-28", periods=N, freq="h", tz="Europe/Brussels"),
    "seconds": pd.date_range("2020-01-01", periods=N, freq="h").as_unit("s"),
    "durations": pd.to_timedelta(np.arange(N), unit="h"),
    "periods": pd.period_range("2020-01", periods=N, freq="M"),
    "multi": pd.MultiIndex.from_arrays(
        [[f"s{i % 5}" for i in range(N)], pd.date_range("2020-01-01", periods=N)],
        names=["site", "day"],
    ),
}


def estimate(index=INDEXES["text"], **keywords):
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 2)), index=index)
    return cif.Estimate([1 / 3, np.pi], rows, names=["a", "µ b"], **keywords)


def test_everything_comes_back_bit_for_bit(tmp_path):
    whole = estimate(
        weights=np.arange(1, N + 1),
        clusters=[f"c{i}" for i in range(N)],
        strata=np.arange(N) % 2,
        scale=["log", "identity"],
        label="étude",
        references=("zheng2012targeted", "@misc{x, title={Y}}"),
    )
    saved = cif.combine([whole, whole["a"] / whole["µ b"]])
    path = tmp_path / "saved.estimate"
    saved.save(path)
    back = cif.Estimate.load(str(path))
    assert back.values.equals(saved.values)
    assert back.influence.equals(saved.influence)
    assert back.tidy().equals(saved.tidy())
    assert back.cov().equals(saved.cov())
    assert back.confint(method="multiplier").equals(saved.confint(method="multiplier"))
    for name in ("weights", "clusters", "strata"):
        assert getattr(back, name).dtype == getattr(saved, name).dtype
        assert np.array_equal(getattr(back, name), getattr(saved, name))
    for name in ("names", "scale", "label", "references"):
        assert getattr(back, name) == getattr(saved, name)
    assert back.summary() == saved.summary()
    pair, again = (e.fractions["a / µ b"] for e in (saved, back))
    assert pair.influence.equals(again.influence)
    assert pair.cov().equals(again.cov())
    assert not (tmp_path / "saved.estimate.partial").exists()


@pytest.mark.parametrize("kind", INDEXES)
def test_row_labels_keep_their_type(tmp_path, kind):
    index = INDEXES[kind]
    estimate(index).save(tmp_path / "e")
    back = cif.Estimate.load(tmp_path / "e").influence.index
    assert back.equals(index)
    assert back.dtype == index.dtype
    assert back.names == index.names
    assert type(back) is type(index)
    assert getattr(back, "freq", None) == getattr(index, "freq", None)


def test_labels_that_cannot_be_stored_say_so(tmp_path):
    index = pd.Index([object() for _ in range(N)])
    with pytest.raises(DataError, match=r"index labels.*object.*index.astype\(str\)"):
        estimate(index).save(tmp_path / "e")
    assert list(tmp_path.iterdir()) == []


def test_no_pickle_inside(tmp_path):
    estimate(INDEXES["mixed"], clusters=[f"c{i}" for i in range(N)]).save(tmp_path / "e")
    with np.load(tmp_path / "e", allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)


def rewrite(path, change):
    """Save again with changed arrays, and zip checksums that fit."""
    with np.load(path) as archive:
        arrays = dict(archive)
    meta = json.loads(arrays.pop("json").tobytes())
    change(arrays, meta)
    text = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    with path.open("wb") as file:
        np.savez(file, json=text, **arrays)


def swap_value(arrays, meta):
    arrays["values"] = arrays["values"][::-1]


def drop_rows(arrays, meta):
    arrays["influence"] = arrays["influence"][:-1]


@pytest.mark.parametrize(
    "change",
    [
        swap_value,
        drop_rows,
        lambda arrays, meta: arrays.pop("influence"),
        lambda arrays, meta: meta.update(names=["x", "y"]),
        lambda arrays, meta: meta.pop("checksum"),
        lambda arrays, meta: meta.pop("kind"),
    ],
)
def test_changed_content_is_refused(tmp_path, change):
    path = tmp_path / "e.npz"
    estimate().save(path)
    rewrite(path, change)
    with pytest.raises(DataError, match="damaged"):
        cif.Estimate.load(path)


def test_every_flipped_byte_is_noticed_or_harmless(tmp_path):
    path = tmp_path / "e.npz"
    estimate().save(path)
    good, whole = path.read_bytes(), cif.Estimate.load(path)
    for place in np.random.default_rng(0).integers(0, len(good), size=200):
        broken = bytearray(good)
        broken[place] ^= 0x55
        path.write_bytes(broken)
        try:
            back = cif.Estimate.load(path)
        except DataError:
            continue
        assert back.cov().equals(whole.cov())  # a byte that carries nothing, such as a date


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "e.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged or is not an estimate that was saved"):
        cif.Estimate.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(DataError, match="damaged"):
        cif.Estimate.load(path)


def test_missing_files_and_newer_formats(tmp_path):
    with pytest.raises(DataError, match="no file"):
        cif.Estimate.load(tmp_path / "absent.npz")
    path = tmp_path / "e.npz"
    estimate().save(path)
    rewrite(path, lambda arrays, meta: meta.update(format=2))
    with pytest.raises(DataError, match="in format 2; this version reads"):
        cif.Estimate.load(path)


def test_an_object_array_is_never_unpickled(tmp_path):
    path = tmp_path / "e.npz"
    with path.open("wb") as file:
        np.savez(file, json=np.array([{"kind": "causalif.Estimate"}], dtype=object))
    with pytest.raises(DataError, match="damaged"):
        cif.Estimate.load(path)
