"""Roads, whatever file they come from, as pieces with tags, and those as arcs by the rules of a scenario."""
