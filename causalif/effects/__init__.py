"""Effects of an exposure: a page per estimand, one engine for all."""

from causalif.effects.direct import controlled_direct_effect
from causalif.effects.natural import mediate
from causalif.effects.path_specific import path_specific_effects
from causalif.effects.result import EffectEstimate
from causalif.effects.total import average_effect
from causalif.effects.weighted import weighted_direct_effect

__all__ = [
    "EffectEstimate",
    "average_effect",
    "controlled_direct_effect",
    "mediate",
    "path_specific_effects",
    "weighted_direct_effect",
]
