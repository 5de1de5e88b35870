"""Answers of people: parsing, intake, the current ones, and how far they agree."""
