"""Scoring of one fragment: validate, map, predict, write."""
