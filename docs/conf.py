"""Sphinx: the site from docstrings, vignettes and benchmark tables; nothing is fetched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import jupytext

import causalif

DOCS = Path(__file__).parent
ROOT = DOCS.parent

project = "causalif"
author = "The causalif developers"
copyright = author
version = release = causalif.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_nb",
    "sphinx-mathjax-offline",
]
exclude_patterns = ["_build", "**.ipynb_checkpoints", "jupyter_execute"]
templates_path = ["_templates"]

# `name` in a docstring links to what it names, where there is a page for it.
default_role = "py:obj"
autosummary_generate = True
autosummary_imported_members = False
autodoc_typehints = "none"
autodoc_class_signature = "mixed"
numpydoc_show_class_members = False

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3

# A vignette that fails, fails the build. Nothing is cached: the package under it may have changed.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

html_theme = "pydata_sphinx_theme"
html_title = f"causalif {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Pages that are read, not looked up, get the width of the left column for tables and code.
READ = "index start data LICENCES contributing changelog vignettes/* benchmarks/*"
html_sidebars = {page: [] for page in READ.split()}
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 5,
    "footer_start": ["copyright"],
    "footer_end": [],
}


def lay_out_pages() -> None:
    """Bring in what is written elsewhere: vignettes as notebooks, benchmark tables as pages."""
    for folder in ("vignettes", "benchmarks"):
        shutil.rmtree(DOCS / folder, ignore_errors=True)
        (DOCS / folder).mkdir()
    for source in sorted((ROOT / "vignettes").glob("*.py")):
        notebook = jupytext.read(source, fmt="py:percent")
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        jupytext.write(notebook, DOCS / "vignettes" / f"{source.stem}.ipynb", fmt="ipynb")
    for table in sorted((ROOT / "benchmarks").glob("*/*.md")):
        shutil.copy(table, DOCS / "benchmarks" / f"{table.parent.name}-{table.name}")
    for picture in (ROOT / "benchmarks").glob("*/*.svg"):  # tables name them as beside them
        shutil.copy(picture, DOCS / "benchmarks" / picture.name)
    for folder in ("vignettes", "benchmarks"):
        if not any((DOCS / folder).iterdir()):
            (DOCS / folder / "none.md").write_text(
                "# There is no page here yet\n", encoding="utf-8"
            )


# The kernels inherit these: figures land on the page, and no widget library is missed there.
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
os.environ["PYTHONWARNINGS"] = "ignore:IProgress not found"
lay_out_pages()


# What every estimator of scikit-learn has is documented there, with links to its own pages.
SCIKIT_LEARN = {"get_params", "set_params", "set_output", "get_metadata_routing"}


def of_scikit_learn(app, what, name, member, skip, options):
    """Leave inherited methods out of the page of a transformer; None leaves the choice."""
    return True if name in SCIKIT_LEARN or name.endswith("_request") else None


def setup(app):
    """What Sphinx calls once."""
    app.connect("autodoc-skip-member", of_scikit_learn)
