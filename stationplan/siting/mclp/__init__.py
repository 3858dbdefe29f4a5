"""Models of most coverage: maximal, fair, in phases, as a curve, robust."""
