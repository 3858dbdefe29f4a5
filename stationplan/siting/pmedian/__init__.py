"""The p-median: the smallest weighted travel time, and the search that the p-center also uses."""
