"""The model of identity that comes with the package."""

from pathlib import Path

SHIPPED = Path(__file__).with_name("default")
