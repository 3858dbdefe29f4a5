"""The Python front door: run a scenario, read a plan back, save it."""
