"""Two jobs on a real cluster, from nothing to their results, in one command: `kubectl marianne` does it."""
