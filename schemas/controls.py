"""Controls: what a person has ordered, as it stands on the topic `controls`.

The last message of a key holds; an order ends by its own time, or by one that lifts it. Readers
skip kinds that they do not know.
"""

import re
from hashlib import blake2b
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta, Struct

from schemas.decisions import Action, Mode
from schemas.errors import MalformedEventError
from schemas.events import MAX_TS
from schemas.wire import UNREADABLE

# What has to last longer belongs into a policy, where it is looked at.
LONGEST_MS: Final = 90 * 86_400_000
_HASH: Final = re.compile(r"[0-9a-f]{16}")

Subject = Literal["account", "network", "organisation"]
Author = Annotated[str, Meta(min_length=1, max_length=64)]
Because = Annotated[str, Meta(min_length=1, max_length=256)]
Time = Annotated[int, Meta(ge=0, le=MAX_TS)]
Part = Annotated[float, Meta(gt=0, le=1)]
CampaignId = Annotated[str, Meta(min_length=1, max_length=64)]


class _Order(Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """What every control tells: who ordered it, why, and when (ms)."""

    author: Author
    reason: Because
    ts: Time


class Override(_Order, frozen=True, kw_only=True, tag="override"):
    """Whoever `value` names gets `action`, whatever the evidence says, until `expires_at`, ms.

    value: an account's id, the keyed hash of a network (16 hex digits), or an organisation's id.
    lifted: it holds no more; author, reason and ts are then those of the lifting.
    """

    subject: Subject
    value: Annotated[str, Meta(min_length=1, max_length=256)]
    action: Action
    expires_at: Time
    lifted: bool = False

    def __post_init__(self) -> None:
        if self.subject == "network" and not _HASH.fullmatch(self.value):
            raise ValueError("a network is told by its keyed hash, 16 hex digits")

    @property
    def key(self) -> str:
        """Whom it is about: the message's key."""
        return f"override:{self.subject}:{self.value}"


class Switch(_Order, frozen=True, kw_only=True, tag="mode"):
    """Whether decisions are acted on, everywhere, until the next one."""

    key: ClassVar[str] = "mode"

    mode: Mode


class Allowance(_Order, frozen=True, kw_only=True, tag="governor"):
    """Until `expires_at`, ms, the governor allows these shares in place of the policy's."""

    key: ClassVar[str] = "governor"

    accounts: Part
    traffic: Part
    expires_at: Time
    lifted: bool = False


class CampaignOrder(_Order, frozen=True, kw_only=True, tag="campaign"):
    """What a person decided about all members of a campaign.

    dismiss: it was none, let everybody go; act: every member, present and future, gets `action`
    until `expires_at`, ms; undo: the evidence decides again. proposed_by: who proposed what the
    author has confirmed, where two have to agree.
    """

    campaign_id: CampaignId
    what: Literal["dismiss", "act", "undo"]
    action: Action | None = None
    expires_at: Time = 0
    proposed_by: Author | None = None

    @property
    def key(self) -> str:
        """Which campaign it is about: the message's key."""
        return f"campaign:{self.campaign_id}"


class Proposal(_Order, frozen=True, kw_only=True, tag="proposal"):
    """An order to act on a campaign that holds only when somebody else confirms it in time.

    lasts: how long the action is to hold then, ms.
    """

    campaign_id: CampaignId
    action: Action
    lasts: Annotated[int, Meta(gt=0, le=LONGEST_MS)]

    @property
    def key(self) -> str:
        """Which campaign it is about: the message's key."""
        return f"proposal:{self.campaign_id}"


class Appeal(_Order, frozen=True, kw_only=True, tag="appeal"):
    """What became of an appeal of an account against a decision; `reason` is its category, or
    the reviewer's. No word of the account is in it."""

    account_id: Annotated[str, Meta(min_length=1, max_length=128)]
    decision_id: Annotated[str, Meta(min_length=1, max_length=256)]
    state: Literal["open", "upheld", "overturned"]

    @property
    def key(self) -> str:
        """Who appeals: the message's key, by which an erasure finds it."""
        return f"appeal:{self.account_id}"


Control = Override | Switch | Allowance | CampaignOrder | Proposal | Appeal


def control_id(control: Control) -> str:
    """The same for the same order; names it in decisions."""
    told = f"{control.key}@{control.ts}".encode()
    return blake2b(told, digest_size=16, person=b"control").hexdigest()


_encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[Control] = msgspec.json.Decoder(Control)


def encode_control(control: Control) -> bytes:
    """A control as JSON."""
    return _encode(control)


def decode_control(message: bytes) -> Control:
    """Read a control. Raises MalformedEventError: no control, or of a kind not known here."""
    try:
        return _decoder.decode(message)
    except UNREADABLE as error:
        raise MalformedEventError(str(error), "control") from error
