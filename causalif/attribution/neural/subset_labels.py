"""`make_subset_labels`: train on many random subsets, and note the queries' losses."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from causalif.errors import DataError
from causalif.estimate.archive import read_archive, write_archive
from causalif.estimate.folder import digest, open_folder
from causalif.nuisance.progress import progress_bar

KIND, FORMAT = "causalif.attribution.neural.subset_labels", 1
QueryLoss = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class SubsetLabels:
    """What models trained on subsets lost on queries.

    Attributes
    ----------
    subsets : ndarray of bool, shape (subsets, rows)
    repeats : ndarray, shape (repeats, queries, subsets)
        Losses, one set for each time that the subsets were trained on.
    """

    subsets: np.ndarray
    repeats: np.ndarray

    @property
    def losses(self) -> np.ndarray:
        """Averaged over repeats, shape (queries, subsets)."""
        return self.repeats.mean(axis=0)

    def take(self, subsets: Any) -> SubsetLabels:
        """Some of the subsets, by mask or positions."""
        return SubsetLabels(self.subsets[subsets], self.repeats[:, :, subsets])


def make_subset_labels(
    train_fn: Callable[[np.ndarray, int], Any],
    data: Any,
    n_subsets: int,
    subset_size: int,
    repeats: int = 1,
    seed: int = 0,
    n_jobs: int = 1,
    *,
    queries: Any,
    loss: QueryLoss | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> SubsetLabels:
    """Train a model on each of many random subsets, and keep the losses of queries.

    Parameters
    ----------
    train_fn : callable
        ``(rows, seed) -> model``: positions of the rows to train on, and a seed to train with.
    data : int, or anything with rows first
        The pool: its number of rows is all that is used.
    n_subsets, subset_size : int
    repeats : int, default 1
        Trainings on each subset, with other seeds.
    seed : int, default 0
    n_jobs : int, default 1
        Processes; never changes a number.
    queries : (X, y), or whatever `loss` takes
    loss : callable, optional
        ``(model, queries) -> (queries,)``. By default the log-loss of ``predict_proba``, or the
        squared error of ``predict``, or a torch model's cross-entropy.
    folder : path, optional
        Where each training's losses are kept: a run that was broken off goes on from there. It
        knows subsets and seeds, and neither data nor functions: others need another folder.
    progress : bool, optional

    Returns
    -------
    SubsetLabels

    Raises
    ------
    DataError
        A folder of other settings, losses that are not one finite number for each query.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> x, y = np.arange(40.0)[:, None] % 7, np.arange(40) % 2
    >>> labels = make_subset_labels(
    ...     lambda rows, seed: LogisticRegression().fit(x[rows], y[rows]), x, 5, 20, queries=(x, y)
    ... )
    >>> labels.subsets.sum(axis=1), labels.losses.shape
    (array([20, 20, 20, 20, 20]), (40, 5))
    """
    n = data if isinstance(data, int) else _length(data)
    if not 0 < subset_size < n or n_subsets < 1 or repeats < 1:
        raise DataError(
            f"n_subsets={n_subsets!r}, subset_size={subset_size!r} and repeats={repeats!r} of {n} "
            "rows: a subset must leave rows out, and numbers are from 1 up."
        )
    subsets = draw_subsets(n, n_subsets, subset_size, seed)
    kept = None if folder is None else _prepared(folder, subsets, seed)
    measure = _usual_loss if loss is None else loss
    todo = [(k, repeat) for repeat in range(repeats) for k in range(n_subsets)]
    from joblib import Parallel, delayed

    calls = (
        delayed(_one)(
            train_fn,
            np.flatnonzero(subsets[k]),
            _seed(seed, k, repeat),
            measure,
            queries,
            None if kept is None else kept / f"{k:06d}-{repeat}.npz",
        )
        for k, repeat in todo
    )
    found: list[np.ndarray] = []
    with progress_bar(progress, len(todo), "training") as bar:
        losses: Any
        for losses in Parallel(n_jobs, return_as="generator")(calls):
            found.append(losses)
            bar.update()
    lengths = {len(one) for one in found}
    if len(lengths) > 1:
        raise DataError(f"losses have {sorted(lengths)} entries: queries changed between models.")
    stacked = np.stack(found).reshape(repeats, n_subsets, -1)
    return SubsetLabels(subsets, np.moveaxis(stacked, 2, 1))


def draw_subsets(n: int, count: int, size: int, seed: int) -> np.ndarray:
    """Masks of random subsets of one size, shape (count, n)."""
    rng = np.random.default_rng([seed, n, size])
    found = np.zeros((count, n), dtype=bool)
    for mask in found:
        mask[rng.choice(n, size, replace=False)] = True
    return found


def _one(
    train_fn: Callable[[np.ndarray, int], Any],
    rows: np.ndarray,
    seed: int,
    loss: QueryLoss,
    queries: Any,
    file: Path | None,
) -> np.ndarray:
    if file is not None and file.is_file():
        return read_archive(file, KIND, FORMAT, "losses")[0]["losses"]
    found = loss(train_fn(rows, seed), queries)
    if hasattr(found, "detach"):
        found = found.detach().cpu()
    losses = np.asarray(found, dtype=float)
    if losses.ndim != 1 or not np.isfinite(losses).all():
        raise DataError(
            f"loss(model, queries) gave shape {losses.shape}, {int((~np.isfinite(losses)).sum())} "
            "not finite: give one finite number for each query."
        )
    if file is not None:
        write_archive(file, KIND, FORMAT, {"losses": losses}, {})
    return losses


def _usual_loss(model: Any, queries: Any) -> Any:
    x, y = queries
    if hasattr(model, "predict_proba"):
        chances = np.clip(model.predict_proba(x), 1e-12, None)
        place = {label: k for k, label in enumerate(model.classes_)}
        columns = np.array([place.get(label, -1) for label in np.asarray(y)])
        own = np.where(columns >= 0, chances[np.arange(len(columns)), columns], 1e-12)
        return -np.log(own)
    if hasattr(model, "predict"):
        return (np.asarray(model.predict(x)) - np.asarray(y)) ** 2
    import torch

    model.eval()
    with torch.no_grad():
        outputs = model(torch.as_tensor(x))
        return torch.nn.functional.cross_entropy(outputs, torch.as_tensor(y), reduction="none")


def _prepared(folder: str | os.PathLike[str], subsets: np.ndarray, seed: int) -> Path:
    own = {
        "subsets": len(subsets),
        "rows": int(subsets.shape[1]),
        "subset_size": int(subsets[0].sum()),
        "seed": seed,
        "draws": digest([np.packbits(subsets)]),
    }
    return open_folder(folder, own, "folder")


def _seed(seed: int, subset: int, repeat: int) -> int:
    return int(np.random.SeedSequence([seed, subset, repeat]).generate_state(1)[0] % 2**31)


def _length(data: Any) -> int:
    first = data[0] if isinstance(data, tuple) else data
    return len(first)
