"""Text for readers: the catalogue of Chinese and English, names of things, and reasons in words."""
