"""Saves an estimate as .npz (arrays and one JSON text, never a pickle) and loads it back."""

# The modules of this package share the state of an estimate.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.errors import DataError
from causalif.estimate.labels import decode_labels, encode_labels
from causalif.estimate.rows import Rows

if TYPE_CHECKING:
    from causalif.estimate.base import Base
    from causalif.estimate.core import Estimate

FORMAT = 1
KIND = "causalif.Estimate"
Arrays = dict[str, np.ndarray]


def save_estimate(estimate: Base, path: str | os.PathLike[str]) -> None:
    """Write an estimate to one file, whole or not at all."""
    arrays: Arrays = {"values": estimate._values, "influence": estimate._influence}
    meta = _describe(estimate)
    meta["labels"] = {}
    rows = estimate._rows
    for name, labels in (
        ("index", rows.index),
        ("clusters", rows.clusters),
        ("strata", rows.strata),
    ):
        if labels is not None:
            parts, meta["labels"][name] = encode_labels(
                name, labels if isinstance(labels, pd.Index) else pd.Index(labels)
            )
            arrays |= {f"{name}.{key}": array for key, array in parts.items()}
    if rows.weights is not None:
        arrays["weights"] = rows.weights
    for j, pair in enumerate(estimate._fractions.values()):
        arrays |= {f"fraction{j}.values": pair._values}
        arrays |= {f"fraction{j}.influence": pair._on(rows)._influence}
    meta["checksum"] = _checksum(arrays, meta)
    arrays["json"] = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    target = Path(path)
    partial = target.with_name(target.name + ".partial")
    partial.write_bytes(buffer.getvalue())
    partial.replace(target)


def _describe(estimate: Base) -> dict[str, Any]:
    return {
        "kind": KIND,
        "format": FORMAT,
        "names": list(estimate.names),
        "scales": list(estimate._scales),
        "label": estimate.label,
        "references": list(estimate.references),
        "fractions": {term: list(pair.names) for term, pair in estimate._fractions.items()},
    }


def load_estimate(path: str | os.PathLike[str]) -> Estimate:
    """Read an estimate back, bit for bit.

    Raises
    ------
    DataError
        No such file, not an estimate, a newer format, or damaged.
    """
    target = Path(path)
    if not target.is_file():
        raise DataError(f"no file {str(target)!r} to load an estimate from.")
    try:
        with np.load(io.BytesIO(target.read_bytes()), allow_pickle=False) as archive:
            arrays: Arrays = {name: archive[name] for name in archive.files}
        meta = json.loads(arrays.pop("json").tobytes())
        kind, version = meta["kind"], meta["format"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _damaged(target) from error
    except Exception as error:  # a damaged zip directory fails in many ways
        raise _damaged(target) from error
    if kind != KIND or version != FORMAT:
        raise DataError(
            f"{str(target)!r} holds {kind} in format {version}; this version reads {KIND} in "
            f"format {FORMAT}. Load it with the version of causalif that saved it."
        )
    stated = meta.pop("checksum", None)
    if stated != _checksum(arrays, meta):
        raise _damaged(target)
    try:
        return _rebuild(arrays, meta)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise _damaged(target) from error


def _rebuild(arrays: Arrays, meta: dict[str, Any]) -> Estimate:
    from causalif.estimate.core import Estimate

    labels = {name: decode_labels(arrays, name, spec) for name, spec in meta["labels"].items()}
    index = labels["index"]
    plain = {
        name: None if name not in labels else labels[name].to_numpy()
        for name in ("clusters", "strata")
    }
    rows = Rows(index, arrays.get("weights"), plain["clusters"], plain["strata"])
    values, influence = arrays["values"], arrays["influence"]
    _check_shape(values, influence, len(meta["names"]), rows.n)
    blank = Estimate.__new__(Estimate)
    common: dict[str, Any] = {"rows": rows, "label": "", "references": ()}
    fractions: dict[str, Estimate] = {}
    for j, (term, names) in enumerate(meta["fractions"].items()):
        pair = arrays[f"fraction{j}.values"], arrays[f"fraction{j}.influence"]
        _check_shape(*pair, 2, rows.n)
        fractions[term] = blank._derived(names, *pair, **common)
    common |= {"label": meta["label"], "references": tuple(meta["references"])}
    return blank._derived(
        meta["names"], values, influence, scales=meta["scales"], fractions=fractions, **common
    )


def _check_shape(values: np.ndarray, influence: np.ndarray, k: int, n: int) -> None:
    if values.shape != (k,) or influence.shape != (n, k):
        raise ValueError(f"shapes {values.shape} and {influence.shape} for {n} rows, {k} terms")


def _checksum(arrays: Arrays, meta: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _damaged(path: Path) -> DataError:
    return DataError(
        f"{str(path)!r} is damaged or is not a saved estimate. Save it again with "
        "estimate.save(path)."
    )
