"""Answers: parsing, intake, the ones that stand, and how well people agree."""
