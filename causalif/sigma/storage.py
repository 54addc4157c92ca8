"""Saves a posterior as one .npz file, and loads it back checked."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from causalif.estimate.archive import Arrays, damaged, read_archive, write_archive
from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.scores.parents import ParentSets

KIND, FORMAT, NOUN = "causalif.DAGPosterior", 1, "a posterior"
OWN = ("draws", "draw_weights", "batches", "arrows", "arrow_errors")


def save_posterior(posterior: DAGPosterior, path: str | os.PathLike[str]) -> None:
    """Write a posterior to one file, whole or not at all."""
    arrays: Arrays = {name: getattr(posterior, name) for name in OWN}
    sets = posterior.sets
    if sets is not None:
        arrays |= {"set_counts": np.array([len(m) for m in sets.masks])}
        arrays |= {"set_masks": np.concatenate(sets.masks)}
        arrays |= {"set_scores": np.concatenate(sets.scores)}
    meta = {
        "names": list(posterior.names),
        "settings": _plain(posterior.settings),
        "diagnostics": _plain(posterior.diagnostics),
    }
    write_archive(path, KIND, FORMAT, arrays, meta)


def _plain(value: Any) -> Any:
    """What JSON can hold."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if hasattr(value, "items"):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]  # pyright: ignore
    return value


def load_posterior(path: str | os.PathLike[str]) -> DAGPosterior:
    """Read a posterior back, bit for bit.

    Raises
    ------
    DataError
        No such file, not a posterior, another format, or damaged.
    """
    arrays, meta = read_archive(path, KIND, FORMAT, NOUN)
    try:
        found = _rebuild(arrays, meta)
        _check(found)
        return found
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise damaged(path, NOUN) from error


def _rebuild(arrays: Arrays, meta: dict[str, Any]) -> DAGPosterior:
    names, sets = tuple(meta["names"]), None
    if "set_counts" in arrays:
        ends = np.cumsum(arrays["set_counts"])[:-1]
        masks, scores = (np.split(arrays[key], ends) for key in ("set_masks", "set_scores"))
        sets = ParentSets.of(names, masks, scores)
    return DAGPosterior(
        names,
        **{name: arrays[name] for name in OWN},
        sets=sets,
        settings=meta["settings"],
        diagnostics=meta["diagnostics"],
    )


def _check(found: DAGPosterior) -> None:
    """Shapes that fit, weights that are some, graphs without cycles."""
    count, nodes = found.draws.shape
    shapes = [found.draw_weights.shape, found.batches.shape, found.arrows.shape]
    if nodes != len(found.names) or shapes != [(count,), (count,), (nodes, nodes)]:
        raise ValueError(f"shapes {shapes} for {count} draws of {len(found.names)} nodes")
    if not (np.isclose(found.draw_weights.sum(), 1.0) and (found.draw_weights >= 0).all()):
        raise ValueError("weights are none")
    left = np.full(count, 2**nodes - 1)
    for _ in range(nodes):  # take out nodes without parents, again and again
        for node in range(nodes):
            left[(found.draws[:, node] & left) == 0] &= ~(1 << node)
    if left.any():
        raise ValueError("a graph has a cycle")
