"""Published figures beside ours: medoutcon's simulation, its truth, and regmedint's closed forms.

python -m benchmarks.published --out benchmarks/results/PUBLISHED.md
"""

from __future__ import annotations

import argparse
import datetime
import sys
import time
import warnings
from pathlib import Path

import pandas as pd

import causalif as cif

SIMULATED = {
    "exposure": "A",
    "outcome": "Y",
    "mediators": "M",
    "covariates": ["W_1", "W_2", "W_3"],
    "intermediates": "Z",
    "estimand": "interventional",
}
# The generating law, enumerated; and what R medoutcon 0.2.4 prints in its README (SE 0.028).
TRUTH = {"OE": -0.0985760679464, "IDE": -0.073987814061, "IIE": -0.0245882538855}
README = {"onestep": -0.102, "tmle": -0.103}
# R regmedint 1.0.1, linear outcome with an exposure-mediator product, mediator held at 1.
REGMEDINT = {"vv2015": (("x", "y", "m", "c"), 0.215859336989, 0.124248488437)}


def medoutcon() -> list[dict]:
    """Interventional effects of the simulated data, by method and learners."""
    data, rows = cif.load_dataset("medoutcon_sim"), []
    for method in ("onestep", "tmle"):
        for learners in ("auto", "glm"):
            start = time.perf_counter()
            found = cif.mediate(data, **SIMULATED, method=method, learners=learners, seed=1)
            seconds = time.perf_counter() - start
            rows += [
                {
                    "data": "medoutcon_sim",
                    "term": term,
                    "method": f"{method}, {learners}",
                    "ours": found.values[term],
                    "SE": found.std_error[term],
                    "published": README[method] if term == "IDE" else float("nan"),
                    "truth": truth,
                    "seconds": seconds,
                }
                for term, truth in TRUTH.items()
            ]
    return rows


def regmedint() -> list[dict]:
    """Controlled direct effects of a linear model, by regression and by one-step."""
    rows = []
    for name, (roles, value, _) in REGMEDINT.items():
        for method, folds in (("plugin", 1), ("onestep", 5)):
            start = time.perf_counter()
            found = cif.controlled_direct_effect(
                cif.load_dataset(name), *roles, at={roles[2]: 1}, method=method, folds=folds,
                learners="glm", seed=1,
            )  # fmt: skip
            rows.append(
                {
                    "data": name,
                    "term": "CDE",
                    "method": f"{method}, glm, {folds} folds",
                    "ours": found.values["CDE"],
                    "SE": found.std_error["CDE"],
                    "published": value,
                    "truth": float("nan"),
                    "seconds": time.perf_counter() - start,
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", help="write the table to this markdown file")
    chosen = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = pd.DataFrame(medoutcon() + regmedint()).round(4)
    print(table.to_string(index=False))
    if chosen.out:
        command = "python -m benchmarks.published " + " ".join(sys.argv[1:])
        body = table.to_markdown(index=False)
        Path(chosen.out).write_text(
            f"# Published figures beside ours\n\n{datetime.date.today()}: `{command}`\n\n{body}\n"
        )


if __name__ == "__main__":
    main()
