"""Existing stations and candidate sites: read from tables, OpenStreetMap or a grid, and placed in the study area."""
