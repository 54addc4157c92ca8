"""How well parents explain a node: scores of parent sets, and what knowledge permits."""
