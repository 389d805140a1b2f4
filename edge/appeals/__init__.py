"""Appeals: an account contests a decision, a reviewer answers."""
