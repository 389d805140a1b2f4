"""Decide: from a score to what the gateway is to do, by the policy."""
