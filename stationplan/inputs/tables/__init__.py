"""Tables of records from any file or database, as text with columns, rows and coordinates."""
