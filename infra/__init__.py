"""Settings, stores, signing keys, buckets and engines. Nothing here decides about data."""
