"""Screening: which entries of the lists of names an account's names may mean."""
