"""Families of metrics that rest on the same rows, beside those of `labeling.estimates.metrics`."""
