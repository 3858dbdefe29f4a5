"""Models of travel time: p-median and p-center."""
