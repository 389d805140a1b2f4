"""Cohorts that do harm, together or alone. One module each."""
