"""How strong an unmeasured confounder would have to be."""

from causalif.effects.sensitivity.analysis import Sensitivity, sensitivity

__all__ = ["Sensitivity", "sensitivity"]
