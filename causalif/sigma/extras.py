"""Libraries that one method needs and the others do not: named where they are missing."""

from __future__ import annotations

from importlib.util import find_spec


def needed(*libraries: str, what: str) -> None:
    """Raise where a library that `what` needs is not installed.

    Parameters
    ----------
    libraries : str
        As they are installed: "numba", "torch", "pyro-ppl".
    what : str
        The function or option, as the user wrote it.

    Raises
    ------
    ImportError
        Names the libraries that are missing.

    Examples
    --------
    >>> needed("numpy", what="method='mcmc'")
    >>> needed("nump", what="method='mcmc'")
    Traceback (most recent call last):
    ImportError: method='mcmc' needs nump: pip install nump
    """
    missing = [name for name in libraries if find_spec(_IMPORTED_AS.get(name, name)) is None]
    if missing:
        raise ImportError(f"{what} needs {' and '.join(missing)}: pip install {' '.join(missing)}")


_IMPORTED_AS = {"pyro-ppl": "pyro"}
