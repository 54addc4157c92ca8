"""AirRep and influence functions beside models trained again, on handwritten digits.

    python -m benchmarks.attribution.airrep --out benchmarks/results/AIRREP.md

Two pools of 700 digits with 10% random labels. AirRep learns from one training on each of 400
subsets of 100 rows of pool A, by the losses of 297 queries. The truth is the mean loss of six
trainings on each of 100 new subsets: of A and of B, which AirRep never saw, of 100 and of 350
rows, on 100 queries that it never saw. Linear datamodeling scores, least and most of the seeds. A
network has layers of 64, 16, 12 and 10 units; influence functions are of one, and of three, that
were trained on the whole pool, with the damping of their training; TRAK has 128 dimensions.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

import causalif as cif
from benchmarks.attribution.spread import least_and_most
from causalif.errors import DataWarning

neural = cif.attribution.neural
WIDTHS = (64, 16, 12, 10)
STEPS, BATCH, RATE, MOMENTUM = 400, 32, 0.05, 0.9
POOL_STEPS = 200


class Many:
    """Networks that are trained side by side."""

    def __init__(self, count: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.parameters = []
        for into, out in itertools.pairwise(WIDTHS):
            bound = into**-0.5
            self.parameters.append((torch.rand(count, into, out) * 2 - 1).mul(bound))
            self.parameters.append((torch.rand(count, 1, out) * 2 - 1).mul(bound))
        for parameter in self.parameters:
            parameter.requires_grad_()

    def __call__(self, x: Tensor) -> Tensor:
        weights, biases = self.parameters[::2], self.parameters[1::2]
        for k, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            x = x @ weight + bias
            x = torch.tanh(x) if k + 1 < len(weights) else x
        return x

    def train(self, x: Tensor, y: Tensor, rows: Tensor, steps: int) -> None:
        """`rows` are positions, (count, size)."""
        optimiser = torch.optim.SGD(self.parameters, lr=RATE, momentum=MOMENTUM)
        for _ in range(steps):
            some = rows.gather(1, torch.randint(rows.shape[1], (len(rows), BATCH)))
            loss = nn.functional.cross_entropy(
                self(x[some]).flatten(0, 1), y[some].flatten(), reduction="sum"
            )
            optimiser.zero_grad()
            (loss / BATCH).backward()
            optimiser.step()

    def losses(self, x: Tensor, y: Tensor) -> np.ndarray:
        """(queries, models)."""
        with torch.no_grad():
            scores = self(x).log_softmax(-1)
            return -scores[:, torch.arange(len(y)), y].T.double().numpy()

    def one(self, k: int) -> nn.Module:
        layers = [nn.Linear(a, b) for a, b in itertools.pairwise(WIDTHS)]
        with torch.no_grad():
            for layer, weight, bias in zip(
                layers, self.parameters[::2], self.parameters[1::2], strict=True
            ):
                layer.weight.copy_(weight[k].T)
                layer.bias.copy_(bias[k, 0])
        return nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2]).double()


def labelled(
    x: Tensor,
    y: Tensor,
    queries: tuple[Tensor, Tensor],
    count: int,
    size: int,
    seed: int,
    repeats: int,
) -> neural.SubsetLabels:
    rng = np.random.default_rng(seed)
    rows = np.stack([rng.choice(len(x), size, replace=False) for _ in range(count)])
    masks = np.zeros((count, len(x)), dtype=bool)
    np.put_along_axis(masks, rows, True, axis=1)
    found = []
    for repeat in range(repeats):
        many = Many(count, 1000 * seed + repeat)
        many.train(x, y, torch.as_tensor(rows), STEPS)
        found.append(many.losses(*queries))
    return neural.SubsetLabels(masks, np.stack(found))


def cross_entropy(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    return nn.functional.cross_entropy(model(batch[0]), batch[1], reduction="none")


def influences(
    x: Tensor, y: Tensor, queries: tuple[Tensor, Tensor], seed: int
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    many = Many(3, seed)
    many.train(x, y, torch.arange(len(x)).expand(3, -1), POOL_STEPS)
    models = [many.one(k) for k in range(3)]
    train, asked = (x.double(), y), (queries[0].double(), queries[1])
    damping = neural.trajectory_damping(RATE, MOMENTUM, POOL_STEPS)
    found, seconds = {}, {}
    for name, solver, iterations in (
        ("GradDot", "identity", 1),
        ("EKFAC", "ekfac", 1),
        ("ASTRA, 25 steps", "astra", 25),
        ("exact", "exact", 1),
    ):
        for count in (1, 3):
            begun = time.perf_counter()
            values = neural.astra(
                models[:count],
                cross_entropy,
                train,
                asked,
                solver=solver,
                damping=damping,
                iterations=iterations,
                seed=seed,
                progress=False,
            ).values
            label = f"{name}, {count} model{'s' if count > 1 else ''}"
            found[label], seconds[label] = values, time.perf_counter() - begun
    for count in (1, 3):
        begun = time.perf_counter()
        values = neural.trak(
            models[:count], cross_entropy, train, asked, dim=128, seed=seed, progress=False
        ).values
        label = f"TRAK, {count} model{'s' if count > 1 else ''}"
        found[label], seconds[label] = values, time.perf_counter() - begun
    return found, seconds


def trial(seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    digits = load_digits()
    rng = np.random.default_rng(seed)
    order = rng.permutation(1797)
    x = torch.as_tensor(digits.data[order] / 16, dtype=torch.float32)
    y = torch.as_tensor(digits.target[order])
    wrong = rng.choice(1400, 140, replace=False)
    y[wrong] = torch.as_tensor(rng.integers(0, 10, 140))
    pools = {"A": slice(0, 700), "B": slice(700, 1400)}
    known, asked = slice(1400, 1697), slice(1697, 1797)
    begun = time.perf_counter()
    labels = labelled(x[pools["A"]], y[pools["A"]], (x[known], y[known]), 400, 100, 50 + seed, 1)
    pair = {
        name: (x[part].numpy(), y[part].numpy())
        for name, part in {**pools, "known": known, "asked": asked}.items()
    }
    model = neural.AirRep(seed=seed).fit(pair["A"], pair["known"], labels, progress=False)
    seconds = {"labels and training": time.perf_counter() - begun}
    columns = {}
    for pool, part in pools.items():
        torch.set_num_threads(1)  # timings; threads that wake for little cost more than they give
        scores, spent = influences(x[part], y[part], (x[asked], y[asked]), seed)
        runs = []
        for _ in range(5):
            begun = time.perf_counter()
            model.scores(pair["asked"], pair[pool])
            runs.append(time.perf_counter() - begun)
        seconds |= {**spent, "AirRep": float(np.median(runs))}
        torch.set_num_threads(2)
        for size in (100, 350):
            truth = labelled(x[part], y[part], (x[asked], y[asked]), 100, size, 90 + seed + size, 6)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DataWarning)  # of groups of another size
                table = model.evaluate(pair[pool], pair["asked"], truth, others=scores)
            # Of either kind of score: rows of high ones lower the loss of a subset.
            columns[f"{pool}, size {size}"] = table["lds"]
            columns[f"{pool}, size {size}"]["ceiling"] = table["ceiling"].iloc[0]
    return pd.DataFrame(columns), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(2)
    tables, times = zip(*(trial(seed) for seed in range(given.seeds)), strict=True)
    shown = least_and_most(tables, 2)
    spent = pd.DataFrame(times).median().round(4).to_frame("seconds")
    about = __doc__.split("AIRREP.md", 1)[1].strip()
    text = (
        "# Predicted against retrained\n\n"
        f"`python -m benchmarks.attribution.airrep --seeds {given.seeds}`, "
        f"{datetime.date.today()}.\n\n{about}\n\n{shown.to_markdown()}\n\n"
        "Seconds for 100 queries and 700 rows on one thread, fits of EKFAC included:\n\n"
        f"{spent.to_markdown()}\n"
    )
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
