"""`python -m stream` is the command `sluicegate`."""

from stream.cli import main

main()
