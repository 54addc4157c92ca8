"""From a data frame to a posterior over causal graphs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from causalif.errors import Problems, check_choice
from causalif.sigma.checkpoint import Checkpoint, entropy_for
from causalif.sigma.extras import needed
from causalif.sigma.ladder.evidence import FIRST
from causalif.sigma.listing import lost, scored
from causalif.sigma.methods import BY_METHOD
from causalif.sigma.orders import check_orders
from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.scores.nodes import PRIORS, Nodes, read_nodes
from causalif.sigma.scores.tables import MOST_NODES, check_size

METHODS = ("flow", "mcmc", "exact")


@dataclass(frozen=True)
class Settings:
    """How a posterior is made, checked.

    Attributes
    ----------
    method, score, prior : str
    max_parents : int
    samples, candidates, chains, orders : int
    steps : int or None
    entropy : int
        From which every random number derives.
    n_jobs : int or None
    progress : bool or None
    """

    method: str
    score: str
    prior: str
    max_parents: int
    samples: int
    candidates: int
    chains: int
    steps: int | None
    orders: int
    entropy: int
    n_jobs: int | None
    progress: bool | None


def dag_posterior(
    data: Any,
    *,
    method: str = "flow",
    score: str = "ladder",
    prior: str = "uniform",
    tiers: Any = None,
    required: Any = (),
    forbidden: Any = (),
    max_parents: int | None = None,
    samples: int = 1000,
    checkpoint: str | os.PathLike[str] | None = None,
    columns: Sequence[str] | None = None,
    equivalent_rows: float = 1.0,
    candidates: int = 10,
    chains: int = 4,
    steps: int | None = None,
    orders: int = 1,
    seed: int | np.random.Generator | None = None,
    n_jobs: int | None = 1,
    progress: bool | None = None,
) -> DAGPosterior:
    """How sure can we be of the causal graph? A posterior over all graphs without cycles.

    Every column is a node, and every common cause is taken to be among them. Data cannot tell
    all graphs apart: what they leave open stays open here, unless `tiers` or other knowledge
    settles it.

    Parameters
    ----------
    data : DataFrame
        pandas, or any frame in memory that narwhals reads; no missing values.
    method : {"flow", "mcmc", "exact"}
        "exact": sums over all graphs, for up to 14 columns. "mcmc": partition Markov chains,
        any number of columns. "flow": exact up to 14 columns and Markov chains above; graphs
        are then drawn, independently, from an autoregressive sampler fitted to these, with
        weights that make up for what it misses.
    score : {"ladder", "bge", "bic", "bdeu", "mixed"}
        How well a node's parents explain it. "ladder": numbers, linear or not, Gaussian or not
        (Bayesian mixture of a linear-Gaussian model and normalising flows); of 20 values or
        fewer without flows, of 5 or fewer by logistic regression. "bge" and "bic":
        numbers, linear-Gaussian. "bdeu": levels. "mixed": numbers and levels.
    prior : {"uniform", "fair"}
        Over graphs; "fair" makes each number of parents of a node equally likely.
    tiers : mapping of str to number, or sequence of lists of str, optional
        No arrow goes from a later tier to an earlier one: ``[["age"], ["smoking", "bmi"]]``.
    required, forbidden : text or sequence of pairs
        Arrows: ``[("A", "B")]`` or ``"A -> B; C -> D"``.
    max_parents : int, optional
        The most parents of a node; by default any number. A limit that is too tight does
        harm: where an arrow may be turned round, common effects become parents. With the
        ladder, flows are fitted for up to 3 parents (any number with up to 5 columns); beyond
        that the score is that of "bge".
    samples : int, default 1000
        How many graphs to draw.
    checkpoint : path, optional
        A folder. What is done is kept there; the same call takes it up again when it was
        stopped, and gives the same graphs.
    columns : list of str, optional
        The nodes; by default all columns.
    equivalent_rows : float, default 1
        How many rows the prior of "bdeu" is worth.
    candidates : int, default 10
        With more than 14 columns: from how many parents of each node to choose (and one more
        from the others). What share of the posterior is lost is in ``.diagnostics``.
    chains : int, default 4
        Of "mcmc".
    steps : int, optional
        Of each chain; by default until they agree, up to 300,000.
    orders : int, default 1
        Of the rows, over which the ladder averages; the cost is in proportion. Whether the
        order decides a direction is looked at, and warned of, in any case.
    seed : int or numpy.random.Generator, optional
        Same seed, same graphs, whatever `n_jobs`.
    n_jobs : int, default 1
        Workers for the chains, through joblib.
    progress : bool, optional
        Show a bar; by default when stderr is a terminal or a notebook.

    Returns
    -------
    DAGPosterior

    Raises
    ------
    DataError
        Columns or options that cannot be used, more columns than the method can do,
        contradictory knowledge; all problems at once.

    Warns
    -----
    ConvergenceWarning
        The chains do not agree, the sampler does not cover what it was fitted to, or the order
        of the rows decides a direction.

    References
    ----------
    .. [1] Kuipers & Moffa (2017), Partition MCMC for inference on acyclic digraphs, Journal of
           the American Statistical Association 112, 282-299.
    .. [2] Talvitie, Vuoksenmaa & Koivisto (2019), Exact sampling of directed acyclic graphs
           from modular distributions, UAI 35.
    .. [3] Durkan, Bekasov, Murray & Papamakarios (2019), Neural spline flows, NeurIPS 32.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a = rng.normal(size=200)
    >>> m = a + rng.normal(size=200)
    >>> data = pd.DataFrame({"A": a, "M": m, "Y": m + rng.normal(size=200)})
    >>> posterior = dag_posterior(data, method="exact", score="bge", tiers=[["A"], ["M"], ["Y"]])
    >>> bool(posterior.path_probability("A -> M -> Y") > 0.9)
    True
    """
    problems = Problems()
    counts = {"samples": samples, "candidates": candidates, "chains": chains, "orders": orders}
    counts |= {} if steps is None else {"steps": steps}
    _check(method, prior, counts, problems)
    nodes = read_nodes(
        data,
        score=score,
        columns=columns,
        tiers=tiers,
        required=required,
        forbidden=forbidden,
        max_parents=max_parents,
        equivalent_rows=equivalent_rows,
        problems=problems,
    )
    if method == "exact":
        check_size(len(nodes.names), problems)
    problems.raise_if_any()
    _check_libraries(method, score, len(nodes.names))
    settings = Settings(
        method=method,
        score=score,
        prior=prior,
        max_parents=nodes.knowledge.max_parents,
        samples=int(samples),
        candidates=int(candidates),
        chains=int(chains),
        steps=None if steps is None else int(steps),
        orders=int(orders),
        entropy=entropy_for(checkpoint, seed),
        n_jobs=n_jobs,
        progress=progress,
    )
    known = {"tiers": _told(tiers), "required": _told(required), "forbidden": _told(forbidden)}
    asked = {**known, **asdict(settings), "equivalent_rows": float(equivalent_rows)}
    kept = Checkpoint.at(checkpoint, nodes.variables, asked)
    return _learn(nodes, settings, known, kept)


def _learn(
    nodes: Nodes, settings: Settings, known: Mapping[str, Any], kept: Checkpoint
) -> DAGPosterior:
    sets, found = scored(nodes, settings, kept)
    made = BY_METHOD[settings.method](sets, settings, kept)
    about = {
        "method": settings.method,
        "score": settings.score,
        "prior": settings.prior,
        "max_parents": settings.max_parents,
        "rows": nodes.rows,
        "seed": settings.entropy,
        **known,
    }
    diagnostics = {**found, **made.pop("diagnostics")}
    if settings.score == "ladder" and nodes.rows > FIRST:
        diagnostics["turned_by_order"] = check_orders(nodes, settings, kept, made["arrows"])
    if len(nodes.names) > MOST_NODES:
        diagnostics["lost"] = lost(nodes, sets, made["draws"], settings)
    return DAGPosterior(nodes.names, **made, settings=about, diagnostics=diagnostics)


def _check(method: Any, prior: Any, counts: Mapping[str, Any], problems: Problems) -> None:
    check_choice(problems, "method", method, METHODS)
    check_choice(problems, "prior", prior, PRIORS)
    for name, count in counts.items():
        whole = isinstance(count, int | np.integer) and not isinstance(count, bool)
        if not (whole and count >= 1):
            problems.add(f"{name}={count!r} is not a whole number from 1 up.")


def _check_libraries(method: str, score: str, columns: int) -> None:
    """Before any work: whether the optional libraries that it takes are there."""
    if score == "ladder":
        needed("torch", "pyro-ppl", what='score="ladder"')
    if method == "flow":
        needed("torch", "pyro-ppl", what='method="flow"')
    if method == "mcmc" or (method == "flow" and columns > MOST_NODES):
        needed("numba", what=f'method="{method}" of {columns} columns')


def _told(knowledge: Any) -> Any:
    """Background knowledge as it is kept with the posterior: plain lists and text."""
    if knowledge is None or isinstance(knowledge, str):
        return knowledge
    if isinstance(knowledge, Mapping):
        return {str(name): float(time) for name, time in knowledge.items()}
    return [k if isinstance(k, str) else [str(name) for name in k] for k in knowledge]
