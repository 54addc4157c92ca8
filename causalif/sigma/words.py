"""A posterior in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from causalif.sigma.posterior import DAGPosterior

SHOWN = 12
SETTLED, OPEN = 0.95, 0.05


def posterior_in_words(posterior: DAGPosterior) -> str:
    """How it was made, its most probable arrows, and which directions stay open."""
    about, found = posterior.settings, posterior.diagnostics
    lines = [
        f"Posterior over causal graphs of {len(posterior.names)} columns"
        + (f", {about['rows']} rows" if "rows" in about else "")
        + (f"; method: {about['method']}, score: {about['score']}" if "method" in about else ""),
        f"{len(posterior.draws)} graphs drawn, {len(posterior.weights)} of them distinct; the "
        f"heaviest has {posterior.weights[0]:.1%} of the weight.",
        _precision(posterior),
    ]
    if "lost" in found:
        worst = max(found["lost"], key=found["lost"].get)
        lines.append(
            f"Parents were chosen among candidates: up to {found['lost'][worst]:.1%} of the "
            f"probability of a node's parent sets is estimated to be lost (at {worst})."
        )
    lines += ["", "Most probable arrows:"]
    order = np.dstack(np.unravel_index(np.argsort(-posterior.arrows, axis=None),
                                       posterior.arrows.shape))[0]  # fmt: skip
    for i, j in order[:SHOWN].tolist():
        if posterior.arrows[i, j] > OPEN:
            arrow = f"{posterior.names[i]} -> {posterior.names[j]}"
            lines.append(
                f"  {arrow:<32} {posterior.arrows[i, j]:.2f}  (reverse "
                f"{posterior.arrows[j, i]:.2f})"
            )
    if open_pairs := undirected(posterior):
        pairs = ", ".join(f"{a} - {b}" for a, b in open_pairs[:6])
        more = f" and {len(open_pairs) - 6} more" if len(open_pairs) > 6 else ""
        lines += [
            "",
            f"Joined for sure, but in which direction the data leave open: {pairs}{more}. If it is "
            "known which comes first, say so with tiers=.",
        ]
    lines += ["", "A common cause that is no column is not modelled: arrows may stand for it."]
    return "\n".join(lines)


def _precision(posterior: DAGPosterior) -> str:
    if posterior.is_exact:
        return "Probabilities of arrows and paths are exact given the scores."
    worst = float(posterior.arrow_errors.max())
    rhat = posterior.diagnostics.get("max_rhat")
    chains = f"; largest R-hat {rhat:.2f}" if rhat is not None else ""
    return f"Monte-Carlo errors of arrow probabilities are up to {worst:.3f}{chains}."


def undirected(posterior: DAGPosterior) -> list[tuple[str, str]]:
    """Pairs that are joined in nearly all graphs, in either direction in many."""
    arrows, names = posterior.arrows, posterior.names
    return [
        (names[i], names[j])
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if arrows[i, j] + arrows[j, i] > SETTLED and min(arrows[i, j], arrows[j, i]) > OPEN
    ]
