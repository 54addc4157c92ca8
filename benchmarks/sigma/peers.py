"""Graphs from data with their uncertainty: causalif beside its peers, in one run.

    make bench-sigma        (an environment of its own)

Every method gives weighted graphs: posteriors their draws, others a bootstrap of `--bootstrap`
resamples (PC and GES of causal-learn, DirectLiNGAM, DAGMA); an arrow that PC or GES leave
undirected is turned at random in each. A method has `--limit` seconds for a data set and is left
out where it needs more.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib.metadata
import io
import logging
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.sigma.networks import MECHANISMS, Believed, Case, case, measures

Method = Callable[[np.ndarray, int, argparse.Namespace], Believed]


def here(score: str) -> Method:
    """The exact posterior, or Markov chains above 14 columns."""

    def method(values: np.ndarray, seed: int, given: argparse.Namespace) -> Believed:
        import causalif as cif

        names = [f"x{k}" for k in range(values.shape[1])]
        posterior = cif.dag_posterior(
            pd.DataFrame(values, columns=names),
            method="exact" if len(names) <= 14 else "mcmc",
            score=score,
            seed=seed,
            progress=False,
        )
        place = np.arange(len(names))
        graphs = (posterior.masks[:, None, :] >> place[None, :, None]) & 1
        return Believed(graphs, posterior.weights)

    return method


def bootstrap(once: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Method:
    def method(values: np.ndarray, seed: int, given: argparse.Namespace) -> Believed:
        rng = np.random.default_rng(seed)
        graphs = []
        for _ in range(given.bootstrap):
            rows = values[rng.integers(len(values), size=len(values))]
            graphs.append(once(rows, rng))
        return Believed(np.array(graphs), np.full(len(graphs), 1 / len(graphs)))

    return method


def turned(marks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """causal-learn's marks as arrows: -1 at the tail, 1 at the head; others at random."""
    tails, heads = marks == -1, marks == 1
    arrows = tails & heads.T  # marks[i, j] is that at i of the edge to j
    joined = (marks != 0) & (marks.T != 0) & ~arrows & ~arrows.T
    coin = np.triu(rng.random(marks.shape) < 0.5, 1)
    return (arrows | (joined & (coin | (~coin.T & np.tril(np.ones_like(coin), -1))))).astype(int)


def pc(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from causallearn.search.ConstraintBased.PC import pc as run

    found = run(values, alpha=0.05, indep_test="fisherz", show_progress=False)
    return turned(found.G.graph, rng)


def ges(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from causallearn.search.ScoreBased.GES import ges as run

    return turned(run(values, score_func="local_score_BIC")["G"].graph, rng)


def direct_lingam(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    import lingam

    model = lingam.DirectLiNGAM()
    model.fit(values)
    return (np.abs(model.adjacency_matrix_).T > 0.05).astype(int)


def dagma(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from dagma.linear import DagmaLinear

    with contextlib.redirect_stderr(io.StringIO()):  # its progress bars
        found = DagmaLinear(loss_type="l2").fit(values, lambda1=0.02)
    return (np.abs(found) > 0).astype(int)


def sumu(values: np.ndarray, seed: int, given: argparse.Namespace) -> Believed:
    from sumu import Data, Gadget

    np.random.seed(seed)  # noqa: NPY002 - its own generator is the global one
    nodes = values.shape[1]
    dags, _ = Gadget(
        data=Data(values, discrete=False), scoref="bge", ess=10, max_id=-1,
        K=min(nodes - 1, 8), d=2, cp_algo="greedy-lite", mc3_chains=6,
        burn_in=2000, iterations=2000, thinning=4, tolerance=2**-32,
    ).sample()  # fmt: skip
    graphs = np.zeros((len(dags), nodes, nodes), dtype=int)
    for graph, dag in zip(graphs, dags, strict=True):
        for child, *parents in dag:  # (child,) or (child, parents)
            for each in parents:
                graph[list(each), child] = 1
    return Believed(graphs, np.full(len(graphs), 1 / len(graphs)))


def dibs(values: np.ndarray, seed: int, given: argparse.Namespace) -> Believed:
    import jax
    from dibs.inference import MarginalDiBS
    from dibs.models import BGe
    from dibs.target import make_graph_model

    nodes = values.shape[1]
    model = MarginalDiBS(
        x=jax.numpy.array(values),
        graph_model=make_graph_model(n_vars=nodes, graph_prior_str="er"),
        likelihood_model=BGe(n_vars=nodes),
    )
    found = model.sample(key=jax.random.PRNGKey(seed), n_particles=20, steps=1000)
    mixture = model.get_mixture(found)
    weights = np.exp(np.asarray(mixture.logp))
    graphs = np.asarray(mixture.g)
    if not graphs.any():  # what it gives with some versions of jax, whatever the data
        raise RuntimeError("DiBS drew empty graphs only")
    if not np.isfinite(weights).all() or weights.sum() == 0:
        weights = np.ones(len(graphs))
    return Believed(graphs, weights / weights.sum())


METHODS: dict[str, Method] = {
    "causalif, ladder": here("ladder"),
    "causalif, BGe": here("bge"),
    "PC": bootstrap(pc),
    "GES": bootstrap(ges),
    "DirectLiNGAM": bootstrap(direct_lingam),
    "DAGMA": bootstrap(dagma),
    "sumu": sumu,
    "DiBS": dibs,
}


CELL = ("d", "n", "mechanism", "method", "set")


class OutOfTimeError(Exception):
    """The method took longer than `--limit`."""


def _stop(*_: Any) -> None:
    raise OutOfTimeError


def timed(method: Method, one: Case, seed: int, given: argparse.Namespace) -> dict[str, Any]:
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(given.limit)
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = method(one.values, seed, given)
    except OutOfTimeError:
        return {"failed": "time"}
    except Exception as error:
        return {"failed": type(error).__name__}
    finally:
        signal.alarm(0)
    seconds = time.perf_counter() - start
    return {**measures(found, one.truth), "seconds": seconds, "failed": ""}


def warm_up(given: argparse.Namespace) -> None:
    """What is compiled on first use is not timed."""
    small = case(4, 60, "random", "linear", np.random.default_rng(0))
    for name in given.methods:
        timed(METHODS[name], small, 0, given)
    if any(nodes > 14 for nodes in given.nodes):
        wide = case(15, 60, "random", "linear", np.random.default_rng(0))
        timed(METHODS["causalif, BGe"], wide, 0, given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[5, 10, 20])
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 500, 1000])
    parser.add_argument("--mechanisms", nargs="+", default=list(MECHANISMS))
    parser.add_argument("--shapes", nargs="+", default=["random", "scale-free"])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--sets", type=int, default=5)
    parser.add_argument("--bootstrap", type=int, default=20)
    parser.add_argument("--limit", type=int, default=300, help="seconds per method and data set")
    parser.add_argument("--keep", type=Path, help="a csv file: what it has is not run again")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    warm_up(given)
    kept = given.keep is not None and given.keep.is_file()
    rows = pd.read_csv(given.keep).to_dict("records") if kept else []
    done = {tuple(row[key] for key in CELL) for row in rows}
    for nodes in given.nodes:
        for count in given.rows:
            for mechanism in given.mechanisms:
                for seed in range(given.sets):
                    shape = given.shapes[seed % len(given.shapes)]
                    rng = np.random.default_rng([nodes, count, seed])
                    one = case(nodes, count, shape, mechanism, rng)
                    for name in given.methods:
                        cell = {"d": nodes, "n": count, "mechanism": mechanism, "method": name,
                                "set": seed}  # fmt: skip
                        if tuple(cell.values()) in done:
                            continue
                        rows.append({**cell, **timed(METHODS[name], one, seed, given)})
                        last = rows[-1]
                        print(nodes, count, mechanism, seed, name, last.get("failed"),
                              round(last.get("seconds", 0), 1), flush=True)  # fmt: skip
                        if given.keep is not None:
                            pd.DataFrame(rows).to_csv(given.keep, index=False)
                write(pd.DataFrame(rows), given)


def write(found: pd.DataFrame, given: argparse.Namespace) -> None:
    """Means over data sets; seconds as the median and as a multiple of causalif's BGe."""
    keys = ["d", "n", "mechanism", "method"]
    grouped = found.groupby(keys, sort=False)
    table = grouped[["arrows AUROC", "paths AUROC", "expected SHD", "log loss"]].mean().round(3)
    table["seconds"] = grouped["seconds"].median().round(2)
    own = table["seconds"].xs("causalif, BGe", level="method")
    table["x BGe"] = (
        table["seconds"] / own.reindex(table.index.droplevel("method")).to_numpy()
    ).round(1)
    table["sets"] = grouped["seconds"].count()
    failed = grouped["failed"].agg(
        lambda f: ", ".join(sorted({x for x in f if isinstance(x, str) and x}))
    )
    table["failed by"] = failed
    text = table.reset_index().to_markdown(index=False)
    if given.out is None:
        print(text)
        return
    packages = ["causal-learn", "lingam", "dagma", "sumu", "dibs-lib"]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    head = (
        "# Graphs from data, beside peers\n\n"
        f"`make bench-sigma`, {datetime.date.today()}; {given.sets} data sets a row, "
        f"{given.bootstrap} bootstrap resamples, limit {given.limit} s; {versions}.\n\n"
    )
    given.out.write_text(head + " ".join(str(__doc__).split("\n\n")[2].split()) + f"\n\n{text}\n")


if __name__ == "__main__":
    main()
