"""Identity: who is behind an account, and what that unlocks."""
