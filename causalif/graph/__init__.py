"""Causal graphs: what to adjust for, which pathways there are, what a graph implies."""
