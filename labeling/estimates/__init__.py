"""Estimates of windows, cohorts and versions, from designs, samples and answers."""
