"""Explain: why a score is what it is, exactly, for accounts that were acted on or appeal."""
