"""Structure uncertainty: a posterior over graphs, and effects averaged over them."""

from causalif.sigma.analysis import sigma_analysis
from causalif.sigma.learn import dag_posterior
from causalif.sigma.models import simulate
from causalif.sigma.posterior import DAGPosterior

__all__ = ["DAGPosterior", "dag_posterior", "sigma_analysis", "simulate"]
