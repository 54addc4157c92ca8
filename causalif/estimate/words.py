"""What the names of terms mean, in the words of the mediation literature."""

from __future__ import annotations

import re

MEANING = {
    "TE": "total effect",
    "NDE": "ADE, direct effect",
    "NIE": "ACME, indirect effect",
    "PM": "proportion mediated",
    "TNDE": "ADE (treated), total natural direct effect",
    "PNIE": "ACME (control), pure natural indirect effect",
    "OE": "overall effect",
    "IDE": "interventional direct effect",
    "IIE": "interventional indirect effect",
    "CDE": "controlled direct effect",
    "WCDE": "weighted controlled direct effect",
    "ATE": "average treatment effect",
}
_LEADING = re.compile(r"(\w+)(?:\s*[\[(:,].*)?")


def meaning(term: str) -> str:
    """The meaning of a term's name, also where a contrast follows it; else empty.

    Examples
    --------
    >>> meaning("NIE"), meaning("TE [b vs a]"), meaning("NIE / TE")
    ('ACME, indirect effect', 'total effect', '')
    """
    match = _LEADING.fullmatch(term)
    return MEANING.get(match[1], "") if match else ""
