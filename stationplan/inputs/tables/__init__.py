"""Tables of records, whatever file or database they come from, as text with columns, rows and coordinates."""
