"""A fitted model as sums over rows: what removing rows needs to know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError

STEPS = 100
TOLERANCE = 1e-12  # of a Newton step, in standard deviations of the coefficient
HALVINGS = 30
VANISHED = 1e-7
FREE = 1e-10  # of an eigenvalue, coefficients in units of their own curvature

# From linear predictors of some rows, shape (m, c), and the rows' positions, to the first and the
# second derivative of each row's loss in them, shapes (m, c) and (m, c, c).
Derivatives = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Inference:
    """How the package that fitted a model tells significance.

    Attributes
    ----------
    dispersion : bool
        Whether the scale is estimated, by squared Pearson residuals over n - p; else it is 1.
    student : bool
        Whether intervals are of Student's t with n - p degrees of freedom; else normal.
    """

    dispersion: bool
    student: bool


@dataclass(frozen=True)
class Model:
    """Coefficients that minimise a sum of losses of linear predictors, plus a penalty.

    Attributes
    ----------
    design : ndarray, shape (n, p)
        With a column of ones where there is an intercept.
    coefficients : ndarray, shape (c, p)
        A row for each linear predictor: one, or one for each class.
    penalty : ndarray, shape (p,)
        Of half the square of each coefficient, in total: it stays as it is when rows go.
    derivatives : callable
        Prior weights included.
    names : tuple of str, length c * width
    labels : Index, length n
    kind : str
        In words, for messages.
    quadratic : bool
        Whether losses are squares, so that one Newton step is exact.
    inference : Inference or None
        None where no standard errors are known.
    basis : ndarray or None, shape (width, p)
        Where there are more columns than rows, orthonormal coordinates of what the rows span:
        `design` and `coefficients` are then in these, p of them, and `lifted` goes back.
    free : int
        Directions of the coefficients that no row determines: of a softmax with a predictor for
        every class, the same shift of all classes in each column without penalty.
    """

    design: np.ndarray
    coefficients: np.ndarray
    penalty: np.ndarray
    derivatives: Derivatives
    names: tuple[str, ...]
    labels: pd.Index[Any]
    kind: str
    quadratic: bool = False
    inference: Inference | None = None
    basis: np.ndarray | None = None
    free: int = 0

    @property
    def classes(self) -> int:
        """How many linear predictors a row has, c."""
        return len(self.coefficients)

    @property
    def size(self) -> int:
        """How many coefficients are solved for, c * p."""
        return self.coefficients.size

    def lifted(self, changes: np.ndarray) -> np.ndarray:
        """From changes of these coefficients, the last axis, to those of all columns."""
        if self.basis is None:
            return changes
        shape = (*changes.shape[:-1], *self.coefficients.shape)
        return (changes.reshape(shape) @ self.basis.T).reshape(*changes.shape[:-1], -1)

    def compact(self) -> Model:
        """In coordinates of what the rows span, where there are more columns than rows.

        With one penalty on all penalised columns the optimum lies there, whatever rows go.
        """
        n, width = self.design.shape
        held = self.penalty > 0
        if width <= n or not held.any() or np.ptp(self.penalty[held]) > 0:
            return self
        _, sizes, turned = np.linalg.svd(self.design[:, held], full_matrices=False)
        kept = turned[sizes > 1e-12 * sizes[0]]
        basis = np.zeros((width, len(kept) + int((~held).sum())))
        basis[np.ix_(held, np.arange(len(kept)))] = kept.T
        basis[np.flatnonzero(~held), len(kept) + np.arange(int((~held).sum()))] = 1.0
        penalty = np.append(np.full(len(kept), self.penalty[held][0]), np.zeros((~held).sum()))
        return replace(
            self,
            design=self.design @ basis,
            coefficients=self.coefficients @ basis,
            penalty=penalty,
            basis=basis,
        )

    def take(self, rows: np.ndarray) -> Model:
        """The model of some of the rows alone, at the coefficients of all."""
        inner = self.derivatives
        return replace(
            self,
            design=self.design[rows],
            labels=self.labels[rows],
            derivatives=lambda linear, chosen: inner(linear, rows[chosen]),
        )

    def at(
        self, rows: np.ndarray, coefficients: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives of the losses of some rows, by position."""
        used = self.coefficients if coefficients is None else coefficients
        return self.derivatives(self.design[rows] @ used.T, rows)

    def gradient(self, rows: np.ndarray, coefficients: np.ndarray | None = None) -> np.ndarray:
        """Of the sum of these rows' losses, shape (c * p,)."""
        first, _ = self.at(rows, coefficients)
        return np.ravel(first.T @ self.design[rows])

    def hessian(self, rows: np.ndarray, coefficients: np.ndarray | None = None) -> np.ndarray:
        """Of the sum of these rows' losses, shape (c * p, c * p); no penalty."""
        _, second = self.at(rows, coefficients)
        return curvature(self.design[rows], second)

    def penalised(self, hessian: np.ndarray) -> np.ndarray:
        """With the penalty added."""
        return hessian + np.diag(np.tile(self.penalty, self.classes))

    def everything(self) -> np.ndarray:
        """Positions of all rows."""
        return np.arange(len(self.design))

    def fitted(self, rows: np.ndarray) -> np.ndarray | None:
        """Coefficients of some rows alone, shape (c, p); None where they do not determine them.

        Newton's method from the coefficients of all rows. The loss is not known, its gradient is:
        a step that does not shorten the gradient is halved.
        """
        found = self.coefficients
        tiled = np.tile(self.penalty, self.classes)
        for _ in range(STEPS):
            gradient = self.gradient(rows, found) + tiled * np.ravel(found)
            hessian = self.penalised(self.hessian(rows, found))
            if nullity(hessian) > self.free:
                return None
            step = -inverse(hessian, self.free) @ gradient
            if self.quadratic:
                found = found + step.reshape(found.shape)
                # Once more, for what rounding left.
                rest = self.gradient(rows, found) + tiled * np.ravel(found)
                return found - (inverse(hessian) @ rest).reshape(found.shape)
            found = self._towards(rows, found, step.reshape(found.shape), gradient)
            if float(step @ hessian @ step) < TOLERANCE**2 * max(1, len(step)):
                return None if self._vanished(hessian) else found
        return None

    def _vanished(self, hessian: np.ndarray) -> bool:
        """Whether nothing is left of a coefficient's curvature: the loss falls without end."""
        before = np.diag(self.penalised(self.hessian(self.everything())))
        return bool((np.diag(hessian) < VANISHED * before).any())

    def _towards(
        self, rows: np.ndarray, found: np.ndarray, step: np.ndarray, gradient: np.ndarray
    ) -> np.ndarray:
        tiled = np.tile(self.penalty, self.classes)
        for _ in range(HALVINGS):
            new = found + step
            after = self.gradient(rows, new) + tiled * np.ravel(new)
            if np.isfinite(after).all() and after @ after <= (1 + 1e-9) * (gradient @ gradient):
                return new
            step = step / 2
        return found + step

    def settled(self) -> Model:
        """With coefficients where the gradient is zero, as far as numbers go.

        Raises
        ------
        DataError
            There is no such place.
        """
        exact = self.fitted(self.everything())
        if exact is None:
            raise DataError(
                f"the coefficients of this {self.kind} are not determined by its rows: columns are "
                "linear functions of others, or the classes are separated. Leave columns out, or "
                "penalise."
            )
        return replace(self, coefficients=exact)


def curvature(design: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The sum over rows of second derivatives in the coefficients, shape (c * p, c * p)."""
    classes, width = second.shape[1], design.shape[1]
    found = np.empty((classes, width, classes, width))
    for one in range(classes):
        for other in range(one, classes):
            block = (design * second[:, one, other, None]).T @ design
            found[one, :, other], found[other, :, one] = block, block.T
    return found.reshape(classes * width, classes * width)


def inverse(hessian: np.ndarray, free: int = 0) -> np.ndarray:
    """The inverse, computed where coefficients are in units of their own curvature.

    With free directions the pseudo-inverse, which leaves the coefficients' part along them alone.
    """
    if free:
        return np.linalg.pinv(hessian, rcond=1e-12, hermitian=True)
    size = np.sqrt(np.abs(np.diag(hessian)))
    size[size == 0] = 1.0
    scale = np.outer(size, size)
    return np.linalg.pinv(hessian / scale, rcond=1e-13, hermitian=True) / scale


def nullity(hessian: np.ndarray) -> int:
    """How many directions of the coefficients a Hessian leaves free."""
    size = np.sqrt(np.abs(np.diag(hessian)))
    kept = size > 0
    scaled = hessian[np.ix_(kept, kept)] / np.outer(size[kept], size[kept])
    return int((~kept).sum() + (np.linalg.eigvalsh(scaled) < FREE).sum())
