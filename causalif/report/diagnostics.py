"""Plots of what an analysis leaned on: balance of the covariates, losses of the learners."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from causalif.errors import DataError
from causalif.report import canvas

FAR = 2.0  # times the loss of the mean predictor: the learner diverged, how far matters little


def balance(table: pd.DataFrame, *, threshold: float = 0.1, ax: Axes | None = None) -> Axes:
    """Love plot: how far apart the exposure groups are in each covariate.

    Parameters
    ----------
    table : DataFrame
        Standardised mean differences: a row per covariate, a column per way to compare
        ("unadjusted", "weighted"); the worst in the first column comes on top.
    threshold : float
        A difference that is thought to matter, in standard deviations.
    ax : Axes, optional

    Returns
    -------
    Axes
        Absolute differences; the legend counts the covariates beyond the threshold.

    Raises
    ------
    DataError
        There are no rows or no columns.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"unadjusted": [0.3, -0.4], "weighted": [0.02, 0.01]}, ["age", "sex"])
    >>> ax = balance(table, ax=Figure().subplots())
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['sex', 'age']
    """
    if table.empty:
        raise DataError("balance: the table has no covariates or no columns of differences.")
    size = table.astype(float).abs()
    order = np.argsort(-size.iloc[:, 0].fillna(np.inf).to_numpy(), kind="stable")
    size = size.iloc[order]
    rows = np.arange(len(size))
    ax = canvas.blank_axes(ax, rows=len(size))
    canvas.list_rows(ax, [canvas.shorten(label) for label in size.index], "Covariate")
    ax.hlines(rows, size.min(axis=1), size.max(axis=1), color="0.75", linewidth=1.0, zorder=1)
    for k, column in enumerate(size.columns):
        beyond = int((size[column] > threshold).sum())
        label = canvas.literal(f"{column} ({beyond} of {len(size)} above {threshold:g})")
        look = canvas.marker(k, is_open=k == 0)
        ax.plot(size[column], rows, label=label, gid=f"column-{k}", **look)
    ax.axvline(threshold, color=canvas.INK, linestyle="--", linewidth=1.0, zorder=0.5)
    ax.axvline(0, color="0.6", linewidth=0.8, zorder=0.5)
    ax.grid(axis="y", color="0.93", linewidth=0.6)
    ax.set_xlim(left=-0.02 * np.nanmax(np.append(size, threshold)))
    canvas.name_axes(ax, "Absolute standardised mean difference (standard deviations)")
    canvas.legend_above(ax)
    return ax


def learners(losses: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """How well each learner predicts each nuisance, and its weight in the stack.

    Parameters
    ----------
    losses : DataFrame
        Columns ``nuisance``, ``learner``, ``loss`` (out of fold, divided by the loss of the
        mean predictor: below 1 is better than no covariates), ``weight`` (in the stack, 0 to
        1). Several rows of one nuisance and learner (folds) share a line.
    ax : Axes, optional

    Returns
    -------
    Axes
        Filled dots: learners with weight in the stack. An arrow: a loss beyond twice that of
        the mean predictor, with its number.

    Raises
    ------
    DataError
        A column is absent, or there are no rows.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> losses = pd.DataFrame({"nuisance": ["E[Y | A, W]"] * 2, "learner": ["linear", "boosting"],
    ...     "loss": [0.8, 0.9], "weight": [0.7, 0.3]})
    >>> learners(losses, ax=Figure().subplots()).get_xlabel()
    'Loss out of fold (share of the loss of the mean predictor)'
    """
    canvas.require(losses, ["nuisance", "learner", "loss", "weight"], "learners")
    losses = losses.astype({"loss": float, "weight": float})
    labels: list[str] = []
    weights: list[str] = []
    heads: list[int] = []
    dots: list[tuple[int, float, bool]] = []
    for nuisance, its_losses in losses.groupby("nuisance", sort=False, observed=True):
        heads.append(len(labels))
        labels.append(canvas.shorten(nuisance, 40))
        weights.append("")
        for learner, folds in its_losses.groupby("learner", sort=False, observed=True):
            weight = float(folds["weight"].mean())
            dots += [(len(labels), loss, weight > 0) for loss in folds["loss"]]
            labels.append(canvas.shorten(learner, 40))
            weights.append("n/a" if np.isnan(weight) else f"{weight:.2f}")

    ax = canvas.blank_axes(ax, rows=len(labels))
    canvas.list_rows(ax, labels, "Nuisance, learner")
    canvas.column_at_right(ax, weights, "Weight")
    for row in heads:
        ax.get_yticklabels()[row].set_fontweight("bold")
    _draw_losses(ax, np.array(dots, dtype=float))
    canvas.name_axes(ax, "Loss out of fold (share of the loss of the mean predictor)")
    canvas.legend_above(ax, columns=3)
    return ax


def _draw_losses(ax: Axes, dots: np.ndarray) -> None:
    """Losses on the axis; what is far worse than the mean predictor becomes an arrow."""
    row, loss, is_used = dots.T
    is_far = loss > FAR
    on_axis = np.append(loss[np.isfinite(loss) & ~is_far], 1.0)
    right = FAR if is_far.any() else float(on_axis.max())
    room = 0.06 * max(right - float(on_axis.min()), 0.1)
    ax.set_xlim(on_axis.min() - room, FAR if is_far.any() else right + room)
    ax.grid(axis="x", color="0.92", linewidth=0.6)
    ax.axvline(1, color=canvas.INK, ls="--", lw=1.0, zorder=0.5, label="mean predictor")
    for is_open, label in ((False, "in the stack"), (True, "weight 0")):
        kind = (is_used == 0) == is_open
        look = canvas.marker(1, is_open=is_open)
        name = label.replace(" ", "-")
        ax.plot(loss[kind & ~is_far], row[kind & ~is_far], label=label, gid=name, **look)
    edge = np.full(int(is_far.sum()), FAR)
    ax.plot(edge, row[is_far], ">", color=canvas.INK, ms=6, clip_on=False, gid="far")
    for y, value in zip(row[is_far], loss[is_far], strict=True):
        shown = canvas.number(value, 0 if value > 10 else 1)
        beside = canvas.shifted(ax.transData, ax, x=-6)
        ax.text(FAR, y, shown, transform=beside, ha="right", va="center", fontsize=canvas.SMALL)
