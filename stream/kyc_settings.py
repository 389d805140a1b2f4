"""The settings of identity; a part of Settings."""

from pathlib import Path

from pydantic import Field, FilePath
from pydantic_settings import BaseSettings


class KycSettings(BaseSettings):
    """Which files say what proves who somebody is."""

    kyc_policy: FilePath | None = Field(
        None, description="KYC policy file (YAML); none: the shipped one."
    )
    kyc_model: Path | None = Field(
        None, description="Folder of the model of identity; none: the shipped one."
    )
    lists_dir: Path | None = Field(
        None,
        description="Folder of imported lists (`sluicegate lists`); none: the shipped ones only.",
    )
