"""Who belongs together: shared values, rings of accounts, and the campaigns that they are."""
