"""References in words."""

from __future__ import annotations

import re

from causalif.estimate.citations import cited
from causalif.estimate.references import ENTRIES


def test_every_entry_reads_as_authors_year_title():
    for line in cited(ENTRIES):
        assert re.match(r"[^()]+ \((18|19|20)\d\d\)\. \S.*[^.]\.( |$)", line), line
        assert not re.search(r"[{}\\]|--|  ", line), line


def test_accents_and_a_given_entry():
    entry = (
        "@book{a, \n author = {D{\\'i}az, Iv{\\'a}n},\n title = {On {B}ayes},\n year = {2001}\n}"
    )
    assert cited([entry, entry]) == ["Díaz, Iván (2001). On Bayes."]
    assert cited(["@misc{b}"]) == ["@misc{b}"]
