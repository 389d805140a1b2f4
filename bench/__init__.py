"""Measurements, each with peers doing the same work. Timings never decide a test."""
