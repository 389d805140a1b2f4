"""Other ways of doing the same work, written as their own documentation teaches."""
