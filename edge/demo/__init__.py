"""The demo's API: a gateway that does what it is told."""
