"""The model of most workers served where stations have limited room."""
