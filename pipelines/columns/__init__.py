"""Values of a column, as Arrow and numpy hold them: no job, no file."""
