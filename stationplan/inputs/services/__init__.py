"""OpenStreetMap's services, and scenarios at a URL."""
