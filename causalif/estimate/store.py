"""Saves an estimate as .npz (arrays and one JSON text, never a pickle) and loads it back."""

# The modules of this package share the state of an estimate.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.estimate.archive import Arrays, damaged, read_archive, write_archive
from causalif.estimate.labels import decode_labels, encode_labels
from causalif.estimate.rows import Rows

if TYPE_CHECKING:
    from causalif.estimate.base import Base
    from causalif.estimate.core import Estimate

FORMAT = 1
KIND = "causalif.Estimate"
NOUN = "an estimate"


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
    write_archive(path, KIND, FORMAT, arrays, meta)


def _describe(estimate: Base) -> dict[str, Any]:
    return {
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
    arrays, meta = read_archive(path, KIND, FORMAT, NOUN)
    try:
        return _rebuild(arrays, meta)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise damaged(path, NOUN) from error


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
