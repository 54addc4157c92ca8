"""The command line: one parser, one line on stderr for whatever is refused."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from causalif import __version__
from causalif.cli import effects, fairness, graphs, rows, sigma
from causalif.errors import CausalifError, CausalifWarning, DataError


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
            code = int(chosen.run(chosen))
            sys.stdout.flush()
            return code
        except CausalifError as error:
            print(f"causalif: {_one_line(error)}", file=sys.stderr)
            return 2
        except BrokenPipeError:  # the reader has seen enough, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0


class _Parser(argparse.ArgumentParser):
    """Refuses wrong arguments as everything else is refused: in one line."""

    def error(self, message: str) -> NoReturn:
        raise DataError(f"{message.rstrip('.')}. See {self.prog} --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="causalif", description="Causal effects with their influence functions.")
    parser.add_argument("--version", action="version", version=f"causalif {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    effects.add_commands(commands)
    graphs.add_commands(commands)
    sigma.add_commands(commands)
    fairness.add_commands(commands)
    rows.add_commands(commands)
    return parser


def _one_line(message: Any) -> str:
    return " ".join(str(message).split())


def _show_warning(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
    print(f"{category.__name__}: {_one_line(message)}", file=sys.stderr)
