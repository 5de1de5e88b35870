"""The job file: what to read, to score, to draw and to ask."""
