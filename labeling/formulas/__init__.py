"""Interval and variance formulas, each with its source."""
