"""The model that maximises the workers served by stations of limited capacity."""
