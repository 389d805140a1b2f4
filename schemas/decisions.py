"""What goes out: decisions, campaigns, dead letters, and the webhook that carries a decision."""

import enum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.events import (
    MAX_SAFE_INTEGER,
    AccountId,
    Count,
    EventId,
    Message,
    Share,
    Text,
    Ts,
)

Cause = Literal["request", "account_event", "campaign", "override", "policy"]
Mode = Literal["enforce", "shadow"]
Restriction = Literal["hide_reasoning", "no_logprobs", "no_batch", "cap_output", "watermark"]
Requirement = Literal[
    "verify_email",
    "verify_phone",
    "enable_mfa",
    "verify_domain",
    "verify_identity",
    "verify_business",
    "manual_review",
]
LinkKind = Literal[
    "card",
    "bin",
    "device",
    "subnet",
    "asn",
    "tls_fingerprint",
    "user_agent",
    "system_prompt",
    "template",
    "prompt_neighbourhood",
    "email_domain",
    "phone_prefix",
    "document",
    "signup_burst",
    "referrer",
    "program",
    "behaviour",
]
Total = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]


class Action(enum.StrEnum):
    """What the gateway does with an account. Ordered, weakest first: `max` is the strictest."""

    ALLOW = "allow"
    RESTRICT = "restrict"
    RATE_LIMIT = "rate_limit"
    STEP_UP = "step_up"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """Return the place in the order: 0 (allow) to 4 (block)."""
        return _RANKS[self]

    # A str would compare by the alphabet, where "allow" < "block" < "rate_limit".
    def __lt__(self, other: str) -> bool:
        return self.rank < Action(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Action(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Action(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Action(other).rank


_RANKS: dict[str, int] = {action: rank for rank, action in enumerate(Action)}


class Reason(Message):
    """One thing that speaks for the action: a stable code, a sentence, what was seen, how much."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=256)]
    text: Text
    value: float | Text
    weight: float


class Limits(Message):
    """What an account may do per minute under `rate_limit`."""

    requests_per_minute: Count
    tokens_per_minute: Count


class Decision(Message):
    """What the gateway is to do with an account from now on, until `expires_at`, and why."""

    decision_id: Text
    account_id: AccountId
    event_id: EventId
    cause: Cause
    ts: Ts
    decided_at: Ts
    action: Annotated[Action, Field(strict=False)]  # JSON has no enumerations
    score: Share
    kyc_tier: Annotated[int, Field(ge=0, le=3)]
    kyc_score: Share
    limits: Limits | None = None
    restrictions: list[Restriction] | None = None
    requirements: list[Requirement] | None = None
    reasons: list[Reason]
    campaign_id: Text | None = None
    model_version: Text
    policy_version: Text
    mode: Mode
    expires_at: Ts

    @model_validator(mode="after")
    def _give_reasons(self) -> Self:
        if not self.reasons and self.action != Action.ALLOW:
            raise ValueError("reasons may be empty only for allow")
        return self


class Link(Message):
    """A shared thing that ties a campaign together; `value` is a keyed hash where personal."""

    kind: LinkKind
    value: Text
    accounts: Total


class Campaign(Message):
    """A group of accounts that act together, as it stands after a change."""

    campaign_id: Text
    ts: Ts
    status: Literal["open", "closed", "dismissed"]
    first_seen: Ts
    last_seen: Ts
    detected_at: Ts
    accounts: Total
    requests: Total
    tokens: Total
    capabilities: dict[Text, Share]
    models: dict[Text, Share]
    links: list[Link]
    countries: dict[Text, Total]
    members_added: Annotated[list[AccountId], Field(max_length=1_000)]
    merged_into: Text | None = None
    sample_accounts: Annotated[list[AccountId], Field(max_length=20)]
    score: Share


class DeadLetter(Message):
    """A message that could not be read, and why; `ts` is the broker's time, 0 if not known."""

    topic: Text
    partition: Count
    offset: Annotated[int, Field(ge=0, le=2**63 - 1)]
    ts: Ts
    error: Text
    # The first 4 KiB in base64.
    payload: Annotated[str, StringConstraints(max_length=5_464, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]


class Webhook(Message):
    """The body of a webhook in the Standard Webhooks form; `timestamp` is RFC 3339."""

    type: Literal["decision.changed"]
    timestamp: Annotated[
        str,
        StringConstraints(
            pattern=r"^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"
        ),
    ]
    data: Decision
