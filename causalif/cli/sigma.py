"""``causalif sigma``: pathways and their effects when the graph itself is uncertain."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalif.cli.arguments import as_in_data, check_output, names
from causalif.cli.tables import read_table
from causalif.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from causalif.sigma.posterior import DAGPosterior
    from causalif.sigma.result import SigmaResult

INTERRUPTED = 130  # as shells have it: 128 + SIGINT
# What is handed on as it was given; the rest has defaults of the function's own.
EFFECTS = ("level", "threshold", "fdr", "max_length", "learners", "split", "seed", "n_jobs")
GRAPHS = (
    *("method", "score", "tiers", "required", "forbidden", "max_parents", "samples", "columns"),
    "checkpoint",
)


def add_commands(commands: Any) -> None:
    """The command, with its arguments."""
    sigma = commands.add_parser(
        "sigma",
        help="mediation pathways and effects, averaged over causal graphs",
        description="Learns how probable each causal graph of the columns is, and through which "
        "pathways the exposure acts in them.",
    )
    sigma.add_argument("data", metavar="DATA.csv")
    sigma.add_argument("--exposure", required=True, metavar="COLUMN")
    sigma.add_argument("--outcome", required=True, metavar="COLUMN")
    _add_graph_arguments(sigma)
    sigma.add_argument("--levels", type=names, metavar="A,B", help="to compare, reference first")
    sigma.add_argument("--learners", metavar="auto|glm")
    sigma.add_argument("--threshold", type=float, metavar="P", help="of a stable pathway")
    sigma.add_argument("--fdr", type=float, metavar="Q", help="of stable pathways, in its place")
    sigma.add_argument("--level", type=float, metavar="P", help="of intervals")
    sigma.add_argument("--max-length", type=int, metavar="L", help="most arrows of a pathway")
    sigma.add_argument(
        "--split", action="store_true", default=None, help="graphs and effects from other rows"
    )
    sigma.add_argument("--seed", type=int)
    sigma.add_argument("--n-jobs", "--jobs", type=int, dest="n_jobs")
    sigma.add_argument("--json", action="store_true", help="print the tidy table as JSON")
    sigma.add_argument("--report", metavar="FILE", help="write an HTML report")
    sigma.add_argument("--plot", metavar="FILE", help="draw the pathways (png, svg, pdf)")
    sigma.set_defaults(run=_sigma)


def _add_graph_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--columns", type=names, metavar="A,B", help="the nodes; by default all")
    parser.add_argument("--method", metavar="flow|mcmc|exact")
    parser.add_argument("--score", metavar="ladder|bge|bic|bdeu|mixed")
    parser.add_argument(
        "--tier", type=names, action="append", dest="tiers", metavar="A,B",
        help="columns of one time; once for each time, the earliest first",
    )  # fmt: skip
    parser.add_argument("--required", metavar='"A -> B; ..."', help="arrows that must be")
    parser.add_argument("--forbidden", metavar='"A -> B; ..."', help="arrows that cannot be")
    parser.add_argument("--max-parents", type=int, metavar="K", help="of a column")
    parser.add_argument("--samples", type=int, metavar="N", help="graphs to draw")
    parser.add_argument("--checkpoint", metavar="DIR", help="keep what is done, to go on from it")
    parser.add_argument("--save", metavar="FILE.npz", help="keep the posterior over graphs")
    parser.add_argument("--posterior", metavar="FILE.npz", help="use one that was kept")


def _sigma(chosen: argparse.Namespace) -> int:
    try:
        return _run(chosen)
    except KeyboardInterrupt:
        print(f"causalif: stopped. {_kept(chosen.checkpoint)}", file=sys.stderr)
        return INTERRUPTED
    except ImportError as error:
        if error.name is not None:  # a fault of ours; a missing extra is named in words
            raise
        raise DataError(str(error)) from None


def _kept(folder: str | None) -> str:
    if folder is None:
        return "Nothing is kept; with --checkpoint DIR it would be."
    place = str(Path(folder).expanduser().resolve())
    return f"What is done is kept in {place}; the same command goes on from there."


def _run(chosen: argparse.Namespace) -> int:
    _check_outputs(chosen)
    data, posterior = read_table(chosen.data), _read_posterior(chosen.posterior)
    from causalif.sigma.analysis import sigma_analysis

    found = sigma_analysis(
        data, chosen.exposure, chosen.outcome, posterior=posterior, **_options(chosen, data)
    )
    return _show(found, chosen)


def _check_outputs(chosen: argparse.Namespace) -> None:
    """Refuse, before any work, what could not be written after it."""
    for option in ("report", "plot", "save"):
        check_output(f"--{option}", getattr(chosen, option))
    if chosen.save is not None and chosen.split:
        raise DataError("--save keeps one posterior, and --split makes two. Leave one out.")
    if chosen.plot is not None:
        from matplotlib.backend_bases import FigureCanvasBase

        known = FigureCanvasBase.get_supported_filetypes()
        kind = Path(chosen.plot).suffix.removeprefix(".").lower()
        if kind and kind not in known:
            raise DataError(
                f"--plot {chosen.plot!r} cannot be drawn as .{kind}. Name a .png, .svg or .pdf."
            )


def _read_posterior(path: str | None) -> DAGPosterior | None:
    if path is None:
        return None
    from causalif.sigma.posterior import DAGPosterior

    return DAGPosterior.load(path)


def _options(chosen: argparse.Namespace, data: pd.DataFrame) -> dict[str, Any]:
    given = {name: getattr(chosen, name) for name in (*EFFECTS, *GRAPHS)}
    given["levels"] = as_in_data(chosen.levels, chosen.exposure, data)
    return {name: value for name, value in given.items() if value is not None}


def _show(found: SigmaResult, chosen: argparse.Namespace) -> int:
    if chosen.json:
        print(found.tidy().to_json(orient="records", double_precision=15))
    else:
        print(found.summary())
    written: dict[str, object] = {}
    if chosen.report is not None:
        written["Report"] = found.report(chosen.report)
    if chosen.plot is not None:
        figure: Any = found.plot().figure
        figure.savefig(chosen.plot, bbox_inches="tight")
        written["Plot"] = chosen.plot
    if chosen.save is not None:
        found.posterior.save(chosen.save)
        written["Posterior"] = chosen.save
    lines = [f"{what}: {path}" for what, path in written.items()]
    if lines:
        print("\n" + "\n".join(lines), file=sys.stderr if chosen.json else sys.stdout)
    return 0
