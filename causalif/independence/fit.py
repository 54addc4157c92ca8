"""Test what a graph claims on data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from causalif.data.frames import read_frame
from causalif.errors import Problems, check_choice
from causalif.graph.dag import latent_nodes, names_in
from causalif.graph.independencies import Independence
from causalif.graph.read import as_dag
from causalif.independence.claims import (
    check_rows,
    choose_claims,
    choose_method,
    warn_on_untestable,
)
from causalif.independence.columns import read_columns, warn_on_copies
from causalif.independence.found import Found
from causalif.independence.partial import partial_correlations
from causalif.independence.products import Workshop
from causalif.independence.result import GraphFit
from causalif.nuisance.fits import Scheme
from causalif.nuisance.folds import entropy_of, seed_for
from causalif.nuisance.library import Library, resolve
from causalif.nuisance.progress import progress_bar

METHODS = ("auto", "partial_correlation", "classification")
FOLDS = 5


def graph_fit(
    data: Any,
    dag: Any,
    *,
    independencies: Sequence[Independence] | None = None,
    method: str = "auto",
    learners: Any = "auto",
    level: float = 0.05,
    latent: Any = (),
    seed: int | np.random.Generator | None = None,
    n_jobs: int | None = 1,
    progress: bool | None = None,
) -> GraphFit:
    """Does the graph fit these data? Every independence it implies, tested.

    Data cannot prove a graph, but they can refute one: where two columns that it calls
    independent, given others, are not. Each claim is one test; Holm's method adjusts the
    p-values, so that a true graph is rejected with probability `level` at most.

    Parameters
    ----------
    data : DataFrame
        pandas, or any frame in memory that narwhals reads. The graph's nodes are columns of
        it; it may have others.
    dag : DiGraph, str or edges
        Whatever `read_dag` reads.
    independencies : sequence of Independence, optional
        Those to test; by default all of `implied_independencies`.
    method : {"auto", "partial_correlation", "classification"}
        "auto" takes partial correlations for tests among continuous columns (numbers with more
        than five values), and classification for those with others. Partial correlation is
        fast; it assumes and sees linear relations. Classification predicts both columns from
        `given` (levels by classifiers, numbers by regressions), takes out what curves in single
        columns still predict, and tests whether what is left of the two is correlated.
    learners : "auto", "glm" or dict, default "auto"
        Of the classification: the default library stacks GLM, spline ridge and boosted trees;
        "glm" takes a tenth of the time, and serves where columns of `given` act curved but each
        for itself. A dict names ``"outcome"`` (a regressor, for numbers) and ``"exposure"`` (a
        classifier, for levels).
    level : float, default 0.05
    latent : node or list of nodes
        Not measured, beside those that the graph marks.
    seed : int or numpy.random.Generator, optional
        Same seed, same numbers, whatever `n_jobs`. Partial correlations draw nothing.
    n_jobs : int, default 1
        Workers, through joblib.
    progress : bool, optional
        Show a bar; by default when stderr is a terminal or a notebook.

    Returns
    -------
    GraphFit

    Raises
    ------
    DataError
        A node that is neither a column nor latent, missing values, a constant column, too few
        rows, or an independence that the graph does not imply.

    Warns
    -----
    SmallSampleWarning
        Few rows for cross-fitted learners, or hardly any in all levels but one.
    DataWarning
        Copied rows, or a column that is a function of those given: no test is made.

    References
    ----------
    .. [1] Shipley (2000), A new inferential test for path models based on directed acyclic
           graphs, Structural Equation Modeling 7, 206-218.
    .. [2] Shah & Peters (2020), The hardness of conditional independence testing and the
           generalised covariance measure, Annals of Statistics 48, 1514-1538.
    .. [3] Ankan, Wortel & Textor (2021), Testing graphical causal models using the R package
           "dagitty", Current Protocols 1, e45.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a = rng.normal(size=500)
    >>> m = a + rng.normal(size=500)
    >>> data = pd.DataFrame({"A": a, "M": m, "Y": m + a + rng.normal(size=500)})
    >>> fit = graph_fit(data, [("A", "M"), ("M", "Y")])
    >>> fit.fits, fit.table["independence"].tolist()
    (False, ['A _||_ Y | {M}'])
    >>> print(str(fit).splitlines()[0])
    The graph does not fit these data: 1 implied independence tested, 1 rejected at 0.05 (Holm).
    """
    problems = Problems()
    library = _check_options(method, learners, level, n_jobs, progress, problems)
    graph = as_dag(dag)
    claims = choose_claims(graph, independencies, latent, problems)
    frame = read_frame(data, problems)
    columns = read_columns(frame, _measured(graph, latent), problems)
    methods = [choose_method(claim, method, columns, problems) for claim in claims]
    check_rows(claims, methods, columns, frame.n, problems)
    warn_on_copies(list(columns.values()))
    entropy = entropy_of(seed)
    shuffled = np.random.default_rng(seed_for(entropy, "folds")).permutation(frame.n)
    scheme = Scheme(shuffled % FOLDS, entropy, n_jobs)
    found = _run(claims, methods, Workshop(columns, library, scheme), progress)
    warn_on_untestable(claims, found)
    return GraphFit.from_tests(claims, found, frame.n, float(level))


def _run(
    claims: Sequence[Independence],
    methods: Sequence[str],
    workshop: Workshop,
    progress: bool | None,
) -> list[Found]:
    """Tests of both kinds, back in the order of the claims."""
    fast = [k for k, method in enumerate(methods) if method == "partial_correlation"]
    slow = [k for k, method in enumerate(methods) if method != "partial_correlation"]
    found: dict[int, Found] = {}
    if fast:
        tests = partial_correlations([claims[k] for k in fast], workshop.columns)
        found.update(zip(fast, tests, strict=True))
    if slow:
        with progress_bar(progress, len(slow), "test") as bar:
            found.update(zip(slow, workshop.test([claims[k] for k in slow], bar), strict=True))
    return [found[k] for k in range(len(claims))]


def _check_options(
    method: Any, learners: Any, level: Any, n_jobs: Any, progress: Any, problems: Problems
) -> Library:
    check_choice(problems, "method", method, METHODS)
    number = isinstance(level, int | float | np.floating) and not isinstance(level, bool)
    if not (number and 0 < level < 1):
        problems.add(f"level={level!r} is not between 0 and 1; it is the chance of a false alarm.")
    if n_jobs is not None and (not isinstance(n_jobs, int) or n_jobs == 0):
        problems.add(f"n_jobs={n_jobs!r} is not a whole number other than 0 (-1: all cores).")
    if not isinstance(progress, bool | None):
        problems.add(f"progress={progress!r} is not None, True or False.")
    return resolve(learners, problems)


def _measured(graph: Any, latent: Any) -> list[str]:
    """Names of the nodes that must be columns; unknown latent names were noted before."""
    hidden = latent_nodes(graph) | set(names_in(graph, latent, "latent", Problems()))
    return [str(node) for node in graph if node not in hidden]
