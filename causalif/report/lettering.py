"""Names in boxes: broken into lines, measured before they are drawn, as large as their box."""

from __future__ import annotations

import re
import unicodedata
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Bbox

from causalif.report.canvas import shorten

Floats = npt.NDArray[np.float64]

LINE = 13  # characters, unless one word is longer
LONGEST = 22
SPACING = 1.15


def font_size(count: int) -> float:
    """Points at which so many names can be read and still find room.

    Examples
    --------
    >>> font_size(5), font_size(30), font_size(200)
    (10.0, 8.5, 7.0)
    """
    return float(np.interp(count, [8, 30, 80], [10.0, 8.5, 7.0]))


def wrapped(name: object) -> str:
    """A name in short lines, broken at spaces and after signs such as "_".

    Examples
    --------
    >>> wrapped("body mass index")
    'body mass\\nindex'
    >>> wrapped("highest_degree_of_mother")
    'highest_\\ndegree_of_\\nmother'
    """
    text = shorten(" ".join(str(name).split()) or " ", 64)
    words = re.findall(r"[^\s_./:;,-]*[_./:;,-]*\s?", text)
    words = [word[k : k + LONGEST] for word in words for k in range(0, len(word), LONGEST)]
    limit = max([LINE, *(len(word.rstrip()) for word in words)])
    lines = [""]
    for word in words:
        if len((lines[-1] + word).rstrip()) <= limit:
            lines[-1] += word
        else:
            lines.append(word)
    return "\n".join(line.rstrip() for line in lines)


def measured(text: str, size: float) -> tuple[float, float]:
    """Width and height of some lines, in points."""
    font = FontProperties(size=size)
    with warnings.catch_warnings():
        # Letters that the font lacks are told of when they are drawn.
        warnings.filterwarnings("ignore", message="Glyph")
        widths = [
            max(
                text_to_path.get_text_width_height_descent(line, font, ismath=False)[0],
                _em(line) * size,
            )
            for line in text.split("\n")
        ]
    return max(widths), len(widths) * SPACING * size


def _em(line: str) -> float:
    """At least this wide in any font: signs of East Asia fill a square."""
    return float(sum(unicodedata.east_asian_width(sign) in "WF" for sign in line))


class Lettering(Text):
    """Text whose size is given in units of the axes: it shrinks and grows with them.

    Parameters
    ----------
    x, y : float
        Its middle.
    text : str
        Drawn as it stands: dollars are no mathematics.
    height : float
        The font size, in units of the data.
    """

    def __init__(self, x: float, y: float, text: str, *, height: float, **look: Any) -> None:
        super().__init__(x, y, text, ha="center", va="center", parse_math=False, **look)
        self.set(linespacing=SPACING, multialignment="center")
        self._height = height

    def draw(self, renderer: RendererBase) -> None:
        """Draw, at the size that the axes have now."""
        self._fit()
        super().draw(renderer)

    def get_window_extent(
        self, renderer: RendererBase | None = None, dpi: float | None = None
    ) -> Bbox:
        """The box in pixels, at the size that the axes have now."""
        self._fit()
        return super().get_window_extent(renderer, dpi)

    def _fit(self) -> None:
        axes = self.axes
        if isinstance(axes, Axes):
            per_unit = abs(axes.transData.get_matrix()[1, 1]) * 72 / axes.figure.dpi
            size = max(self._height * per_unit, 0.1)
            if abs(size - self.get_fontsize()) > 1e-3:
                self.set_fontsize(size)
