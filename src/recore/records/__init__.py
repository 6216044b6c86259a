"""Results that stay: docs/results/NAME holds the ranks and the records of a grid's cells, small enough for git."""
