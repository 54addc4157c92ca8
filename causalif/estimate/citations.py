"""References as a reader expects them, from their BibTeX entries."""

from __future__ import annotations

import re
from collections.abc import Iterable

from causalif.estimate.references import ENTRIES

# Accents as BibTeX writes them, in the entries that this package has.
ACCENTS = {r"{\'i}": "í", r"{\'a}": "á"}


def cited(keys: Iterable[str]) -> list[str]:
    """Each reference as one line: authors, year, title, where.

    Parameters
    ----------
    keys : iterable of str
        Keys of known references, or whole BibTeX entries.

    Returns
    -------
    list of str

    Examples
    --------
    >>> cited(["li1991sliced"])[0]
    'Li, Ker-Chau (1991). Sliced Inverse Regression for Dimension Reduction. Journal of the \
American Statistical Association 86(414):316-327. doi:10.1080/01621459.1991.10475035'
    """
    return [_line(ENTRIES.get(key, key)) for key in dict.fromkeys(keys)]


def _line(entry: str) -> str:
    fields = _fields(entry)
    if not {"author", "title"} <= set(fields):
        return entry.strip()
    names = fields["author"].split(" and ")
    authors = names[0] if len(names) == 1 else f"{'; '.join(names[:-1])} and {names[-1]}"
    where = next((fields[k] for k in ("journal", "booktitle", "publisher") if k in fields), "")
    number = f"({fields['number']})" if "number" in fields else ""
    pages = f":{fields['pages']}" if "pages" in fields else ""
    volume = f" {fields['volume']}{number}{pages}" if "volume" in fields else ""
    line = f"{authors} ({fields.get('year', 'no year')}). {fields['title']}."
    line += f" {where}{volume}." if where else ""
    return line + (f" doi:{fields['doi']}" if "doi" in fields else "")


def _fields(entry: str) -> dict[str, str]:
    for written, letter in ACCENTS.items():
        entry = entry.replace(written, letter)
    found = re.findall(r"^\s*(\w+)\s*=\s*\{(.*?)\},?\s*$", entry, flags=re.MULTILINE | re.DOTALL)
    clean = {name: re.sub(r"[{}]", "", text).replace("--", "-") for name, text in found}
    return {name: " ".join(text.split()) for name, text in clean.items()}
