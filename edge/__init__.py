"""The edge: what the gateway asks over HTTP, and what it is told."""
