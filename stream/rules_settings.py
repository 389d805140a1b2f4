"""The setting of rules; a part of Settings."""

from pydantic import Field, FilePath
from pydantic_settings import BaseSettings


class RulesSettings(BaseSettings):
    """Which rules decide beside the model."""

    rules: FilePath | None = Field(
        None,
        description="File of rules (YAML) beside the model; none: those in the model's folder, "
        "where there are any.",
    )
