"""Existing stations and candidate sites: read from tables, OpenStreetMap or a grid, and put into the study area."""
