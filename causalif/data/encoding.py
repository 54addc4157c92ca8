"""From a checked variable to the float64 columns that learners read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalif.data.design import Column
from causalif.data.variables import Variable

FEW = 5  # distinct values up to which a numeric column counts as discrete


def encode(variable: Variable) -> Column:
    """Numbers as they are, categories as dummies without the first level.

    Levels are frozen on all rows, so that a rare one is never unknown in a fold.

    Examples
    --------
    >>> import numpy as np
    >>> variable = Variable("educ", codes=np.array([0, 2, 1]), levels=("bach", "grad", "high"))
    >>> column = encode(variable)
    >>> column.labels
    ('educ[grad]', 'educ[high]')
    >>> column.values.tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    """
    if variable.numbers is not None:
        values = variable.numbers.reshape(-1, 1)
        return Column(variable.name, values, (variable.name,), is_discrete(variable.numbers))
    kept = range(1, len(variable.levels))
    values = np.empty((len(variable.array), len(kept)))
    for k in kept:
        values[:, k - 1] = variable.array == k
    labels = tuple(f"{variable.name}[{level}]" for level in variable.levels[1:])
    return Column(variable.name, values, labels, discrete=True, levels=variable.levels)


def impute(variable: Variable) -> tuple[Variable, Variable | None]:
    """Median and a missingness indicator for numbers, a level of its own for categories.

    Examples
    --------
    >>> import numpy as np
    >>> filled, indicator = impute(Variable("age", numbers=np.array([20.0, np.nan, 40.0])))
    >>> filled.numbers.tolist(), indicator.name, indicator.numbers.tolist()
    ([20.0, 30.0, 40.0], 'age[missing]', [0.0, 1.0, 0.0])
    """
    missing = variable.missing
    if not missing.any():
        return variable, None
    if variable.numbers is not None:
        filled = np.where(missing, np.median(variable.numbers[~missing]), variable.numbers)
        flag = Variable(f"{variable.name}[missing]", numbers=missing.astype(float))
        return Variable(variable.name, numbers=filled), flag
    label = "missing" if "missing" not in variable.levels else "missing value"
    codes = np.where(missing, len(variable.levels), variable.array)
    levels = (*variable.levels, label)
    return Variable(variable.name, codes=codes, levels=levels, text=variable.text), None


def fill(variable: Variable) -> Variable:
    """The first value that was seen wherever none was: for rows that will not be used.

    Examples
    --------
    >>> import numpy as np
    >>> fill(Variable("age", numbers=np.array([np.nan, 40.0, 20.0]))).numbers.tolist()
    [40.0, 40.0, 20.0]
    """
    values = variable.array
    filled = np.where(variable.missing, values[np.flatnonzero(~variable.missing)[0]], values)
    if variable.numbers is not None:
        return Variable(variable.name, numbers=filled)
    return Variable(variable.name, codes=filled, levels=variable.levels, text=variable.text)


def is_discrete(numbers: np.ndarray) -> bool:
    """Whether a column takes few distinct values."""
    if len(numbers) > 1000 and len(pd.unique(numbers[:1000])) > FEW:
        return False
    return len(pd.unique(numbers)) <= FEW


def as_pandas(variable: Variable, index: pd.Index) -> pd.Series[Any]:
    """The variable as formulas read it: float64, bool, or a category with its order."""
    if variable.numbers is not None:
        return pd.Series(variable.numbers, index)
    codes = variable.array
    if all(isinstance(level, bool) for level in variable.levels) and (codes >= 0).all():
        return pd.Series(np.asarray(variable.levels)[codes], index)
    categories = pd.Categorical.from_codes(codes, pd.Index(list(variable.levels), dtype=object))
    return pd.Series(categories, index)
