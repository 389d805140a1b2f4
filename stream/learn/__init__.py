"""Learning: snapshots of feature rows, what labels say of them, and what came of a training."""
