"""A question as a grid of cells, run over seeds, and answered by claims with intervals."""
