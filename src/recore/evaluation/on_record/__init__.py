"""What a folder docs/results/NAME holds of runs, as files: ranks and splits, and the hashes of all of it."""
