"""The figures of a plan, computed once for all outputs."""
