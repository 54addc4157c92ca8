"""From any data frame to frozen design arrays, with every check before any fit."""

from causalif.data.build import build_design
from causalif.data.call import Call, resolve_call
from causalif.data.design import Column, Design, Exposure, Outcome
from causalif.data.formula import FormulaRoles, parse_formula

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
