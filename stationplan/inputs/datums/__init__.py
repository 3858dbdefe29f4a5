"""The datum of each input: declared, or shown by evidence."""
