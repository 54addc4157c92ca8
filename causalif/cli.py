"""The command line: ``causalif demo`` and ``causalif mediate DATA.csv ...``."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from causalif import __version__
from causalif.errors import CausalifError, CausalifWarning, DataError

if TYPE_CHECKING:
    import pandas as pd

    from causalif.effects import EffectEstimate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0, or 2 with one line on stderr for bad input.

    Examples
    --------
    >>> main(["mediate", "no-such-file.csv", "--exposure", "a", "--outcome", "y",
    ...       "--mediators", "m"])
    2
    """
    with warnings.catch_warnings():
        warnings.simplefilter("default", CausalifWarning)  # each text once
        warnings.showwarning = _show_warning
        try:
            chosen = _parser().parse_args(arguments)
            return int(chosen.run(chosen))
        except CausalifError as error:
            print(f"causalif: {_one_line(error)}", file=sys.stderr)
            return 2


class _Parser(argparse.ArgumentParser):
    """Refuses wrong arguments as everything else is refused: in one line."""

    def error(self, message: str) -> NoReturn:
        raise DataError(f"{message.rstrip('.')}. See {self.prog} --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="causalif", description="Causal effects with their influence functions.")
    parser.add_argument("--version", action="version", version=f"causalif {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="mediation in the JOBS II trial, with an HTML report")
    demo.add_argument("--report", metavar="FILE", default="causalif-demo.html")
    demo.add_argument("--seed", type=int, default=1)
    demo.set_defaults(run=_demo)

    effect = commands.add_parser("effect", help="average effect of an exposure")
    _add_data_arguments(effect)
    effect.set_defaults(run=_effect)

    mediate = commands.add_parser("mediate", help="direct and indirect effects")
    _add_data_arguments(mediate)
    mediate.add_argument("--mediators", required=True, type=_names, metavar="A,B")
    mediate.add_argument("--decomposition", default="one", metavar="one|both")
    mediate.set_defaults(run=_mediate)
    return parser


def _add_data_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA.csv")
    parser.add_argument("--exposure", required=True, metavar="COLUMN")
    parser.add_argument("--outcome", required=True, metavar="COLUMN")
    parser.add_argument("--covariates", type=_names, default=[], metavar="A,B")
    parser.add_argument("--reference", metavar="LEVEL", help="level to compare with")
    parser.add_argument("--levels", type=_names, metavar="A,B", help="levels to compare")
    for role in ("weights", "clusters", "strata"):
        parser.add_argument(f"--{role}", metavar="COLUMN")
    parser.add_argument("--method", default="onestep", metavar="onestep|tmle|plugin|ipw")
    parser.add_argument("--learners", default="auto", metavar="auto|glm")
    parser.add_argument("--scale", default="difference", metavar="difference|ratio|odds_ratio")
    parser.add_argument("--missing", default="error", metavar="error|ipw|impute")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--truncate", type=float, metavar="FLOOR")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--n-jobs", "--jobs", type=int, default=1, dest="n_jobs")
    parser.add_argument("--level", type=float, default=0.95, help="of the intervals")
    parser.add_argument("--json", action="store_true", help="print the tidy table as JSON")
    parser.add_argument("--report", metavar="FILE", help="write an HTML report")


SHARED = (
    *("method", "learners", "scale", "missing", "folds", "repeats", "truncate", "seed"),
    *("n_jobs", "weights", "clusters", "strata"),
)


def _demo(chosen: argparse.Namespace) -> int:
    from causalif.datasets import load_dataset
    from causalif.effects import mediate

    _check_report(chosen.report)
    print("JOBS II: does a job-search workshop lower depression through confidence in the search?")
    print('cif.mediate("depress2 ~ treat | job_seek | econ_hard + sex + age", jobs)\n')
    found = mediate(
        load_dataset("jobs"),
        "treat",
        "depress2",
        "job_seek",
        ["econ_hard", "sex", "age"],
        seed=chosen.seed,
    )
    print(found.summary())
    return _write_report(found, chosen.report)


def _mediate(chosen: argparse.Namespace) -> int:
    from causalif.effects import mediate

    data = _checked_table(chosen)
    found = mediate(
        data,
        chosen.exposure,
        chosen.outcome,
        chosen.mediators,
        chosen.covariates,
        decomposition=chosen.decomposition,
        **_options(chosen, data),
    )
    return _show(found, chosen)


def _effect(chosen: argparse.Namespace) -> int:
    from causalif.effects import average_effect

    data = _checked_table(chosen)
    found = average_effect(
        data, chosen.exposure, chosen.outcome, chosen.covariates, **_options(chosen, data)
    )
    return _show(found, chosen)


def _options(chosen: argparse.Namespace, data: pd.DataFrame) -> dict[str, Any]:
    options = {name: getattr(chosen, name) for name in SHARED}
    return options | {
        "levels": _as_in_data(chosen.levels, chosen.exposure, data),
        "reference": (_as_in_data([chosen.reference], chosen.exposure, data) or [None])[0]
        if chosen.reference is not None
        else None,
    }


def _as_in_data(levels: list[str] | None, exposure: str, data: pd.DataFrame) -> list[Any] | None:
    """Words of the command line as the values they stand for in the exposure column."""
    if levels is None or list(data.columns).count(exposure) != 1:
        return levels  # the design says what is wrong with the exposure
    known = {str(value): value for value in data[exposure].dropna().unique().tolist()}
    return [known.get(word, _number(word)) for word in levels]


def _number(word: str) -> Any:
    try:
        return float(word)
    except ValueError:
        return word


def _checked_table(chosen: argparse.Namespace) -> pd.DataFrame:
    """The data, once all that would fail after the fits has been looked at."""
    from causalif.estimate.inference import check_level

    check_level(chosen.level)
    _check_report(chosen.report)
    return read_table(chosen.data)


def _check_report(report: str | None) -> None:
    if report is None:
        return
    file = Path(report).expanduser()
    if file.is_dir():
        raise DataError(f"--report {report!r} is a folder. Name a file in it, such as report.html.")
    if not file.parent.is_dir():
        raise DataError(f"no folder {str(file.parent)!r} for --report {report!r}. Make it first.")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise DataError(f"--report {report!r} cannot be written. Choose another place.")


def _show(found: EffectEstimate, chosen: argparse.Namespace) -> int:
    if chosen.json:
        print(found.tidy(level=chosen.level).to_json(orient="records", double_precision=15))
    else:
        print(found.summary(level=chosen.level))
    return _write_report(found, chosen.report, quiet=chosen.json)


def _write_report(found: EffectEstimate, report: str | None, *, quiet: bool = False) -> int:
    if report is not None:
        path = found.report(report)
        print(f"\nReport: {path}", file=sys.stderr if quiet else sys.stdout)
    return 0


def read_table(path: str) -> pd.DataFrame:
    """Read a CSV file (also compressed), or say in one line why not.

    Raises
    ------
    DataError
        Missing, empty, not UTF-8, a folder, or another separator than a comma.
    """
    import pandas as pd

    if os.path.isdir(path):
        raise DataError(f"{path!r} is a folder. Give the path of one CSV file.")
    if not os.path.exists(path):
        raise DataError(f"no file {path!r}. Check the path; it is read from {Path.cwd()}.")
    try:
        header = pd.read_csv(path, header=None, nrows=1, dtype=str).iloc[0]
        _check_separator(path, list(header))
        table = pd.read_csv(path, low_memory=False)
    except DataError:
        raise
    except pd.errors.EmptyDataError:
        raise DataError(f"{path!r} is empty. Give a CSV file with a header line.") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path!r} is not UTF-8 text (byte {error.start}). Save it as UTF-8 CSV."
        ) from None
    except Exception as error:  # whatever a parser or a decompressor makes of another format
        why = str(error).strip() or type(error).__name__
        raise DataError(
            f"{path!r} cannot be read as CSV: {why.rstrip('.')}. Save it as UTF-8 CSV, separated "
            "by commas."
        ) from None
    if len(header) == table.shape[1]:  # pandas would rename the second of two equal names
        table.columns = [
            table.columns[k] if pd.isna(name) else name for k, name in enumerate(header)
        ]
    return table


def _check_separator(path: str, header: list[Any]) -> None:
    if len(header) > 1:
        return
    for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if separator in str(header[0]):
            raise DataError(f"{path!r} is separated by {name}. Save it with commas.")
    raise DataError(
        f"{path!r} has one column only, {str(header[0])[:60]!r}. Columns are separated by commas."
    )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _one_line(message: Any) -> str:
    return " ".join(str(message).split())


def _show_warning(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
    print(f"{category.__name__}: {_one_line(message)}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
