"""What an estimate holds: values and influence on shared rows; views and selection of terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np
import pandas as pd

from causalif.errors import DataError, did_you_mean
from causalif.estimate.rows import Rows

if TYPE_CHECKING:
    from causalif.estimate.core import Estimate

DEFAULT_REFERENCES = ("vandervaart1998",)


class Base:
    """State and views; `Estimate` adds inference, arithmetic and presentation."""

    names: tuple[str, ...]
    label: str
    references: tuple[str, ...]
    _values: np.ndarray
    _influence: np.ndarray
    _rows: Rows
    _scales: tuple[str, ...]
    _fractions: Mapping[str, Estimate]

    def _set(self, **fields: Any) -> Self:
        """Fill the fields of a new object; the only way round the freeze."""
        for name, value in fields.items():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
            object.__setattr__(self, name, value)
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__} is frozen: {name!r} cannot be set. Arithmetic, transform() "
            "and selection give new estimates."
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be deleted.")

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._set(**state)

    def _derived(
        self,
        names: Sequence[str],
        values: np.ndarray,
        influence: np.ndarray,
        *,
        rows: Rows | None = None,
        scales: Sequence[str] | None = None,
        fractions: Mapping[str, Estimate] | None = None,
        label: str | None = None,
        references: tuple[str, ...] | None = None,
    ) -> Estimate:
        """A plain `Estimate` on the same rows, already checked."""
        from causalif.estimate.core import Estimate

        return Estimate.__new__(Estimate)._set(
            names=tuple(names),
            _values=values,
            _influence=influence,
            _rows=self._rows if rows is None else rows,
            _scales=("identity",) * len(names) if scales is None else tuple(scales),
            _fractions=dict(fractions or {}),
            label=self.label if label is None else label,
            references=self.references if references is None else references,
        )

    def _on(self, rows: Rows) -> Estimate:
        """The same terms with the rows in the order of `rows`, which must be the same ones."""
        positions = rows.positions_in(self._rows)
        rows.check_same_sampling(self._rows.take(positions))
        return self._derived(
            self.names,
            self._values,
            self._influence if positions is None else self._influence[positions],
            rows=rows,
            scales=self._scales,
            fractions={term: pair._on(rows) for term, pair in self._fractions.items()},
        )

    @property
    def n(self) -> int:
        """The number of rows."""
        return self._rows.n

    @property
    def values(self) -> pd.Series:
        """The estimates, shape (k,), indexed by term."""
        return pd.Series(self._values.copy(), index=list(self.names))

    @property
    def influence(self) -> pd.DataFrame:
        """Influence values, shape (n, k): per row, unweighted, indexed by row label."""
        index, columns = self._rows.index, list(self.names)
        return pd.DataFrame(self._influence, index=index, columns=columns, copy=False)

    @property
    def weights(self) -> np.ndarray | None:
        """Sampling weights with mean one, shape (n,); None if every row counts the same."""
        return self._rows.weights

    @property
    def clusters(self) -> np.ndarray | None:
        """Cluster labels, shape (n,), or None."""
        return self._rows.clusters

    @property
    def strata(self) -> np.ndarray | None:
        """Stratum labels, shape (n,), or None."""
        return self._rows.strata

    @property
    def scale(self) -> str | tuple[str, ...]:
        """The scale of the values: one word, or one per term where they differ."""
        return self._scales[0] if len(set(self._scales)) == 1 else self._scales

    @property
    def fractions(self) -> dict[str, Estimate]:
        """Numerator and denominator, as a two-term estimate, of each term that is a ratio."""
        return dict(self._fractions)

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __float__(self) -> float:
        if len(self) != 1:
            raise TypeError(f"{len(self)} terms do not make one number; select one of {self.names}")
        return float(self._values[0])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._values, dtype=dtype)

    def __getitem__(self, terms: str | Sequence[str]) -> Estimate:
        """Some of the terms: ``est["NIE"]`` or ``est[["NDE", "NIE"]]``.

        Scale and fractions are kept; a subclass gives a plain `Estimate`.

        Raises
        ------
        DataError
            A term is unknown or asked for twice.
        """
        wanted = list(terms) if pd.api.types.is_list_like(terms) else [terms]
        positions = [self._position(term) for term in wanted]
        if not positions or len(set(positions)) != len(positions):
            raise DataError(f"select each term once, and at least one: got {wanted}.")
        return self._derived(
            [self.names[j] for j in positions],
            self._values[positions],
            np.ascontiguousarray(self._influence[:, positions]),
            scales=[self._scales[j] for j in positions],
            fractions={t: f for t, f in self._fractions.items() if t in wanted},
        )

    def _position(self, term: object) -> int:
        if term not in self.names:
            raise DataError(f"no term {term!r}. {did_you_mean(term, self.names)}")
        return self.names.index(str(term))
