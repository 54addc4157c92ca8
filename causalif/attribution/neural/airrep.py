"""`AirRep`: an encoder whose inner products predict what groups of rows do to queries."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from causalif.attribution.neural.airrep_evaluation import compared, influences
from causalif.attribution.neural.airrep_inputs import Inputs, check_labels, read_labels, read_pair
from causalif.attribution.neural.airrep_storage import fill, read, write
from causalif.attribution.neural.airrep_training import Training, encoded_by, learn
from causalif.attribution.neural.ggn import OutputLoss
from causalif.attribution.neural.objective import Loss
from causalif.attribution.neural.pooling import POOLINGS, pooled, warn_of_sizes
from causalif.attribution.neural.subset_labels import SubsetLabels
from causalif.errors import DataError, Problems, check_choice

HIDDEN, DROPPED = 128, 0.3


class AirRep:
    """Attribution by representations that were trained for it.

    Parameters
    ----------
    encoder : Module, optional
        From features, a float tensor (rows, p), to encodings; by default a perceptron with one
        hidden layer of 128, and dropout. Features are columns of X beside indicators of y (or y,
        where it is numeric), standardised and cut off at 3: influence hangs on the label, so it
        must be an input.
    dim : int, default 64
        Length of encodings of the default encoder.
    pooling : {"attention", "mean"}, default "attention"
    seed : int, default 0

    Notes
    -----
    The score of a group S for a query x is Enc(x)' sum_i a_i Enc(z_i), with a the softmax over the
    group of the absolute values of Enc(x)' Enc(z_i). It does not grow with the group: compare
    groups of one size.

    References
    ----------
    .. [1] Sun et al. (2025), Enhancing training data attribution with representational
           optimization (AirRep). NeurIPS.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    >>> subsets = rng.random((40, 60)) < 0.5
    >>> losses = rng.normal(size=(20, 40))
    >>> model = AirRep(dim=8).fit((X, y), (X[:20], y[:20]), (subsets, losses), steps=5)
    >>> model.encode(X, y).shape
    (60, 8)
    """

    def __init__(
        self,
        encoder: nn.Module | None = None,
        dim: int = 64,
        pooling: str = "attention",
        *,
        seed: int = 0,
    ) -> None:
        problems = Problems()
        check_choice(problems, "pooling", pooling, POOLINGS)
        if not isinstance(dim, int) or dim < 1:
            problems.add(f"dim={dim!r} is not a whole number from 1 up.")
        problems.raise_if_any()
        self.encoder, self.dim, self.pooling, self.seed = encoder, dim, pooling, seed
        self._inputs: Inputs | None = None
        self._model: nn.Module | None = None
        self._initial: nn.Module | None = None
        self._size: float | None = None

    def fit(
        self,
        train: Any,
        queries: Any,
        labels: SubsetLabels | tuple[Any, Any],
        *,
        steps: int = 1000,
        learning_rate: float = 1e-3,
        held_out: float = 0.1,
        progress: bool | None = None,
    ) -> Self:
        """Learn encodings from what models trained on subsets lost.

        Parameters
        ----------
        train, queries : (X, y), or X
            Rows of the pool, and queries whose losses are known.
        labels : SubsetLabels, or (subsets, losses)
            Of `make_subset_labels`; or masks (subsets, rows) and losses (queries, subsets).
        steps : int, default 1000
            At most; encodings are those of the best check on subsets that were held out.
        learning_rate : float, default 1e-3
            Of AdamW, for an encoder that starts at random (1e-4 for one that is trained already).
        held_out : float, default 0.1
            Share of subsets for these checks; 0 for none.
        progress : bool, optional

        Raises
        ------
        DataError
            Shapes that do not fit, losses that are not finite, too few subsets.
        """
        found = read_labels(labels)
        self._inputs = Inputs.of(*read_pair(train))
        pool, asked = (self._inputs.tensor(*read_pair(part)) for part in (train, queries))
        check_labels(found, len(pool), len(asked))
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            self._model = self._built(pool.shape[1])
            self._initial = copy.deepcopy(self._model)
            learn(
                self._model,
                (pool, asked),
                found,
                self.pooling,
                Training(steps, learning_rate, held_out, self.seed, progress),
            )
        self._size = float(found.subsets.sum(axis=1).mean())
        return self

    def encode(self, X: Any, y: Any = None) -> np.ndarray:
        """Encodings of rows, shape (rows, dim)."""
        return encoded_by(self._fitted(), self._features(X, y)).numpy()

    def scores(self, queries: Any, train: Any) -> np.ndarray:
        """Scores of single rows, shape (queries, rows): high where the row helps the query."""
        return self.encode(*read_pair(queries)) @ self.encode(*read_pair(train)).T

    def score(self, query: Any, group: Any) -> np.ndarray:
        """The score of a group of rows for each query, shape (queries,).

        Warns
        -----
        DataWarning
            A group of another size than the subsets that were learned from.
        """
        products = torch.as_tensor(self.scores(query, group))
        if products.shape[1] == 0:
            raise DataError("group has no rows.")
        warn_of_sizes(np.array([products.shape[1]]), self._size)
        return pooled(products, torch.ones(1, products.shape[1]), self.pooling)[:, 0].numpy()

    def score_subsets(self, queries: Any, train: Any, subsets: Any) -> np.ndarray:
        """Scores of many groups of the same rows, shape (queries, subsets)."""
        products, masks = torch.as_tensor(self.scores(queries, train)), np.asarray(subsets, bool)
        if masks.ndim != 2 or masks.shape[1] != products.shape[1] or not masks.any(1).all():
            raise DataError(
                f"subsets must be masks of {products.shape[1]} rows, none of them empty."
            )
        warn_of_sizes(masks.sum(axis=1), self._size)
        return pooled(products, torch.as_tensor(masks), self.pooling).numpy()

    def evaluate(
        self,
        train: Any,
        queries: Any,
        labels: SubsetLabels | tuple[Any, Any],
        *,
        model: nn.Module | Sequence[nn.Module] | None = None,
        loss: Loss | None = None,
        output_loss: str | OutputLoss = "cross_entropy",
        others: Mapping[str, np.ndarray] | None = None,
    ) -> pd.DataFrame:
        """Linear datamodeling scores on other queries and subsets, beside plain baselines.

        Parameters
        ----------
        train, queries : (X, y), or X
            Not the queries that were learned from; the rows may be others, too.
        labels : SubsetLabels, or (subsets, losses)
            Repeats give the ceiling.
        model, loss, output_loss : optional
            A model, or several, trained on these rows: effects by EKFAC are compared too. See
            `astra`; a batch is features and labels, as tensors.
        others : mapping of str to ndarray (queries, rows), optional
            Scores of single rows by other methods, as ``astra(...).values``; sums are compared.

        Returns
        -------
        DataFrame
            A line for each method: lds, std_error, ceiling.
        """
        found = read_labels(labels)
        given, asked = read_pair(train), read_pair(queries)
        features = self._features(*given), self._features(*asked)
        check_labels(found, len(features[0]), len(features[1]))
        encoded: list[tuple[str, Tensor]] = []
        for name, encoder in (("AirRep", self._fitted()), ("before training", self._initial)):
            if encoder is not None:
                pool, ask = (encoded_by(encoder, part) for part in features)
                encoded.append((name, ask @ pool.T))
        scores = dict(others or {})
        if model is not None:
            if loss is None:
                raise DataError("model= needs loss=, a function of model and batch.")
            scores["EKFAC"] = influences(model, loss, given, asked, output_loss)
        return compared(encoded, self.pooling, features, (given[1], asked[1]), found, scores)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write encoder (safetensors) and settings (json) to a folder; no pickle."""
        model = self._fitted()
        assert self._inputs is not None
        settings = {
            "dim": self.dim,
            "pooling": self.pooling,
            "seed": self.seed,
            "size": self._size,
            "own_encoder": self.encoder is not None,
            "inputs": self._inputs.to_json(),
        }
        write(Path(folder), settings, model)

    @classmethod
    def load(cls, folder: str | os.PathLike[str], *, encoder: nn.Module | None = None) -> Self:
        """Read what `save` wrote; an encoder of one's own must be given again.

        Raises
        ------
        DataError
            No such folder; an encoder that is missing, or another.
        """
        settings, state = read(Path(folder), own=encoder is not None)
        model = cls(encoder, settings["dim"], settings["pooling"], seed=settings["seed"])
        model._inputs = Inputs.from_json(settings["inputs"])
        model._model = model._built(model._inputs.width)
        fill(model._model, state)
        model._size = settings["size"]
        return model

    def _built(self, width: int) -> nn.Module:
        if self.encoder is not None:
            return copy.deepcopy(self.encoder)
        hidden = (nn.Linear(width, HIDDEN), nn.ReLU(), nn.Dropout(DROPPED))
        return nn.Sequential(*hidden, nn.Linear(HIDDEN, self.dim))

    def _fitted(self) -> nn.Module:
        if self._model is None:
            raise DataError("this AirRep has not been fitted: call fit first.")
        return self._model

    def _features(self, X: Any, y: Any) -> Tensor:
        self._fitted()
        assert self._inputs is not None
        return self._inputs.tensor(X, y)
