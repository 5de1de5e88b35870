"""Evidence: designs, drawn rows and answers as arrays, gathered from the tables of a job."""
