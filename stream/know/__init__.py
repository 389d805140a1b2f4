"""What is known of accounts: their events, and the profiles that these become."""
