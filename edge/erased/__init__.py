"""The proof that an account was erased: every place is looked into."""
