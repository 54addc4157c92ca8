"""Nuisance functions: learners, and the one place that fits them."""
