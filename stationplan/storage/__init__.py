"""Storage: files written atomically, files at a URL, a database server."""
