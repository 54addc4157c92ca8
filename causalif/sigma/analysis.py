"""Mediation when the graph itself is uncertain: pathways, their stability, their effects."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.frames import Frame, read_frame
from causalif.errors import Problems
from causalif.nuisance.folds import seed_for
from causalif.sigma.asked import check_ends, check_shares, nodes_of, study_of
from causalif.sigma.effects.found import averaged, having_any, having_path
from causalif.sigma.effects.plans import Path
from causalif.sigma.effects.study import Study, estimate_wanted, groups_of
from causalif.sigma.halves import Half
from causalif.sigma.learn import dag_posterior
from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.result import SigmaResult
from causalif.sigma.walks import descendants_of, has_path, paths_of

RARE = 0.01  # of a path: its share of the draws is as good as what is exact


def sigma_analysis(
    data: Any,
    exposure: str,
    outcome: str,
    *,
    posterior: DAGPosterior | None = None,
    threshold: float = 0.5,
    fdr: float | None = None,
    least: float = 0.05,
    max_length: int | None = None,
    coverage: float = 0.99,
    split: bool = False,
    level: float = 0.95,
    estimator: str = "onestep",
    learners: Any = "auto",
    folds: int = 5,
    repeats: int | None = None,
    reference: Any = None,
    levels: Sequence[Any] | None = None,
    truncate: float | None = None,
    stabilize: bool = True,
    seed: int | np.random.Generator | None = None,
    n_jobs: int | None = 1,
    progress: bool | None = None,
    **graphs: Any,
) -> SigmaResult:
    """Through which pathways does an exposure act, and how sure is each of them?

    A posterior over causal graphs gives every directed path from exposure to outcome a
    stability: the probability of graphs that have it. Its effect is estimated in each of these
    graphs with the adjustment the graph asks for, through influence functions, and averaged:
    graphs without the path count as zero. The uncertainty is that within graphs and that
    between them.

    Parameters
    ----------
    data : DataFrame
        pandas, or any frame in memory that narwhals reads; no missing values.
    exposure, outcome : str
        A continuous exposure (more than 10 values) without `levels` has effects per unit: along
        a path, the product of the slopes of its arrows, each the slope of a partially linear
        regression on all parents. Otherwise two levels are compared: natural path-specific
        effects where they are identified, interventional ones where these are.
    posterior : DAGPosterior, optional
        What `dag_posterior` gave; by default it is called with the further keywords.
    threshold : float, default 0.5
        Pathways of at least this stability are called stable.
    fdr : float, optional
        Instead of `threshold`: the most pathways of which a share of at most `fdr` is expected
        to be absent.
    least : float, default 0.05
        Effects along pathways below this stability are not estimated.
    max_length : int, optional
        The most arrows of a pathway.
    coverage : float, default 0.99
        Effects are estimated in the heaviest graphs that have this share of the weight.
    split : bool, default False
        Learn graphs on one half of the rows and estimate effects on the other, exchange the
        halves, and average: the same rows then never serve both.
    level : float, default 0.95
        Of the intervals.
    estimator : {"onestep", "tmle", "plugin", "ipw"}, default "onestep"
        For two levels, as ``method`` of the effects.
    learners, folds, repeats, reference, levels, truncate, stabilize
        As in the effects (`mediate`). Per unit, `learners` predict parent and child from the
        child's other parents.
    seed : int or numpy.random.Generator, optional
        Same seed, same numbers, whatever `n_jobs`.
    n_jobs : int, default 1
        Workers, through joblib and whatever backend it is given (also Dask's).
    progress : bool, optional
        Show a bar; by default when stderr is a terminal or a notebook.
    **graphs
        Those of `dag_posterior`: ``method``, ``score``, ``tiers``, ``required``,
        ``forbidden``, ``max_parents``, ``samples``, ``checkpoint``, ``columns``, ...

    Returns
    -------
    SigmaResult

    Raises
    ------
    DataError
        Columns or options that cannot be used; all problems at once, before any computation.

    References
    ----------
    .. [1] Decoding Causal Structure: End-to-End Mediation Pathways Inference (2025), NeurIPS.
    .. [2] Hoeting, Madigan, Raftery & Volinsky (1999), Bayesian model averaging: a tutorial,
           Statistical Science 14, 382-417.
    .. [3] Avin, Shpitser & Pearl (2005), IJCAI: which path-specific effects are identified.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a = rng.normal(size=300)
    >>> m = a + rng.normal(size=300)
    >>> data = pd.DataFrame({"A": a, "M": m, "Y": m + rng.normal(size=300)})
    >>> result = sigma_analysis(
    ...     data, "A", "Y", tiers=[["A"], ["M"], ["Y"]], method="exact", score="bge",
    ...     learners="glm", seed=1,
    ... )
    >>> result.pathways["path"].tolist()
    ['A -> M -> Y', 'A -> Y']
    >>> bool(abs(result.effects.values["A -> M -> Y"] - 1) < 0.2)
    True
    """
    given = {
        "learners": learners, "folds": folds, "repeats": repeats, "reference": reference,
        "levels": levels, "truncate": truncate, "stabilize": stabilize, "method": estimator,
        "n_jobs": n_jobs, "progress": progress, "seed": seed,
    }  # fmt: skip
    problems = Problems()
    shares = {"threshold": threshold, "fdr": fdr, "least": least, "coverage": coverage}
    check_shares(shares, level, split, max_length, problems)
    frame = read_frame(data, problems)
    names = nodes_of(frame, posterior, graphs, problems)
    check_ends(exposure, outcome, names, problems)
    study = study_of(frame, names, exposure, outcome, given, problems)
    if split and posterior is not None:
        problems.add(
            "split=True learns graphs on each half of the rows, and posterior= was learned on all.",
            "Leave one of the two out.",
        )
    if posterior is not None and graphs:
        problems.add(f"{', '.join(graphs)} given beside posterior=.", "Give them to dag_posterior.")
    problems.raise_if_any()
    options = {**graphs, "n_jobs": n_jobs, "progress": progress}
    halves = list[Half]()
    for rows, others, name in _parts_of(study, split):
        own = posterior
        if own is None:
            told = options | {"seed": seed_for(study.settings.entropy, "graphs", name)}
            own = _posterior(frame, names, others, told, name)
        halves.append(_one(own, study if rows is None else study.take(rows), rows, coverage,
                           least, max_length))  # fmt: skip
    return SigmaResult.of(halves, study, threshold=threshold, fdr=fdr, level=level)


def _parts_of(study: Study, split: bool) -> list[tuple[np.ndarray | None, np.ndarray | None, str]]:
    """Rows for the effects, and for the graphs; all rows for both unless split."""
    if not split:
        return [(None, None, "all")]
    rng = np.random.default_rng(seed_for(study.settings.entropy, "halves"))
    order = rng.permutation(len(study.index))
    one, two = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    return [(one, two, "first"), (two, one, "second")]


def _posterior(
    frame: Frame,
    names: Sequence[str],
    rows: np.ndarray | None,
    options: dict[str, Any],
    half: str,
) -> DAGPosterior:
    table = pd.DataFrame({name: frame.column(name) for name in names}, index=frame.index)
    if rows is not None:
        table = table.iloc[rows]
        if options.get("checkpoint") is not None:
            options["checkpoint"] = f"{options['checkpoint']}/{half}"
    return dag_posterior(table, **options)


def _one(
    posterior: DAGPosterior,
    study: Study,
    rows: np.ndarray | None,
    coverage: float,
    least: float,
    max_length: int | None,
) -> Half:
    """Stability and effect of every pathway, for one posterior."""
    has = paths_drawn(posterior, study.exposure, study.outcome, max_length)
    stability = {path: _stability(posterior, path, drawn) for path, drawn in has.items()}
    wanted = [path for path, (value, _) in stability.items() if value >= least]
    groups, left_out = groups_of(posterior, study, coverage)
    parts, fits = estimate_wanted(groups, wanted, study)
    found = {path: averaged(stability[path], having_path(groups, path), parts) for path in wanted}
    start, goal = (posterior.names.index(end) for end in (study.exposure, study.outcome))
    some = descendants_of(posterior.draws)[:, start] >> goal & 1 == 1
    total = averaged(posterior.share(some), having_any(groups), parts)
    return Half(posterior, rows, has, stability, found, total, left_out, fits)


def paths_drawn(
    posterior: DAGPosterior, exposure: str, outcome: str, max_length: int | None
) -> dict[Path, np.ndarray]:
    """Every path that some drawn graph has, and which draws have it."""
    names = posterior.names
    ends = names.index(exposure), names.index(outcome)
    found = {
        path
        for parents in posterior.masks.tolist()
        for path in paths_of(parents, *ends, max_length)
    }
    return {
        tuple(names[k] for k in path): has_path(posterior.draws, path) for path in sorted(found)
    }


def _stability(posterior: DAGPosterior, path: Path, drawn: np.ndarray) -> tuple[float, float]:
    """Exact where it matters: a sum over all graphs takes a second with 14 columns."""
    share = posterior.share(drawn)
    return share if share[0] < RARE else posterior.probability_of(pairwise(path))
