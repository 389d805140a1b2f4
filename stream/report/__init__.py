"""What a campaign did, and what was done about it: for people, for other providers, for a court."""
