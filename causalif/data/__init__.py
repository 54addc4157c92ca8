"""From any data frame to frozen design arrays, with every check before any fit."""

from .build import build_design
from .call import Call, resolve_call
from .design import Column, Design, Exposure, Outcome
from .formula import FormulaRoles, parse_formula

__all__ = [
    "Call",
    "Column",
    "Design",
    "Exposure",
    "FormulaRoles",
    "Outcome",
    "build_design",
    "parse_formula",
    "resolve_call",
]
