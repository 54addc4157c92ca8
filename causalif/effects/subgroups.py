"""Effects in groups of rows, all in one answer.

Given the covariates, of which the group V is one, every regression and probability is the same
in the group as in all rows. The effect in group v is the same functional of the law P(. | V = v):
pages evaluate it with the other rows' weights set to zero, and hand over a value theta_v and
uncentred influence values phi. In all rows its influence function is 1(V = v) / P(V = v)
(phi - theta_v), so that the effects of all groups have one covariance matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.call import Call
from causalif.data.design import Design, Exposure
from causalif.data.roles import as_names
from causalif.effects.graphs import Identified, identify
from causalif.effects.potential import PotentialMean
from causalif.effects.worlds import Estimand, joined, terms_by_group
from causalif.errors import DataError, NotIdentified, Problems
from causalif.estimate import Estimate

APART = (
    "Analyse the groups apart: their rows are independent, so that the variance of a difference "
    "of two groups is the sum of their variances."
)


@dataclass(frozen=True)
class Part:
    """All rows, or the rows of one group.

    Attributes
    ----------
    label : str
        ``"sex=female"``; empty for all rows.
    members : ndarray of bool or None, shape (n,)
    """

    label: str
    members: np.ndarray | None

    def name(self, world: str) -> str:
        """What the mean of a world is called in this group."""
        return world + joined("", self.label)

    def of(self, design: Design) -> Design:
        """The design in which only these rows count."""
        if self.members is None:
            return design
        weights = self._weights(design)
        return replace(design, weights=weights / weights.mean())

    def among_all(self, mean: PotentialMean, design: Design) -> PotentialMean:
        """A mean of this group as one of all rows: influence and weights are zero elsewhere."""
        if self.members is None:
            return mean
        weights = self._weights(design)
        scale = self.members / np.average(self.members, weights=design.weights)
        centre = float(np.average(mean.uncentred, weights=weights))
        return replace(
            mean,
            uncentred=centre + scale * (mean.uncentred - centre),
            weights={name: scale * weight for name, weight in mean.weights.items()},
            residual=np.where(self.members, mean.residual, 0.0),
        )

    def _weights(self, design: Design) -> np.ndarray:
        sampling = np.ones(design.n) if design.weights is None else design.weights
        return sampling if self.members is None else sampling * self.members


def identify_by_group(
    dag: Any,
    call: Call,
    criterion: str,
    problems: Problems,
    *,
    by: Any,
    ordered: bool,
    front_door: bool,
    intermediates: Any = None,
) -> Identified | None:
    """What a graph says of a call, once the column of subgroups is among the covariates.

    Raises
    ------
    NotIdentified
        As `identify`; or the column spoils what would serve without it.
    """
    keywords: dict[str, Any] = {"ordered": ordered, "front_door": front_door}
    if isinstance(by, str) and call.covariates is not None:
        named = as_names(call.covariates, "covariates", None, problems)
        call = replace(call, covariates=list(dict.fromkeys([*named, by])))
    found = identify(dag, call, criterion, problems, **keywords, intermediates=intermediates)
    if not isinstance(by, str) or found is None or by in found.adjustment.covariates:
        return found
    if found.by_front_door:
        raise NotIdentified(
            f"the graph gives the front door, and by={by!r} cannot be judged there. Leave out by=, "
            f"or analyse the groups apart."
        )
    chosen = list(found.adjustment.covariates)
    try:
        keywords["intermediates"] = found.intermediates
        whole = replace(found.call, covariates=[*chosen, by])
        if identify(dag, whole, criterion, problems, **keywords) is None:
            return None
    except NotIdentified as error:
        raise NotIdentified(
            f"by={by!r} must be among the covariates, and the effect is not identified with it: "
            f"{error}"
        ) from error
    reason = f"{found.adjustment.reason} by={by!r} was added, which does no harm."
    return replace(
        found,
        call=replace(found.call, covariates=[*chosen, by]),
        adjustment=replace(found.adjustment, reason=reason),
    )


def parts_of(design: Design) -> tuple[Part, ...]:
    """All rows, or every group.

    Raises
    ------
    DataError
        A group has no row left.
    """
    by = design.by
    if by is None:
        return (Part("", None),)
    counts = np.bincount(by.codes, minlength=len(by.levels))
    if not counts.all():
        empty = by.at(int(counts.argmin()))
        raise DataError(f"no row with {empty} is left. Keep some, or leave out by={by.name!r}.")
    return tuple(Part(by.at(code), by.codes == code) for code in range(len(by.levels)))


def check_groups(estimand: Estimand, design: Design, folds: int) -> None:
    """Whether the estimand may be asked for by group, and every group has rows enough.

    Raises
    ------
    DataError
        The estimand averages over marginal laws, or a group has too few rows at a level.
    """
    by, exposure, problems = design.by, design.exposure, Problems()
    if by is None:
        return
    if not estimand.by_groups:
        problems.add(f"by={by.name!r} is not for {estimand.name}.", APART)
    levels = len(exposure.levels) if estimand.every_level else exposure.contrasted
    cells = by.codes * len(exposure.levels) + exposure.codes
    size = len(by.levels) * len(exposure.levels)
    counts = np.bincount(cells[design.informative], minlength=size)
    counts = counts.reshape(len(by.levels), -1)[:, :levels]
    for code, rows in enumerate(counts.tolist()):
        if min(rows) < max(2, folds):
            problems.add(
                f"too few rows per fold and exposure level in the group {by.at(code, ' = ')}: "
                f"{_listed(exposure, rows)}; folds={folds} needs at least {max(2, folds)} rows at "
                "each.",
                "Join groups, use fewer folds, or contrast other levels.",
            )
    problems.raise_if_any()


def _listed(exposure: Exposure, rows: Sequence[int], most: int = 6) -> str:
    pairs = [f"{exposure.at(code, ' = ')} ({count} rows)" for code, count in enumerate(rows)]
    more = f" and {len(rows) - most} more" if len(rows) > most else ""
    return ", ".join(pairs[:most]) + more


def equality(estimand: Estimand, design: Design, terms: Estimate) -> pd.DataFrame:
    """A Wald test per term that it is the same in every group; columns as in `test`.

    On the scale on which the terms are kept. Shares of a total are left out: the ratio of two
    estimates may be far from normal.
    """
    if design.by is None:
        raise DataError('no subgroups to compare. Name their column: by="sex", for example.')
    found: list[dict[str, object]] = []
    for term, names in terms_by_group(estimand, design).items():
        slopes = np.column_stack([-np.ones(len(names) - 1), np.eye(len(names) - 1)])
        differences = terms[names].transform(slopes.__matmul__, names[1:], jacobian=slopes)
        found.append({"term": term, **differences.test(joint=True)})
    return pd.DataFrame(found).astype({"df": int})


def spoken(name: str, table: pd.DataFrame) -> list[str]:
    """The tests of equality, a line for each term."""
    lines: list[str] = []
    for row in table.to_dict("records"):
        p = "p < 0.0001" if row["p_value"] < 1e-4 else f"p = {row['p_value']:.2g}"
        test = f"chi2({row['df']}) = {row['statistic']:.3g}, {p}"
        test = "no test, of too few clusters" if np.isnan(row["p_value"]) else test
        lines.append(f"{row['term']} equal over {name}: {test}")
    return lines
