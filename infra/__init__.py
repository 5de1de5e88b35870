"""Where things run and lie: settings, storage, signing keys, engines. Decides nothing about data."""
