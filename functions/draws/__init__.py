"""Draws from batches: designs, the planner, and the rows that people see."""
