"""An appeal: what is kept of it, and what may become of it. Pure."""

from typing import Final, Literal

import msgspec
from msgspec import Struct

from schemas.errors import SluicegateError, StoreError

Category = Literal["mistake", "shared_network", "business_use", "stolen_key", "other"]
Verdict = Literal["uphold", "overturn"]
State = Literal["open", "upheld", "overturned"]
BECOMES: Final[dict[Verdict, State]] = {"uphold": "upheld", "overturn": "overturned"}
LONGEST_STATEMENT: Final = 2_000


class NoSuchAppealError(SluicegateError):
    """There is no such appeal, or no decision that could be appealed against."""


class AppealRefusedError(SluicegateError):
    """The appeal is not in a state in which that can be done."""


class TooManyAppealsError(SluicegateError):
    """The account has appealed as often as it may for now."""


class Appeal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One appeal, times in ms.

    statement: what the account says, sealed with its key, empty where it said nothing; decision:
    the message that stood when the appeal was filed; carried_out: whether all that the answer
    means is done.
    """

    account_id: str
    decision_id: str
    category: Category
    statement: str
    decision: msgspec.Raw
    filed_at: int
    state: State = "open"
    reviewer: str = ""
    reason: str = ""
    answered_at: int = 0
    carried_out: bool = False

    def answered(self, verdict: Verdict, reviewer: str, reason: str, now: int) -> "Appeal":
        """The same with an answer; the same again where that is its answer already.

        Raises AppealRefusedError where it has the other one.
        """
        state = BECOMES[verdict]
        if self.state == "open":
            return msgspec.structs.replace(
                self, state=state, reviewer=reviewer, reason=reason, answered_at=now
            )
        if self.state != state:
            raise AppealRefusedError(f"{self.reviewer} has answered: {self.state}")
        return self


encode_appeal = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Appeal).decode


def decode_appeal(value: bytes) -> Appeal:
    """Read an appeal. Raises StoreError."""
    try:
        return _decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(f"an unreadable appeal: {error}") from None
