"""The p-center: the least longest travel time."""
