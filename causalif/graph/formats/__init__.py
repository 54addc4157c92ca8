"""The forms in which graphs are written down; `read` and `write` beside it are the doors."""
