"""A curve with pointwise and simultaneous bands, over where the data lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from causalif.report import canvas

FEW_TICKS = 400  # rows whose values are marked along the axis


def curve(
    frame: pd.DataFrame,
    *,
    values: Sequence[float] | np.ndarray = (),
    null: float = 0.0,
    xlabel: str = "",
    ylabel: str = "",
    ax: Axes | None = None,
) -> Axes:
    """A line, its pointwise intervals and the wider band that holds all along it.

    Parameters
    ----------
    frame : DataFrame
        Indexed by place; columns estimate, conf_low, conf_high, band_low and band_high.
    values : sequence of float
        Where the data lie; ticks along the axis, of at most 400 of them.
    null : float
        A line for no effect.
    xlabel, ylabel : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> columns = ["estimate", "conf_low", "conf_high", "band_low", "band_high"]
    >>> frame = pd.DataFrame([[1.0, 0.5, 1.5, 0, 2]] * 2, index=[0.0, 1.0], columns=columns)
    >>> ax = curve(frame, xlabel="dose", ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['effect', '95% interval at each point', '95% band for the whole curve']
    """
    ax = canvas.blank_axes(ax)
    x = frame.index.to_numpy(dtype=float)
    dark = canvas.SERIES[0]
    ax.plot(x, frame["estimate"], color=dark, lw=1.8, label="effect", zorder=3)
    band: dict[str, str] = {
        "conf": "95% interval at each point", "band": "95% band for the whole curve"
    }  # fmt: skip
    for (name, label), alpha in zip(band.items(), (0.30, 0.13), strict=True):
        low, high = frame[f"{name}_low"], frame[f"{name}_high"]
        ax.fill_between(x, low, high, color=dark, alpha=alpha, lw=0, label=label)
    ax.axhline(null, color=canvas.GREY, lw=0.9, ls=(0, (4, 3)), zorder=1)
    shown = np.sort(np.asarray(values, dtype=float))
    shown = shown[(shown >= x.min()) & (shown <= x.max())]
    if len(shown) > FEW_TICKS:
        shown = np.quantile(shown, np.linspace(0, 1, FEW_TICKS))
    foot = ax.get_xaxis_transform()
    ax.vlines(shown, 0, 0.02, transform=foot, color=canvas.GREY, lw=0.5, alpha=0.6)
    canvas.name_axes(ax, xlabel, ylabel)
    canvas.legend_above(ax, columns=3)
    return ax
