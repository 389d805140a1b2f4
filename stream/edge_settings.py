"""The settings of `sluicegate edge`; a part of Settings, since one environment serves all."""

import re
from typing import Annotated, Final, Literal, cast

from pydantic import AfterValidator, Field, FilePath

from stream.appeals_settings import AppealsSettings

Fallback = Literal["allow", "local", "deny"]
FALLBACKS: Final[tuple[Fallback, ...]] = ("allow", "local", "deny")
_FALLBACK: Final = re.compile(r"(allow|local|deny)(,(allow|local|deny)){3}")
# RFC 9110's token: what may stand in front of the colon.
_HEADER: Final = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$"


def _one_per_tier(value: str) -> str:
    if not _FALLBACK.fullmatch(value):
        raise ValueError("must be four words of allow, local and deny, for the tiers 0 to 3")
    return value


class EdgeSettings(AppealsSettings):
    """What the edge was told."""

    edge_host: str = Field(
        "127.0.0.1", min_length=1, description="Address of the edge, which speaks plain HTTP."
    )
    edge_port: int = Field(6070, ge=1, le=65_535, description="Port of the edge.")
    edge_grpc_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="Port of Envoy's ext_authz over gRPC, on the edge's address; none: off. Needs "
        "the extra `grpc`.",
    )
    edge_tokens: FilePath | None = Field(
        None,
        description="File of the hashes of the edge's bearer tokens; the edge needs it.",
    )
    edge_account_header: str = Field(
        "x-account-id",
        pattern=_HEADER,
        description="Header in which the gateway names the account; the gateway must set it "
        "itself, whatever the client sent.",
    )
    edge_tier_header: str = Field(
        "x-account-tier",
        pattern=_HEADER,
        description="Header in which the gateway may name the account's KYC tier, 0-3, for when "
        "no decision tells it.",
    )
    edge_tokens_header: str = Field(
        "x-request-tokens",
        pattern=_HEADER,
        description="Header in which the gateway may say how many tokens the request may use.",
    )
    edge_budget_ms: int = Field(
        20,
        ge=1,
        le=10_000,
        description="Longest wait for the store in one check, ms; then the failure table answers.",
    )
    edge_denial_ms: int = Field(
        1_000,
        ge=0,
        le=60_000,
        description="How long a refusal may be repeated without asking the store, ms.",
    )
    edge_failure: Annotated[str, AfterValidator(_one_per_tier)] = Field(
        "local,local,allow,allow",
        description="What a check answers while the store is away, for tier 0, 1, 2, 3: `allow`, "
        "`deny`, or `local`: a limit that each edge keeps by itself.",
    )
    edge_local_rpm: int = Field(
        60,
        ge=1,
        le=1_000_000,
        description="Requests a minute of one account at one edge by that local limit.",
    )
    edge_rate_max: int = Field(
        10_000, ge=1, le=1_000_000, description="Requests a second with one token, at most."
    )

    def fallbacks(self) -> list[Fallback]:
        """The failure table, by tier."""
        return cast(list[Fallback], self.edge_failure.split(","))
