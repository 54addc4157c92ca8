"""The subspaces of target and sensitive attribute, and a representation between them.

All in standardised coordinates, where orthogonal means uncorrelated. Whatever is made here is a
differentiable function of the two kernels; with each projection comes its pullback, from
gradients with respect to it to gradients with respect to the averages that kernels are made of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from causalif.fairness.reduction.kernels import Kernel
from causalif.fairness.reduction.moments import Gradient
from causalif.fairness.reduction.spectral import leading_projection

Pull = Callable[[np.ndarray], np.ndarray]
Pullback = Callable[[np.ndarray], Gradient]


@dataclass(frozen=True)
class Subspaces:
    """Projections on the two subspaces, and what follows from them.

    Attributes
    ----------
    target, sensitive : Kernel
        What the subspaces are the leading eigenvectors of.
    target_projection, sensitive_projection : ndarray, shape (p, p)
    target_dim, sensitive_dim : int
    cosines : ndarray, shape (min(target_dim, sensitive_dim),)
        Of the principal angles, largest first: 1 is a shared direction, 0 uncorrelated ones.
    apart : int
        How many directions of the target are not shared.
    """

    target: Kernel
    sensitive: Kernel
    target_projection: np.ndarray
    sensitive_projection: np.ndarray
    target_dim: int
    sensitive_dim: int
    cosines: np.ndarray
    apart: int
    _pull_target: Pull
    _pull_sensitive: Pull

    @property
    def most_shared(self) -> int:
        """How many directions of the sensitive subspace can serve the target, r."""
        return len(self.cosines)

    def cosine_gradients(self) -> Gradient:
        """Gradients of the squared cosines, one output each."""
        product = self.sensitive_projection @ self.target_projection @ self.sensitive_projection
        vectors = np.linalg.eigh(product)[1][:, ::-1][:, : self.most_shared]
        outer = np.einsum("jk,lk->kjl", vectors, vectors)
        sensitive, target = self.sensitive_projection, self.target_projection
        return self.pull_both(sensitive @ outer @ sensitive, _twice(target @ sensitive @ outer))

    def representation(self, shared: int, *, keep_residual: bool) -> tuple[np.ndarray, Pullback]:
        """Projection on what is kept: the target's own, and so many shared directions.

        Parameters
        ----------
        shared : int
            Directions of the sensitive subspace that are added, the most useful first.
        keep_residual : bool
            Keep all that is uncorrelated with the sensitive directions, and not the target's
            part of it alone.

        Returns
        -------
        ndarray, shape (p, p)
        callable
            From gradients with respect to it, shape (m, p, p), to a `Gradient`.
        """
        own, pull_own = self._complement() if keep_residual else self._target_only()
        added, pull_added = self._shared(shared)
        return own + added, lambda gradient: pull_own(gradient) + pull_added(gradient)

    def target_only(self) -> np.ndarray:
        """Projection on the target's directions that are uncorrelated with the sensitive ones."""
        return self._target_only()[0]

    def shared(self, count: int) -> np.ndarray:
        """Projection on the first shared directions."""
        return self._shared(count)[0]

    def _complement(self) -> tuple[np.ndarray, Pullback]:
        value = np.eye(len(self.sensitive_projection)) - self.sensitive_projection
        return value, lambda gradient: self.sensitive.pullback(self._pull_sensitive(-gradient))

    def _target_only(self) -> tuple[np.ndarray, Pullback]:
        """The leading part of N P_Y N, where N takes the sensitive directions out."""
        target = self.target_projection
        taken = np.eye(len(target)) - self.sensitive_projection
        value, pull = leading_projection(taken @ target @ taken, self.apart)

        def pullback(gradient: np.ndarray) -> Gradient:
            inner = pull(gradient)
            return self.pull_both(taken @ inner @ taken, -_twice(target @ taken @ inner))

        return value, pullback

    def _shared(self, count: int) -> tuple[np.ndarray, Pullback]:
        """The directions of the sensitive subspace that tell most of the target.

        Leading part of P_A K_Y P_A. All of the subspace is P_A itself, whatever the target.
        """
        sensitive, kernel = self.sensitive_projection, self.target.matrix
        if count == self.sensitive_dim:
            return sensitive, lambda gradient: self.sensitive.pullback(
                self._pull_sensitive(gradient)
            )
        value, pull = leading_projection(sensitive @ kernel @ sensitive, count)

        def pullback(gradient: np.ndarray) -> Gradient:
            inner = pull(gradient)
            from_kernel = self.target.pullback(sensitive @ inner @ sensitive)
            turned = self._pull_sensitive(_twice(kernel @ sensitive @ inner))
            return from_kernel + self.sensitive.pullback(turned)

        return value, pullback

    def pull_both(self, target: np.ndarray, sensitive: np.ndarray) -> Gradient:
        """From gradients with respect to the two projections."""
        from_target = self.target.pullback(self._pull_target(target))
        return from_target + self.sensitive.pullback(self._pull_sensitive(sensitive))


def _twice(gradient: np.ndarray) -> np.ndarray:
    """The gradient with respect to a symmetric matrix that stands on both sides of another."""
    return gradient + np.swapaxes(gradient, -1, -2)


def decompose(
    target: Kernel,
    sensitive: Kernel,
    *,
    target_dim: int,
    sensitive_dim: int,
    apart: int | None = None,
) -> Subspaces:
    """Subspaces of the leading eigenvectors of two kernels.

    Parameters
    ----------
    target, sensitive : Kernel
    target_dim, sensitive_dim : int
    apart : int, optional
        How many directions of the target are its own; all by default.

    Returns
    -------
    Subspaces
    """
    target_projection, pull_target = leading_projection(target.matrix, target_dim)
    sensitive_projection, pull_sensitive = leading_projection(sensitive.matrix, sensitive_dim)
    product = sensitive_projection @ target_projection @ sensitive_projection
    pairs = min(target_dim, sensitive_dim)
    squares = np.linalg.eigvalsh(product)[::-1][:pairs]
    cosines = np.sqrt(np.clip(squares, 0.0, 1.0))
    return Subspaces(
        target=target,
        sensitive=sensitive,
        target_projection=target_projection,
        sensitive_projection=sensitive_projection,
        target_dim=target_dim,
        sensitive_dim=sensitive_dim,
        cosines=cosines,
        apart=target_dim if apart is None else apart,
        _pull_target=pull_target,
        _pull_sensitive=pull_sensitive,
    )
