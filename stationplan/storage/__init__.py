"""Places to keep things: files written whole or not at all, files at a URL, a database server."""
