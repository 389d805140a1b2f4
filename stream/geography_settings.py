"""The settings of look-ups by address; a part of Settings."""

from pydantic import Field, FilePath
from pydantic_settings import BaseSettings


class GeographySettings(BaseSettings):
    """Which files say where addresses lie."""

    geo_asn: FilePath | None = Field(
        None, description="MaxMind-format file of AS numbers by address; none: not looked up."
    )
    geo_country: FilePath | None = Field(
        None,
        description="MaxMind-format file of countries by address; none: the package iptocc.",
    )
