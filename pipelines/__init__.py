"""What happens to rows: features, scoring, sampling. Pure, but for files named after a technology."""
