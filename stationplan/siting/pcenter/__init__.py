"""The p-center: the smallest longest travel time."""
