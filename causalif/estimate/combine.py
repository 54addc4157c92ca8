"""Puts estimates on the same rows side by side, with the covariances between them."""

# The modules of this package share the state of an estimate.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from causalif.errors import DataError

if TYPE_CHECKING:
    from causalif.estimate.core import Estimate


def combine(estimates: Iterable[Estimate]) -> Estimate:
    """Put estimates from the same rows side by side; covariances between them are kept.

    Rows are matched by label, so their order may differ. A term name that occurs more
    than once is told apart by the labels of the estimates, ``"TE [men]"``, or, where
    these do not, by their place in the list, ``"TE [2]"``.

    Parameters
    ----------
    estimates : iterable of Estimate

    Returns
    -------
    Estimate
        All terms, on the rows of the first estimate in its order.

    Raises
    ------
    DataError
        Nothing to combine; not the same rows; unequal weights, clusters or strata;
        duplicated row labels in a different order.

    Examples
    --------
    >>> import causalif as cif
    >>> a = cif.Estimate([1.0], [[-1.0], [0.0], [1.0]], names=["a"])
    >>> b = cif.Estimate([2.0], [[-2.0], [0.0], [2.0]], names=["b"])
    >>> cif.combine([a, b]).cov()
              a         b
    a  0.222222  0.444444
    b  0.444444  0.888889
    """
    from causalif.estimate.core import Estimate

    parts = list(estimates)
    if not parts or not all(isinstance(part, Estimate) for part in parts):
        kinds = ", ".join(type(part).__name__ for part in parts) or "nothing"
        raise DataError(f"combine needs a list of Estimates; got {kinds}.")
    return side_by_side(parts, _unique_names(parts))


def side_by_side(parts: list[Estimate], names: list[list[str]]) -> Estimate:
    """Join estimates under these names, one list of names per estimate."""
    first = parts[0]
    parts = [part._on(first._rows) for part in parts]
    labels = {part.label for part in parts}
    return first._derived(
        [name for own in names for name in own],
        np.concatenate([part._values for part in parts]),
        np.concatenate([part._influence for part in parts], axis=1),
        scales=[scale for part in parts for scale in part._scales],
        fractions={
            new: part._fractions[old]
            for part, own in zip(parts, names, strict=True)
            for old, new in zip(part.names, own, strict=True)
            if old in part._fractions
        },
        label=first.label if len(labels) == 1 else "",
        references=tuple(dict.fromkeys(key for part in parts for key in part.references)),
    )


def _unique_names(parts: list[Estimate]) -> list[list[str]]:
    every = [name for part in parts for name in part.names]
    labels = [part.label for part in parts]
    told_apart = all(labels) and len(set(labels)) == len(labels)
    tags = labels if told_apart else [str(place) for place in range(1, len(parts) + 1)]
    names = [
        [f"{name} [{tag}]" if every.count(name) > 1 else name for name in part.names]
        for part, tag in zip(parts, tags, strict=True)
    ]
    flat = [name for own in names for name in own]
    repeated = sorted({name for name in flat if flat.count(name) > 1})
    if repeated:
        raise DataError(
            f"terms {', '.join(map(repr, repeated))} occur twice. Give each estimate its own label."
        )
    return names
