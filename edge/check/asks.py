"""An ask: who wants to pass, with how much; out of a JSON body or out of a gateway's headers."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from schemas.events import MAX_TS
from stream.settings import Settings

# Times a day in milliseconds it leaves room in a Lua number (edge/check/quotas.py).
MOST_TOKENS: Final = 10_000_000
_DIGITS: Final = 9
T = TypeVar("T", "Ask", "Settlement")


class BadAskError(ValueError):
    """The gateway asked in a way that cannot be answered; the message says what is wrong."""


class Ask(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """May `account_id` pass with a request of at most `tokens` tokens?

    tier: what the gateway knows, for when no decision tells it. ts: when the request arrived, ms;
    absent: now. Given for traffic that is replayed, it is the time at which decisions lapse.
    """

    account_id: Annotated[str, Meta(min_length=1, max_length=128)]
    tokens: Annotated[int, Meta(ge=0, le=MOST_TOKENS)] = 0
    tier: Annotated[int, Meta(ge=0, le=3)] | None = None
    ts: Annotated[int, Meta(ge=0, le=MAX_TS)] | None = None

    settles: ClassVar[bool] = False


class Settlement(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A request that has passed was counted with `asked` tokens, and used `used`.

    tier and ts: as in its Ask.
    """

    account_id: Annotated[str, Meta(min_length=1, max_length=128)]
    used: Annotated[int, Meta(ge=0, le=MOST_TOKENS)]
    asked: Annotated[int, Meta(ge=0, le=MOST_TOKENS)] = 0
    tier: Annotated[int, Meta(ge=0, le=3)] | None = None
    ts: Annotated[int, Meta(ge=0, le=MAX_TS)] | None = None

    settles: ClassVar[bool] = True

    @property
    def tokens(self) -> int:
        """What is to be taken beyond what was; below 0 it is given back."""
        return self.used - self.asked


_decode = msgspec.json.Decoder(Ask).decode
_settlement = msgspec.json.Decoder(Settlement).decode


def read_body(body: bytes) -> Ask:
    """The ask in a JSON body. Raises BadAskError."""
    try:
        ask = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadAskError(str(error)) from error
    return _with_account(ask)


def read_settlement(body: bytes) -> Settlement:
    """The settlement in a JSON body. Raises BadAskError."""
    try:
        settlement = _settlement(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadAskError(str(error)) from error
    return _with_account(settlement)


class HeaderReader:
    """Finds the ask in the headers of a request that a gateway passes on."""

    def __init__(self, settings: Settings) -> None:
        self._account = settings.edge_account_header.lower().encode()
        self._tier = settings.edge_tier_header.lower().encode()
        self._tokens = settings.edge_tokens_header.lower().encode()

    def read(self, headers: Iterable[tuple[bytes, bytes]]) -> Ask:
        """The ask in these headers (names in lower case). Raises BadAskError."""
        given: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in (self._account, self._tier, self._tokens):
                if name in given:  # the client's beside the gateway's: which one is true?
                    raise BadAskError(f"{name.decode()}: given more than once")
                given[name] = value
        if not given.get(self._account):
            raise BadAskError(f"{self._account.decode()}: missing, the gateway must set it")
        return _with_account(
            Ask(
                _text(given[self._account]),
                _number(self._tokens, given.get(self._tokens, b""), MOST_TOKENS) or 0,
                _number(self._tier, given.get(self._tier, b""), 3),
            )
        )


def _with_account(ask: T) -> T:
    if len(ask.account_id) > 128 or "\0" in ask.account_id:
        raise BadAskError("the account has 1 to 128 characters, none of them NUL")
    return ask


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise BadAskError("the account is not UTF-8") from error


def _number(name: bytes, value: bytes, most: int) -> int | None:
    if not value:
        return None
    # isdigit alone would take no sign but any length: int() of a long text takes long.
    if not value.isdigit() or len(value) > _DIGITS or int(value) > most:
        raise BadAskError(f"{name.decode()}: not a whole number from 0 to {most}")
    return int(value)
