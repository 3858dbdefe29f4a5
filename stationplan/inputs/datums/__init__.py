"""The datum of each input: declared, or determined from evidence."""
