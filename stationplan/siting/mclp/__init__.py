"""Models that maximise coverage: maximal covering, equity, phases, frontier, robustness."""
