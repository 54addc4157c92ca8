"""The damped linear system that every influence function solves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import torch
from torch import Tensor

from causalif.attribution.neural.batches import Batch, Batches
from causalif.attribution.neural.ekfac import EKFAC, Damping, fit_ekfac
from causalif.attribution.neural.ggn import Curvature
from causalif.attribution.neural.objective import Tensors
from causalif.errors import DataError
from causalif.nuisance.progress import progress_bar

AT_ONCE = 128  # columns of an identity matrix
SHARE = 0.1  # of the mean eigenvalue, as kronfluence has it


@dataclass(frozen=True)
class Fisher:
    """How EKFAC is fitted; see `fit_ekfac`."""

    fisher: str
    label_samples: int
    seed: int


@dataclass(frozen=True)
class System:
    """(G + damping) x = v, with K right sides as rows of matrices (K, d).

    Attributes
    ----------
    curvature : Curvature
    train : Batches
    asked : float or "mean"
        Damping.
    fisher : Fisher
    progress : bool or None
    """

    curvature: Curvature
    train: Batches
    asked: float | str
    fisher: Fisher
    progress: bool | None = False

    @cached_property
    def ekfac(self) -> EKFAC:
        """Fitted once, where it is asked for."""
        how = self.fisher
        return fit_ekfac(
            self.curvature,
            self.train,
            fisher=how.fisher,
            label_samples=how.label_samples,
            seed=how.seed,
            progress=self.progress,
        )

    @cached_property
    def damping(self) -> Damping:
        """Of each parameter."""
        names = self.curvature.objective.names
        if self.asked == "mean":
            means = self.ekfac.mean_eigenvalues()
            return {name: SHARE * means[name] for name in names}
        return dict.fromkeys(names, float(self.asked))

    @cached_property
    def factor(self) -> Tensor:
        """Cholesky's, of the whole matrix, (d, d), in double precision."""
        d, (some, *_) = self.size, self.curvature.objective.parameters().values()
        matrix = torch.empty(d, d, dtype=some.dtype, device=some.device)
        with progress_bar(self.progress, ceil(d / AT_ONCE), "column block") as bar:
            for start in range(0, d, AT_ONCE):
                width = min(AT_ONCE, d - start)
                columns = torch.zeros(width, d, dtype=some.dtype, device=some.device)
                columns[torch.arange(width), start + torch.arange(width)] = 1.0
                matrix[start : start + width] = self.product(columns)
                bar.update()
        return torch.linalg.cholesky((matrix + matrix.T).double() / 2)

    @cached_property
    def shapes(self) -> dict[str, torch.Size]:
        """Of the parameters."""
        return {name: p.shape for name, p in self.curvature.objective.parameters().items()}

    @cached_property
    def size(self) -> int:
        """How many parameters there are, d."""
        return sum(shape.numel() for shape in self.shapes.values())

    @cached_property
    def added(self) -> Tensor:
        """The damping of each coordinate, (d,)."""
        parameters = self.curvature.objective.parameters()
        parts = [torch.full_like(p, self.damping[name]) for name, p in parameters.items()]
        return torch.cat([part.flatten() for part in parts])

    def flat(self, vectors: Tensors) -> Tensor:
        """From one tensor a parameter, (K, ...), to (K, d)."""
        return torch.cat([vectors[name].flatten(1) for name in self.shapes], dim=1)

    def tensors(self, matrix: Tensor) -> Tensors:
        """The opposite."""
        parts = matrix.split([shape.numel() for shape in self.shapes.values()], dim=1)
        return {
            name: part.reshape(len(matrix), *shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def product(self, x: Tensor, rows: Sequence[int] | None = None) -> Tensor:
        """(G + damping) x, with G of all rows or of some, (K, d)."""
        train = self.train
        batches: Batches | list[Batch] = train if rows is None else [train.take(rows)]
        count = train.n if rows is None else len(rows)
        curved = self.curvature.mean_product(self.tensors(x), batches, count)
        return self.flat(curved) + x * self.added

    def preconditioned(self, v: Tensor) -> Tensor:
        """(P + damping)^-1 v with EKFAC as P."""
        return self.flat(self.ekfac.solve(self.tensors(v), self.damping))

    def residuals(self, x: Tensor, v: Tensor) -> Tensor:
        """|(G + damping) x - v| / |v| on all rows, (K,)."""
        size = v.norm(dim=1).clamp_min(torch.finfo(v.dtype).tiny)
        return (self.product(x) - v).norm(dim=1) / size


def check_damping(damping: float | str) -> None:
    """Refuse what cannot be.

    Raises
    ------
    DataError
        Neither a positive number nor "mean".
    """
    if damping == "mean":
        return
    if isinstance(damping, bool | str) or not float(damping) > 0:
        raise DataError(
            f'damping={damping!r} is neither a positive number nor "mean" (a tenth of the mean '
            "eigenvalue of each layer)."
        )


def trajectory_damping(learning_rate: float, momentum: float, steps: int) -> float:
    """The damping that stands for stopping early: (1 - momentum) / (learning rate * steps / 3).

    Parameters
    ----------
    learning_rate, momentum : float
        Of the optimiser.
    steps : int
        That it took.

    References
    ----------
    .. [1] Wang et al. (2025), ASTRA, appendix; the third is our reading of their table.

    Examples
    --------
    >>> round(trajectory_damping(0.1, 0.9, 600), 4)
    0.005
    """
    return (1 - momentum) / (learning_rate * steps / 3)
