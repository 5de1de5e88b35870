"""Checks of the promises P1 to P8 on a store."""
