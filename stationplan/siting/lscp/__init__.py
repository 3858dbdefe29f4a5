"""Models that minimise the number or cost of sites: set covering of all demand or of a share of it."""
