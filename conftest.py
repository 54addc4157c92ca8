"""What every test and every example of a docstring starts from."""

from __future__ import annotations

import os
import sys

import numpy as np
import pandas as pd
import pytest

import causalif

# Set before matplotlib is first imported: tests draw into files, never onto a screen.
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(autouse=True)
def _usual_names(doctest_namespace):
    """The three names that the examples take as known, as in the literature of pandas."""
    doctest_namespace.update({"cif": causalif, "np": np, "pd": pd})


@pytest.fixture(autouse=True)
def _figures_closed():
    """Whatever a test has drawn is gone after it: open figures would add up to a warning."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
