"""The one covering problem that every coverage model becomes, and the search and bounds that answer it."""
