"""A job file for data that nobody has described yet."""
