"""Commands of `sluicegate`, a module each; `stream/cli.py` mounts them."""
