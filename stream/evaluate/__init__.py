"""The judge of the detector: simulated traffic through the live path, set against the truth."""
