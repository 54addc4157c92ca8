"""Encodes row labels as plain arrays, and decodes them with their type."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError

Arrays = dict[str, np.ndarray]


def encode_labels(word: str, labels: pd.Index[Any]) -> tuple[Arrays, dict[str, Any]]:
    """Arrays and a description from which `decode_labels` restores the labels exactly.

    Raises
    ------
    DataError
        Labels of a type that plain arrays and JSON cannot hold.
    """
    arrays, spec = _encode(labels)
    try:
        back = decode_labels({f"{word}.{key}": array for key, array in arrays.items()}, word, spec)
        exact = (
            back.dtype == labels.dtype
            and back.equals(labels)
            and list(back.names) == list(labels.names)
        )
    except (TypeError, ValueError):
        exact = False
    if not exact:
        raise DataError(
            f"the {word} labels, of type {labels.dtype}, cannot be saved exactly. "
            "Use whole numbers, text or dates before the analysis, such as index.astype(str)."
        )
    return arrays, spec


def _encode(labels: pd.Index[Any]) -> tuple[Arrays, dict[str, Any]]:
    spec: dict[str, Any] = {"dtype": str(labels.dtype), "names": list(labels.names)}
    if isinstance(labels, pd.MultiIndex):
        arrays: Arrays = {}
        spec |= {"kind": "multi", "levels": []}
        for j in range(labels.nlevels):
            part, inner = _encode(labels.get_level_values(j))
            arrays |= {f"{j}.{key}": array for key, array in part.items()}
            spec["levels"].append(inner)
        return arrays, spec
    if isinstance(labels, pd.RangeIndex):
        return {}, spec | {"kind": "range", "range": [labels.start, labels.stop, labels.step]}
    if isinstance(labels, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return {"ticks": labels.asi8.copy()}, spec | {"kind": "ticks", "freq": labels.freqstr}
    if isinstance(labels.dtype, np.dtype) and labels.dtype.kind in "biuf":
        return {"plain": labels.to_numpy(copy=True)}, spec | {"kind": "plain"}
    text = json.dumps([_simple(label) for label in labels])
    return {"text": np.frombuffer(text.encode(), dtype=np.uint8)}, spec | {"kind": "text"}


def decode_labels(arrays: Arrays, word: str, spec: dict[str, Any]) -> pd.Index[Any]:
    """Restore labels with their type and name."""
    kind, names = spec["kind"], spec["names"]
    if kind == "multi":
        levels = [decode_labels(arrays, f"{word}.{j}", s) for j, s in enumerate(spec["levels"])]
        return pd.MultiIndex.from_arrays(levels, names=names)
    name = names[0]
    if kind == "range":
        start, stop, step = spec["range"]
        return pd.RangeIndex(start, stop, step, name=name)
    if kind == "ticks":
        return _from_ticks(arrays[f"{word}.ticks"], spec["dtype"], spec["freq"], name)
    if kind == "plain":
        return pd.Index(arrays[f"{word}.plain"], name=name)
    return pd.Index(json.loads(arrays[f"{word}.text"].tobytes()), dtype=spec["dtype"], name=name)


def _from_ticks(ticks: np.ndarray, dtype: str, freq: Any, name: Any) -> pd.Index[Any]:
    if dtype.startswith("timedelta64"):
        return pd.TimedeltaIndex(ticks.view(dtype), freq=freq, name=name)
    unit, _, zone = dtype.removeprefix("datetime64[").removesuffix("]").partition(", ")
    instants = pd.DatetimeIndex(ticks.view(f"datetime64[{unit}]"), name=name)
    if zone:
        instants = instants.tz_localize("UTC").tz_convert(zone)
    return pd.DatetimeIndex(instants, freq=freq)


def _simple(label: Any) -> Any:
    """What JSON holds; other labels as text, which only some types read back exactly."""
    if label is pd.NA:
        return None
    plain = label.item() if isinstance(label, np.generic) else label
    return plain if plain is None or isinstance(plain, (str, int, float)) else str(plain)
