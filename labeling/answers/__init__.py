"""Answers of people: their values, intake, the current ones, and how far they agree."""
