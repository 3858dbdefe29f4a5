"""What readers are shown: the catalogue of Chinese and English texts, names of things, reasons in words."""
