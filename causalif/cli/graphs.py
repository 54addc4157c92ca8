"""``causalif dag``: what a graph says, before there are any data."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from causalif.cli.arguments import check_output, graph_source, names
from causalif.cli.tables import read_table
from causalif.errors import DataError, NotIdentified

if TYPE_CHECKING:
    from causalif.graph.search import Graph


def add_commands(commands: Any) -> None:
    """The command, with its arguments."""
    dag = commands.add_parser(
        "dag",
        help="adjustment sets, pathways and implied independencies of a causal graph",
        description="FILE holds arrows, dagitty or DOT text, or a .bif network; arrows in quotes "
        "serve as well, and - reads standard input.",
    )
    dag.add_argument("graph", metavar="FILE")
    dag.add_argument("--exposure", metavar="NODE", help="by default the one marked [exposure]")
    dag.add_argument("--outcome", metavar="NODE", help="by default the one marked [outcome]")
    dag.add_argument("--mediators", type=names, metavar="A,B")
    dag.add_argument("--covariates", type=names, metavar="A,B", help="a set to judge")
    dag.add_argument("--latent", type=names, default=[], metavar="A,B", help="not measured")
    dag.add_argument("--estimand", default="total", metavar="total|natural|cde|wcde")
    dag.add_argument("--limit", type=int, default=20, help="sets and pathways to print at most")
    dag.add_argument("--data", metavar="DATA.csv", help="test what the graph implies on data")
    dag.add_argument("--plot", metavar="FILE", help="draw the graph (png, svg, pdf)")
    dag.add_argument("--json", action="store_true", help="print the answers as JSON")
    dag.set_defaults(run=_dag)


def _dag(chosen: argparse.Namespace) -> int:
    from causalif.graph.dag import latent_nodes
    from causalif.graph.read import read_dag

    check_output("--plot", chosen.plot)
    if chosen.limit < 1:
        raise DataError(f"--limit {chosen.limit} is not a whole number from 1 up.")
    dag = read_dag(graph_source(chosen.graph))
    exposure, outcome = _ends(dag, chosen)
    roles = {"mediators": chosen.mediators, "latent": chosen.latent, "estimand": chosen.estimand}
    hidden = sorted(map(str, {*latent_nodes(dag), *chosen.latent}))
    latent = f", {len(hidden)} latent ({', '.join(hidden)})" if hidden else ""
    answers: dict[str, Any] = {
        "graph": f"{dag.number_of_nodes()} nodes, {dag.number_of_edges()} arrows{latent}"
    }
    if exposure is not None and outcome is not None:
        answers |= _about_effect(dag, exposure, outcome, chosen, roles)
    answers["independencies"] = _independencies(dag, chosen)
    fit = _fit(dag, chosen)
    if chosen.json:
        table = {} if fit is None else {"fit": json.loads(fit.table.to_json(orient="records"))}
        print(json.dumps(answers | table, ensure_ascii=False))
    else:
        print(_page(answers, chosen))
        if fit is not None:
            print(f"\n{fit.summary()}")
    return _draw(dag, exposure, outcome, chosen)


def _ends(dag: Graph, chosen: argparse.Namespace) -> tuple[Any, Any]:
    """Exposure and outcome, named or marked; both or neither."""
    from causalif.graph.dag import nodes_of_role

    found: list[Any] = []
    for role in ("exposure", "outcome"):
        named, marked = getattr(chosen, role), nodes_of_role(dag, role)
        if named is None and len(marked) > 1:
            raise DataError(
                f"the graph marks {len(marked)} nodes as {role}. Name one with --{role}."
            )
        found.append(named if named is not None else next(iter(marked), None))
    if (found[0] is None) != (found[1] is None):
        role = "exposure" if found[0] is None else "outcome"
        raise DataError(f"no {role} is named, nor marked in the graph. Give --{role} NODE.")
    return found[0], found[1]


def _about_effect(
    dag: Graph, exposure: Any, outcome: Any, chosen: argparse.Namespace, roles: dict[str, Any]
) -> dict[str, Any]:
    from causalif.graph.adjustment import adjustment_sets
    from causalif.graph.explain import explain
    from causalif.graph.optimal import optimal_adjustment_set
    from causalif.graph.pathways import mediation_pathways

    told = explain(dag, exposure, outcome, chosen.covariates, **roles)
    try:
        best = _in_order(dag, optimal_adjustment_set(dag, exposure, outcome, **roles))
    except NotIdentified:
        best = None
    most = chosen.limit + 1  # one more than is printed tells that there are more
    found = adjustment_sets(dag, exposure, outcome, limit=most, **roles)
    paths = mediation_pathways(dag, exposure, outcome, limit=most)
    return {
        "exposure": str(exposure),
        "outcome": str(outcome),
        "pathways": [list(map(str, path)) for path in paths],
        "estimand": chosen.estimand,
        "effect": told.effect,
        "minimal_sets": [_in_order(dag, each) for each in found],
        "optimal_set": best,
        "valid": told.valid,
        "explanation": str(told),
    }


def _in_order(dag: Graph, nodes: Any) -> list[str]:
    return [str(node) for node in dag if node in nodes]


def _independencies(dag: Graph, chosen: argparse.Namespace) -> list[str]:
    from causalif.graph.independencies import implied_independencies

    return [str(each) for each in implied_independencies(dag, latent=chosen.latent)]


def _fit(dag: Graph, chosen: argparse.Namespace) -> Any:
    if chosen.data is None:
        return None
    from causalif.independence import graph_fit

    return graph_fit(read_table(chosen.data), dag, latent=chosen.latent, seed=1)


def _page(answers: dict[str, Any], chosen: argparse.Namespace) -> str:
    """The answers as text, long lists cut at the limit."""
    lines = [answers["graph"]]
    if "exposure" in answers:
        lines += _list("pathways", [" -> ".join(p) for p in answers["pathways"]], chosen.limit)
        sets = ["{" + ", ".join(each) + "}" for each in answers["minimal_sets"]]
        lines += _list(f"minimal adjustment sets for {answers['effect']}", sets, chosen.limit)
        lines += ["", answers["explanation"]]
    lines += _list("implied independencies", answers["independencies"], chosen.limit)
    return "\n".join(lines)


def _list(title: str, items: Sequence[str], limit: int) -> list[str]:
    shown = [f"  {item}" for item in items[:limit]] or ["  none"]
    more = ["  and more (--limit)"] if len(items) > limit else []
    return ["", f"{title[0].upper()}{title[1:]}:", *shown, *more]


def _draw(dag: Graph, exposure: Any, outcome: Any, chosen: argparse.Namespace) -> int:
    if chosen.plot is None:
        return 0
    from causalif.graph.picture import plot_dag

    covariates: Any = chosen.covariates
    axes = plot_dag(
        dag,
        exposure,
        outcome,
        covariates=[] if covariates is None else covariates,
        mediators=chosen.mediators or (),
        latent=chosen.latent,
    )
    try:
        figure: Any = axes.figure
        figure.savefig(chosen.plot, bbox_inches="tight")
    except ValueError as error:  # matplotlib names the formats that it can write
        raise DataError(f"--plot {chosen.plot!r} cannot be drawn: {error}.") from None
    print(f"\nPlot: {chosen.plot}", file=sys.stderr if chosen.json else sys.stdout)
    return 0
