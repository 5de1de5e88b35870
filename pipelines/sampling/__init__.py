"""Probability samples of a batch: strata, allocations, draws and carry-over."""
