"""What was erased: the record of it, and what it takes to erase rows of a job."""
