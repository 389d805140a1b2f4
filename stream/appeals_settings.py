"""The settings of appeals and of what two people have to agree on; a part of Settings."""

from pydantic import Field
from pydantic_settings import BaseSettings


class AppealsSettings(BaseSettings):
    """What who orders and who reviews was told."""

    four_eyes: bool = Field(
        False,
        description="`true`: a block of a whole campaign holds when a second person confirms it.",
    )
    overturn_days: int = Field(
        30,
        ge=1,
        le=90,
        description="Days for which an account is allowed whose appeal was granted.",
    )
    appeals_max: int = Field(
        5, ge=1, le=100, description="Appeals of one account in 30 days, at most."
    )
