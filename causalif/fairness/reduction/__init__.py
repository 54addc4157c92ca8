"""Sufficient dimension reduction as a differentiable function of averages."""
