"""`SigmaResult`: pathways with their stability and their effects averaged over graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.errors import Problems, check_choice
from causalif.estimate import Estimate
from causalif.sigma.effects.found import Averaged
from causalif.sigma.halves import (
    PRESENT,
    Half,
    all_paths,
    influence_of,
    mean_share,
    passes,
    row_of,
    row_of_present,
    share_of_both,
    share_of_some,
    stability_of,
    together,
)
from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.walks import in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalif.sigma.effects.study import Study

PLOTS = ("pathways", "variance", "arrows")
REFERENCES = ("hoeting1999bayesian", "kuipers2017partition")
OF_EFFECTS = {True: ("robinson1988root",), False: ("avin2005identifiability",)}


@dataclass(frozen=True, eq=False)
class SigmaResult:
    """Pathways from an exposure to an outcome when the graph is uncertain.

    Attributes
    ----------
    pathways : DataFrame
        A row per pathway, the most stable first: path, stability, mc_error, effect, std_error,
        within_var, between_var, conf_low, conf_high. Effects average over graphs, those
        without the path as zero; NaN where stability is below ``least`` or no graph identifies
        it. Intervals are quantiles of the mixture over graphs.
    present : DataFrame
        The same given that the path is there: path, effect, std_error, conf_low, conf_high;
        ``against``, the weight of graphs in which its sign differs from the average;
        ``not_identified``, the weight of graphs in which it is not identified, and ``why``.
    effects : Estimate
        The averages with their influence values, for given weights of the graphs: "total" and
        a term for each pathway. Its standard errors are sampling errors of the average alone.
    total : Series
        The total effect, as a row of `pathways`; its stability is the probability of any
        pathway at all.
    level : float
        Of the intervals.
    halves : tuple of Half
        One, or two with ``split=True``.
    study : Study
    threshold : float
    fdr : float or None
    """

    pathways: pd.DataFrame
    present: pd.DataFrame
    effects: Estimate
    total: pd.Series[Any]
    halves: tuple[Half, ...]
    study: Study
    threshold: float
    fdr: float | None
    level: float

    @classmethod
    def of(
        cls,
        halves: Sequence[Half],
        study: Study,
        *,
        threshold: float,
        fdr: float | None,
        level: float,
    ) -> SigmaResult:
        """Put the halves together."""
        order = all_paths(halves)
        found = {path: together([half.effects.get(path) for half in halves]) for path in order}
        total = together([half.total for half in halves])
        assert total is not None
        rows = [row_of(in_words(path), *stability_of(halves, path), found[path], level)
                for path in order]  # fmt: skip
        present = [row_of_present(in_words(path), one, level) for path, one in found.items() if one]
        columns: dict[str, np.ndarray] = {}
        values: dict[str, float] = {}
        named: dict[str, tuple[Averaged, Sequence[Averaged | None]]] = {
            "total": (total, [half.total for half in halves])
        }
        for path, one in found.items():
            if one is not None:
                named[in_words(path)] = (one, [half.effects.get(path) for half in halves])
        for name, (one, parts) in named.items():
            if one.mixture is not None:
                columns[name] = influence_of(halves, parts, study)
                values[name] = one.mixture.value
        effects = Estimate(
            list(values.values()),
            pd.DataFrame(columns, index=study.index),
            names=list(values),
            label=f"effects of {study.exposure} on {study.outcome}, averaged over graphs "
            "(weights held fixed: sampling errors alone)",
        )
        cited = (*REFERENCES, *OF_EFFECTS[study.per_unit])
        effects = Estimate.from_estimate(effects, references=cited)
        whole = pd.Series(row_of("total", total.stability, total.mc_error, total, level))
        table = pd.DataFrame(rows, columns=list(whole.index))
        shown = pd.DataFrame(present, columns=PRESENT)
        return cls(table, shown, effects, whole, tuple(halves), study, threshold, fdr, level)

    @property
    def posterior(self) -> DAGPosterior:
        """The posterior over graphs; of the first half where the rows were split."""
        return self.halves[0].posterior

    @cached_property
    def stable(self) -> list[str]:
        """The pathways that are stable: by `threshold`, or by the rate of false ones (`fdr`).

        References
        ----------
        .. [1] Mueller, Parmigiani & Rice (2006), FDR and Bayesian multiple comparisons rules.
        """
        stability = self.pathways["stability"].to_numpy()
        if self.fdr is None:
            return self.pathways["path"][stability >= self.threshold].tolist()
        false = np.cumsum(1 - stability) / np.arange(1, len(stability) + 1)
        return self.pathways["path"][false <= self.fdr].tolist()

    @cached_property
    def mediators(self) -> pd.DataFrame:
        """The probability of some directed path through each column, and its error."""
        study, rows = self.study, []
        for name in self.posterior.names:
            if name in (study.exposure, study.outcome):
                continue
            found = [share_of_some(half, partial(passes, name)) for half in self.halves]
            rows.append({"mediator": name, **mean_share(found)})
        table = pd.DataFrame(rows, columns=["mediator", "stability", "mc_error"])
        return table.sort_values("stability", ascending=False, ignore_index=True)

    def concurrent(self, paths: Sequence[str] | None = None) -> pd.DataFrame:
        """How probable it is that pathways are there together.

        Parameters
        ----------
        paths : list of str, optional
            By default the stable pathways, up to six.

        Returns
        -------
        DataFrame
            A row per pair: path, other, together, either, mc_error (of together).
        """
        chosen = list(self.stable if paths is None else paths)[:6]
        problems = Problems()
        for path in chosen:
            check_choice(problems, "paths", path, self.pathways["path"].tolist())
        problems.raise_if_any()
        alone = self.pathways.set_index("path")["stability"]
        rows: list[tuple[str, str, float, float, float]] = []
        for one, other in combinations(chosen, 2):
            both = mean_share([share_of_both(half, one, other) for half in self.halves])
            together = both["stability"]
            either = float(alone[one] + alone[other] - together)
            rows.append((one, other, together, either, both["mc_error"]))
        return pd.DataFrame(rows, columns=["path", "other", "together", "either", "mc_error"])

    def summary(self) -> str:
        """The answer in words: pathways, effects, what is assumed and what stays open."""
        from causalif.sigma.spoken import spoken

        return spoken(self)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from causalif.sigma.pictures import as_html

        return as_html(self)

    def tidy(self) -> pd.DataFrame:
        """`pathways` with the total effect as its first row."""
        return pd.concat([self.total.to_frame().T, self.pathways], ignore_index=True).astype(
            self.pathways.dtypes.to_dict()
        )

    def plot(self, kind: str = "pathways", *, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the pathways, where their variance comes from, or the arrows' probabilities.

        Parameters
        ----------
        kind : {"pathways", "variance", "arrows"}
            "pathways": effects with intervals, stability as bars. "variance": within and
            between graphs. "arrows": the posterior, pathways in colour.
        ax : Axes, optional
        """
        problems = Problems()
        check_choice(problems, "kind", kind, PLOTS)
        problems.raise_if_any()
        from causalif.sigma import pictures

        return pictures.RESULT[kind](self, ax, **options)

    def report(self, path: str | File) -> File:
        """Write one self-contained HTML file: pathways, arrows, plots, what was assumed.

        Returns
        -------
        Path
            Absolute, of the file written.
        """
        from causalif.sigma.pictures import write_report

        return write_report(self, path)
