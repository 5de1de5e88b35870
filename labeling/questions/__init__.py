"""Questions: the row as people see it, what is asked of it, and the task that asks."""
