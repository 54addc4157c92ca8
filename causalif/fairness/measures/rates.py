"""Rates of decisions, mean scores and losses: a page each."""

from __future__ import annotations

import numpy as np

from causalif.fairness.measures.parts import Predictions, Ratio


def _mean(top: np.ndarray, slope: np.ndarray) -> Ratio:
    """A plain average."""
    return Ratio(top, np.ones_like(top), slope, np.zeros_like(top))


def _given(top: np.ndarray, slope: np.ndarray, event: np.ndarray) -> Ratio:
    """An average among rows with an event that predictions do not change."""
    return Ratio(top * event, event, slope * event, np.zeros_like(top))


def positive_rate(told: Predictions) -> Ratio:
    """The share of favourable decisions."""
    return _mean(told.decision, told.decision_slope)


def mean_score(told: Predictions) -> Ratio:
    """The mean probability, or prediction."""
    return _mean(told.mean, told.mean_slope)


def true_positive_rate(told: Predictions) -> Ratio:
    """Favourable decisions among those with the favourable outcome."""
    return _given(told.decision, told.decision_slope, told.outcome)


def false_positive_rate(told: Predictions) -> Ratio:
    """Favourable decisions among the others."""
    return _given(told.decision, told.decision_slope, 1 - told.outcome)


def predictive_value(told: Predictions) -> Ratio:
    """Favourable outcomes among those with a favourable decision."""
    decision, slope = told.decision, told.decision_slope
    return Ratio(told.outcome * decision, decision, told.outcome * slope, slope)


def residual(told: Predictions) -> Ratio:
    """The outcome less what was predicted, on average."""
    return _mean(told.outcome - told.mean, -told.mean_slope)


def correct(told: Predictions) -> Ratio:
    """The share of decisions that agree with the outcome."""
    right = told.decision * told.outcome + (1 - told.decision) * (1 - told.outcome)
    return _mean(right, (2 * told.outcome - 1) * told.decision_slope)


def wrong(told: Predictions) -> Ratio:
    """The share of decisions that do not."""
    right = correct(told)
    return _mean(1 - right.top, -right.top_slope)


def log_loss(told: Predictions) -> Ratio:
    """The mean of -log of the probability of what happened."""
    signed = np.where(told.outcome > 0, told.linear, -told.linear)
    return _mean(np.logaddexp(0.0, -signed), told.mean - told.outcome)


def squared_error(told: Predictions) -> Ratio:
    """The mean squared difference of outcome and prediction (of a probability: Brier score)."""
    apart = told.mean - told.outcome
    return _mean(apart**2, 2 * apart * told.mean_slope)


def loss(told: Predictions) -> Ratio:
    """Log loss of probabilities, squared error of numbers."""
    return log_loss(told) if told.logistic else squared_error(told)
