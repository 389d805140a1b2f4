"""Asks: read from JSON and from headers, or refused with what is wrong."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.check.asks import MOST_TOKENS, Ask, BadAskError, HeaderReader, read_body
from stream.settings import load_settings

READER = HeaderReader(load_settings())


def test_a_body_is_read() -> None:
    """Every field, by its name."""
    ask = read_body(b'{"account_id": "a", "tokens": 5, "tier": 2, "ts": 7}')
    assert ask == Ask("a", 5, 2, 7)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"account_id": ""}',
        b'{"account_id": "a\\u0000"}',
        b'{"account_id": "\\ud800"}',
        b'{"account_id": "' + b"a" * 129 + b'"}',
        b'{"account_id": "a", "tokens": -1}',
        b'{"account_id": "a", "tokens": 1.5}',
        b'{"account_id": "a", "tokens": %d}' % (MOST_TOKENS + 1),
        b'{"account_id": "a", "tier": 4}',
        b'{"account_id": "a", "ts": -1}',
        b'{"account_id": "a", "token": 1}',
        b'{"account_id": "\xff"}',
    ],
)
def test_a_wrong_body_is_refused(body: bytes) -> None:
    """With a message, never with a guess."""
    with pytest.raises(BadAskError, match=r"\w"):
        read_body(body)


@given(st.text(), st.integers(-(2**62), 2**62) | st.none())
def test_a_name_is_read_as_it_was_sent_or_refused(name: str, tokens: int | None) -> None:
    """Nothing is cut, changed or guessed."""
    body = msgspec.json.encode({"account_id": name, "tokens": tokens})
    fits = 1 <= len(name) <= 128 and "\0" not in name
    if fits and tokens is not None and 0 <= tokens <= MOST_TOKENS:
        assert read_body(body) == Ask(name, tokens)
    else:
        with pytest.raises(BadAskError):
            read_body(body)


def test_headers_are_read() -> None:
    """By the names of the settings; other headers do not matter."""
    reader = HeaderReader(load_settings(edge_account_header="X-Customer"))
    headers = [(b"x-customer", b"a"), (b"x-request-tokens", b"12"), (b"x-account-id", b"b")]
    assert reader.read([*headers, (b"x-account-tier", b"3")]) == Ask("a", 12, 3)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"x-account-id", b"")],
        [(b"x-account-id", b"\xff")],
        [(b"x-account-id", b"a" * 129)],
        [(b"x-account-id", b"a"), (b"x-account-id", b"b")],
        [(b"x-account-id", b"a"), (b"x-request-tokens", b"-1")],
        [(b"x-account-id", b"a"), (b"x-request-tokens", b"9" * 5_000)],
        [(b"x-account-id", b"a"), (b"x-request-tokens", b"\xb2")],
        [(b"x-account-id", b"a"), (b"x-account-tier", b"4")],
    ],
)
def test_wrong_headers_are_refused(headers: list[tuple[bytes, bytes]]) -> None:
    """Missing, twice, not a number, out of range: each is the gateway's to mend."""
    with pytest.raises(BadAskError, match=r"\w"):
        READER.read(headers)
