"""Which rows drive an answer: what dropping them does, and whether few overturn it."""

from __future__ import annotations

from causalif.attribution.rows import group_influence, leverages, row_influence

__all__ = ["group_influence", "leverages", "row_influence"]
