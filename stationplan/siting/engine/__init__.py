"""The covering problem to which every coverage model is reduced, and the search and bounds that solve it."""
