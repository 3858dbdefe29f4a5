"""Inputs of the demand: cells, counts, totals, observations, temperatures."""
