"""From scores to graphs: sums over all of them, Markov chains, and a sampler."""
