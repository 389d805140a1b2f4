"""Remember: what an account did, over windows, in less than a kilobyte."""
