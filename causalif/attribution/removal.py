"""What removing rows does to coefficients: first-order, one Newton step, or fitted again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from causalif.attribution.model import Model, inverse

CHUNK = 32_768  # rows at once
UNIDENTIFIED = 1e-8  # of what is left of a direction without the rows


@dataclass(frozen=True)
class Removal:
    """A model, and the inverse of its Hessian, which every removal uses.

    Changes are the coefficients without the rows less those with them, shape (c * p,).
    """

    model: Model
    chunk: int = CHUNK

    @cached_property
    def hessian(self) -> np.ndarray:
        """Of all rows and the penalty."""
        model, total = self.model, 0.0
        for rows in self._chunks():
            total = total + model.hessian(rows)
        return model.penalised(np.asarray(total))

    @cached_property
    def inverse(self) -> np.ndarray:
        """Its inverse; of a softmax with free shifts the pseudo-inverse."""
        return inverse(self.hessian, self.model.free)

    def single(self, *, rescaled: bool) -> tuple[np.ndarray, np.ndarray]:
        """Of each row the change of removing it alone, shape (n, c * p), and its leverage.

        Parameters
        ----------
        rescaled : bool
            One Newton step without the row (NaN where nothing is determined without it), and not
            the first-order change.
        """
        n = len(self.model.design)
        changes = np.empty((n, self.model.size))
        leverage = np.empty(n)
        for rows in self._chunks():
            changes[rows], leverage[rows] = self._single(rows, rescaled)
        return changes, leverage

    def _single(self, rows: np.ndarray, rescaled: bool) -> tuple[np.ndarray, np.ndarray]:
        model, x = self.model, self.model.design[rows]
        first, second = model.at(rows)
        if model.classes == 1:
            turned = x @ self.inverse
            leverage = second[:, 0, 0] * np.einsum("ij,ij->i", turned, x)
            left = 1 - leverage
            scale = first[:, 0]
            if rescaled:
                scale = np.where(left > UNIDENTIFIED, scale / np.where(left, left, 1.0), np.nan)
            return turned * scale[:, None], leverage
        classes, width = model.classes, x.shape[1]
        # H^-1 J' of each row, shape (m, c * p, c), and J H^-1 J', shape (m, c, c).
        blocks = self.inverse.reshape(classes * width, classes, width)
        turned = np.einsum("acj,mj->mac", blocks, x)
        spread = np.einsum("mdjc,mj->mdc", turned.reshape(len(x), classes, width, classes), x)
        weighted = second @ spread
        leverage = np.real(np.linalg.eigvals(weighted)).max(axis=1)
        if rescaled:
            lost = 1 - leverage < UNIDENTIFIED
            system = np.eye(classes) - weighted
            system[lost] = np.eye(classes)
            first = np.linalg.solve(system, first[:, :, None])[:, :, 0]
            first[lost] = np.nan
        return np.einsum("mac,mc->ma", turned, first), leverage

    def together(self, rows: np.ndarray) -> np.ndarray:
        """One Newton step without these rows, shape (c * p,); NaN where nothing is determined."""
        model = self.model
        gradient = model.gradient(rows)
        if len(rows) * model.classes <= len(gradient):
            return self._by_rows(rows, gradient)
        left = self.hessian - model.hessian(rows)
        if self._lost(left):
            return np.full(len(gradient), np.nan)
        return inverse(left, self.model.free) @ gradient

    def _by_rows(self, rows: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """By a system of as many equations as the rows have predictors (Woodbury)."""
        model = self.model
        _, second = model.at(rows)
        x, classes = model.design[rows], model.classes
        jacobian = np.einsum("cd,mj->mcdj", np.eye(classes), x).reshape(-1, len(gradient))
        turned = self.inverse @ jacobian.T
        spread = jacobian @ turned
        weight = np.zeros((len(rows), classes, len(rows), classes))
        places = np.arange(len(rows))
        weight[places, :, places, :] = second
        weighted = weight.reshape(len(jacobian), -1) @ spread
        system = np.eye(len(jacobian)) - weighted
        if np.real(np.linalg.eigvals(weighted)).max() > 1 - UNIDENTIFIED:
            return np.full(len(gradient), np.nan)
        force = weight.reshape(len(jacobian), -1) @ (jacobian @ (self.inverse @ gradient))
        return self.inverse @ gradient + turned @ np.linalg.solve(system, force)

    def _lost(self, left: np.ndarray) -> bool:
        size = np.sqrt(np.abs(np.diag(self.hessian)))
        scaled = left / np.outer(size, size)
        return bool((np.linalg.eigvalsh(scaled) < UNIDENTIFIED).sum() > self.model.free)

    def again(self, rows: np.ndarray) -> np.ndarray:
        """The model fitted without these rows; NaN where it is not determined."""
        kept = np.setdiff1d(self.model.everything(), rows)
        found = self.model.fitted(kept) if len(kept) else None
        if found is None:
            return np.full(self.model.size, np.nan)
        return np.ravel(found - self.model.coefficients)

    def _chunks(self) -> Iterator[np.ndarray]:
        n = len(self.model.design)
        for start in range(0, n, self.chunk):
            yield np.arange(start, min(n, start + self.chunk))
