"""Seeded traffic for the demo, for training and for benchmarks. Imports only schemas."""
