"""Cohorts that mean no harm. One module each."""
