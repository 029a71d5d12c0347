"""Ablations: a question, a grid of cells that run over seeds, and claims that are judged by intervals."""
