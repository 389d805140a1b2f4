"""Tells endpoints of every changed decision: signed, in order by account, until they took it."""
