"""Models of fewest or cheapest sites: set covering of all demand or of a share of it."""
