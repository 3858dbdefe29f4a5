"""Roads from any source, as pieces with tags, and as arcs by the rules of a scenario."""
