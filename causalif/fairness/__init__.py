"""Fairness: representations without a sensitive attribute, gaps, and what causes them."""
