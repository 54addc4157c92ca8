"""Arithmetic of estimates: the delta method, in one rule."""

# The modules of this package share the state of an estimate.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from causalif.errors import DataError
from causalif.estimate.base import Base
from causalif.estimate.calculus import BINARY, UNARY, name_binary, name_unary
from causalif.estimate.jacobian import jacobian as numerical_jacobian
from causalif.estimate.operands import read_operands

if TYPE_CHECKING:
    from causalif.estimate.core import Estimate


class Algebra(Base):
    """Functions of estimates are estimates: their influence is the Jacobian times ours."""

    # numpy and pandas objects on the left leave the operation to us.
    __pandas_priority__ = 5000

    def transform(
        self,
        func: Callable[[np.ndarray], Any],
        names: str | Sequence[str] | None = None,
        *,
        jacobian: np.ndarray | None = None,
    ) -> Estimate:
        """Any smooth function of the estimates, by the delta method.

        Parameters
        ----------
        func : callable
            Takes the vector of estimates, shape (k,); gives a number or a vector (m,).
        names : str or sequence of str, optional
            Names of the results; by default they are built from the function's name.
        jacobian : ndarray, shape (m, k), optional
            Partial derivatives at the estimates; by default numerical, accurate to
            about 1e-10 relative.

        Returns
        -------
        Estimate
            On the identity scale, with the influence of the result.

        Raises
        ------
        DataError
            The function or its derivative is not finite at the estimates.

        References
        ----------
        .. [1] van der Vaart (1998), Asymptotic Statistics, theorem 3.1.

        Examples
        --------
        >>> import causalif as cif
        >>> est = cif.Estimate([2.0, 4.0], [[-1.0, 0.0], [1.0, -2.0], [0.0, 2.0]], names=["a", "b"])
        >>> est.transform(lambda v: v[0] / v[1], "a / b").std_error
        a / b    0.204124
        dtype: float64
        """

        def vector(at: np.ndarray) -> np.ndarray:
            with np.errstate(all="ignore"):
                return np.atleast_1d(np.asarray(func(at), dtype=float))

        result = vector(self._values.copy())
        if result.ndim != 1:
            raise DataError(f"func must give a number or a vector; it gave shape {result.shape}.")
        named = self._transformed_names(func, names, len(result))
        if jacobian is None:
            spread = np.sqrt((self._rows.contributions(self._influence) ** 2).sum(axis=0))
            jacobian = numerical_jacobian(vector, self._values, spread)
        matrix = np.asarray(jacobian, dtype=float)
        if matrix.shape != (len(result), len(self)):
            expected = (len(result), len(self))
            raise DataError(f"jacobian has shape {matrix.shape}; {expected} is needed.")
        bad = ~(np.isfinite(result) & np.isfinite(matrix).all(axis=1))
        if bad.any():
            raise _undefined(named[int(np.flatnonzero(bad)[0])], dict(self.values))
        return self._derived(named, result, self._influence @ matrix.T)

    def _transformed_names(self, func: Any, names: Any, m: int) -> list[str]:
        if names is not None:
            named = [names] if isinstance(names, str) else [str(name) for name in names]
            if len(named) != m or len(set(named)) != m:
                raise DataError(f"names={named} must name the {m} results, each once.")
            return named
        word = getattr(func, "__name__", "<lambda>")
        word = "f" if word == "<lambda>" else word
        if m == len(self):
            return [name_unary(word, name) for name in self.names]
        return [word] if m == 1 else [f"{word} {j}" for j in range(1, m + 1)]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        types = "d" * ufunc.nin + "->d"
        if method != "__call__" or keywords or ufunc.signature or types not in ufunc.types:
            return NotImplemented
        if ufunc.nin == 1:
            return _unary(ufunc, self)
        return _binary(ufunc, *inputs) if ufunc.nin == 2 else NotImplemented

    def __neg__(self) -> Estimate:
        return _unary(np.negative, self)

    def __pos__(self) -> Estimate:
        return _unary(np.positive, self)

    def __abs__(self) -> Estimate:
        return _unary(np.absolute, self)

    def __add__(self, other: Any) -> Estimate:
        return _binary(np.add, self, other)

    def __radd__(self, other: Any) -> Estimate:
        return _binary(np.add, other, self)

    def __sub__(self, other: Any) -> Estimate:
        return _binary(np.subtract, self, other)

    def __rsub__(self, other: Any) -> Estimate:
        return _binary(np.subtract, other, self)

    def __mul__(self, other: Any) -> Estimate:
        return _binary(np.multiply, self, other)

    def __rmul__(self, other: Any) -> Estimate:
        return _binary(np.multiply, other, self)

    def __truediv__(self, other: Any) -> Estimate:
        return _binary(np.divide, self, other)

    def __rtruediv__(self, other: Any) -> Estimate:
        return _binary(np.divide, other, self)

    def __pow__(self, other: Any) -> Estimate:
        return _binary(np.power, self, other)

    def __rpow__(self, other: Any) -> Estimate:
        return _binary(np.power, other, self)


def _unary(ufunc: np.ufunc, estimate: Algebra) -> Estimate:
    x, function = estimate._values, ufunc.__name__
    names = [name_unary(function, name) for name in estimate.names]
    jacobian = None
    if function in UNARY:
        with np.errstate(all="ignore"):
            value = ufunc(x)
            slope = UNARY[function](x, value)
        _refuse_undefined(
            names, value, slope, ({name: at} for name, at in zip(estimate.names, x, strict=True))
        )
        jacobian = np.diag(slope)
    return estimate.transform(ufunc, names, jacobian=jacobian)


def _binary(ufunc: np.ufunc, left: Any, right: Any) -> Any:
    pair = read_operands(left, right)
    if pair is None:
        return NotImplemented
    joined, a, b = pair
    function = ufunc.__name__
    names = [name_binary(function, x, y) for x, y in zip(a.words, b.words, strict=True)]

    def values(at: np.ndarray) -> np.ndarray:
        return ufunc(a.read(at), b.read(at))

    jacobian = None
    if function in BINARY:
        with np.errstate(all="ignore"):
            value = ufunc(a.numbers, b.numbers)
            slopes = BINARY[function](a.numbers, b.numbers, value)
        jacobian = np.zeros((len(names), len(joined)))
        for operand, slope in ((a, slopes[0]), (b, slopes[1])):
            if operand.places is not None:
                jacobian[np.arange(len(names)), operand.places] = slope
        where = ({**x, **y} for x, y in zip(a.shown(), b.shown(), strict=True))
        _refuse_undefined(names, value, abs(jacobian).max(axis=1), where)
    result = joined.transform(values, names, jacobian=jacobian)
    if function == "divide" and a.places is not None and b.places is not None:
        return _with_fractions(result, joined, a.places, b.places)
    return result


def _refuse_undefined(
    names: Sequence[str], value: np.ndarray, slope: np.ndarray, where: Iterable[Any]
) -> None:
    finite = np.isfinite(value) & np.isfinite(slope)
    for name, fine, place in zip(names, finite, where, strict=True):
        if not fine:
            raise _undefined(name, place)


def _undefined(name: str, where: Mapping[str, float]) -> DataError:
    shown = ", ".join(f"{term} = {value:.6g}" for term, value in where.items())
    return DataError(
        f"{name} is not defined at {shown}: its value or its derivative is not finite there. "
        "Choose a scale on which it is, such as the difference."
    )


def _with_fractions(
    result: Estimate, joined: Estimate, top: np.ndarray, bottom: np.ndarray
) -> Estimate:
    """Remember numerator and denominator, for an honest interval near a zero denominator."""
    pairs = {
        name: joined._derived(
            ["numerator", "denominator"],
            joined._values[[i, j]],
            np.ascontiguousarray(joined._influence[:, [i, j]]),
        )
        for name, i, j in zip(result.names, top, bottom, strict=True)
    }
    return joined._derived(result.names, result._values, result._influence, fractions=pairs)
