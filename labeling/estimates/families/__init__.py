"""Families of metrics beside those of `labeling.estimates.metrics`, and which of all a job asks for."""
