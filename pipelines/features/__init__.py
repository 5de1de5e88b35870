"""Features: analyzers learn statistics, mappers turn rows into a matrix."""
