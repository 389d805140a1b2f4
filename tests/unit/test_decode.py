"""Records in, columns and dead letters out."""

import base64
import json
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decisions import DeadLetter
from schemas.features import CAPABILITIES
from stream.broker.chunk import Chunk
from stream.decode.batch import RequestBatch
from stream.decode.columns import MAX_AHEAD_MS
from stream.decode.fingerprints import HASH_VERSION, fingerprint, system_hash
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.decode.records import decode_requests

NOW = 1_780_000_000_000


class Raw(NamedTuple):
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None


def record(offset: int = 0, *, account: str = "a", broker: int | None = NOW, **fields: Any) -> Raw:
    event = {"event_id": f"e{offset}", "account_id": account, "ts": NOW, "model": "m", **fields}
    return Raw(offset, broker, account.encode(), json.dumps(event).encode())


def decode(*records: Raw) -> tuple[RequestBatch, list[DeadLetter]]:
    source = [Chunk("t", 3, records, 1 << 62)]
    return decode_requests(source, hasher=KeyedHasher(b"pepper"), geography=Geography())


def batch(*records: Raw) -> RequestBatch:
    decoded, letters = decode(*records)
    assert letters == []
    return decoded


def letter(raw: Raw) -> DeadLetter:
    decoded, letters = decode(raw)
    assert len(decoded) == 0
    assert len(letters) == 1
    return letters[0]


def payload(raw: Raw) -> bytes:
    return base64.b64decode(letter(raw).payload)


def test_accounts_by_first_appearance() -> None:
    """Accounts are listed once, in order of appearance, and rows point at them."""
    got = batch(record(0, account="b"), record(1, account="ä"), record(2, account="b"))
    assert got.accounts == ["b", "ä"]
    assert got.account.tolist() == [0, 1, 0]


def test_values_land_in_their_columns() -> None:
    """Each field of an event is found in its column, in the order of arrival."""
    fields = {
        "status": 429,
        "input_tokens": 1,
        "output_tokens": 2,
        "reasoning_tokens": 3,
        "cached_tokens": 4,
        "max_tokens": 5,
        "turns": 6,
        "tool_calls": 7,
        "tools": 8,
        "latency_ms": 9,
        "temperature": 0.5,
        "elicitation": 0.25,
        "stream": True,
        "logprobs": False,
        "refused": True,
        "endpoint": "batch",
        "capability": "grading",
    }
    got = batch(record(7, **fields))
    columns = {
        "offset": 7,
        "ts": NOW,
        "status": 429,
        "tokens_in": 1,
        "tokens_out": 2,
        "tokens_reasoning": 3,
        "tokens_cached": 4,
        "max_tokens": 5,
        "turns": 6,
        "tool_calls": 7,
        "tools": 8,
        "latency": 9,
        "temperature": 0.5,
        "elicitation": 0.25,
        "stream": 1,
        "logprobs": 0,
        "refused": 1,
        "batch": 1,
        "capability": CAPABILITIES.index("grading"),
    }
    assert got.event_id == ["e7"]
    assert {name: getattr(got, name).tolist() for name in columns} == {
        name: [value] for name, value in columns.items()
    }


@pytest.mark.parametrize("nulls", [False, True])
def test_absent_and_null_are_the_same(nulls: bool) -> None:
    """What is not known is -1, NaN or 0 by its kind, save for the defaults of the contract."""
    optional = ("status", "input_tokens", "turns", "latency_ms", "temperature", "elicitation")
    optional += ("stream", "endpoint", "capability", "ip", "device_id", "template_hash")
    optional += ("hash_version", "prompt", "system", "prompt_simhash", "max_tokens")
    got = batch(record(0, **dict.fromkeys(optional)) if nulls else record(0))
    assert got.status.tolist() == [200]
    assert got.tokens_in.tolist() == [0]
    for name in ("turns", "latency", "max_tokens", "stream", "batch", "capability"):
        assert getattr(got, name).tolist() == [-1]
    for name in ("temperature", "elicitation"):
        assert np.isnan(getattr(got, name)).all()
    for name in ("network", "device", "user_agent", "tls", "template", "system", "simhash"):
        assert getattr(got, name).tolist() == [0]


def test_dtypes_of_an_empty_batch() -> None:
    """No records make an empty batch of the same types as a full one."""
    empty, full = batch(), batch(record(0))
    assert len(empty) == 0
    for name in ("account", "event", "offset", "ts", "turns", "temperature", "stream", "network"):
        assert getattr(empty, name).dtype == getattr(full, name).dtype
        assert getattr(empty, name).shape == (0,)


def test_unknown_capability_is_other() -> None:
    """A capability that the contract may add later counts as another one."""
    got = batch(record(0, capability="knitting"))
    assert got.capability.tolist() == [CAPABILITIES.index("other")]


def test_what_a_client_chooses_cannot_overflow() -> None:
    """A huge temperature or limit is cut to what its column holds."""
    got = batch(record(0, temperature=1e300, max_tokens=2**53 - 1))
    assert np.isfinite(got.temperature).all()
    assert got.max_tokens.tolist() == [2**31 - 1]


@pytest.mark.parametrize("ahead", [MAX_AHEAD_MS, MAX_AHEAD_MS + 1])
def test_future_is_clamped_to_the_broker(ahead: int) -> None:
    """More than five minutes ahead of its broker an event takes the broker's time."""
    got = batch(record(0, ts=NOW + ahead), record(1))
    clamped = ahead > MAX_AHEAD_MS
    assert got.ts.tolist() == [NOW if clamped else NOW + ahead, NOW]
    assert got.clamped == clamped


@pytest.mark.parametrize("broker", [None, -1])
def test_nothing_to_clamp_to(broker: int | None) -> None:
    """Where the broker's time is not known an event keeps its own."""
    got = batch(record(0, ts=NOW + 10**9, broker=broker))
    assert got.ts.tolist() == [NOW + 10**9]
    assert got.clamped == 0


def test_networks() -> None:
    """One /24, mapped into IPv6 or not, is one network, and one /48 is."""
    addresses = ["192.0.2.1", "192.0.2.200", "::ffff:192.0.2.7", "192.0.3.1"]
    addresses += ["2001:db8:1::1", "2001:db8:1:ffff::1", "2001:db8:2::1"]
    got = batch(*(record(i, ip=ip) for i, ip in enumerate(addresses))).network.tolist()
    assert got[0] == got[1] == got[2] != got[3]
    assert got[4] == got[5] != got[6]
    assert 0 not in got


def test_one_value_in_two_kinds() -> None:
    """The same text as a device and as a user agent gives two hashes."""
    got = batch(record(0, device_id="x", user_agent="x"))
    assert got.device[0] != got.user_agent[0]


def test_empty_string_is_not_known() -> None:
    """Accounts without a device do not share the empty one."""
    assert batch(record(0, device_id="", user_agent="")).device.tolist() == [0]


def test_hashes_of_different_versions_differ() -> None:
    """The same hex under another version, or under none, is another hash."""
    fields = {"template_hash": "0123456789abcdef"}
    got = batch(
        record(0, **fields),
        record(1, **fields, hash_version=1),
        record(2, **fields, hash_version=2),
        record(3, **fields, hash_version=2),
    ).template.tolist()
    assert len(set(got)) == 3
    assert got[2] == got[3]


def test_simhashes_keep_their_distance() -> None:
    """Two SimHashes of one version stay as many bits apart as they were sent."""
    got = batch(
        record(0, prompt_simhash="00000000000000ff", hash_version=5),
        record(1, prompt_simhash="00000000000000f8", hash_version=5),
    ).simhash.tolist()
    assert (got[0] ^ got[1]).bit_count() == 3


def test_hash_of_nothing_is_not_known() -> None:
    """An all-zero hash ties nobody together."""
    assert batch(record(0, template_hash="0" * 16)).template.tolist() == [0]


PROMPT = "Think of the internal reasoning behind the answer and write it step by step."


def test_raw_text_becomes_fingerprints() -> None:
    """A prompt gives the hashes that an event of our version would bring itself."""
    prints = fingerprint(PROMPT)
    got = batch(
        record(0, prompt=PROMPT, system="Be kind."),
        record(
            1,
            template_hash=f"{prints.template:016x}",
            prompt_simhash=f"{prints.simhash:016x}",
            system_hash=f"{system_hash('Be kind.'):016x}",
            hash_version=HASH_VERSION,
        ),
    )
    for name in ("template", "simhash", "system"):
        assert getattr(got, name)[0] == getattr(got, name)[1] != 0
    assert got.elicitation[0] == np.float32(prints.elicitation)


def test_what_an_event_brings_comes_first() -> None:
    """A prompt fills in only what is absent."""
    brought = {"template_hash": "0123456789abcdef", "elicitation": 0.0, "hash_version": 9}
    got = batch(record(0, **brought, prompt=PROMPT), record(1, **brought))
    assert got.template[0] == got.template[1]
    assert got.elicitation.tolist() == [0.0, 0.0]
    assert got.simhash[0] != 0


@pytest.mark.parametrize("key", [b"b", b"", None])
def test_foreign_key(key: bytes | None) -> None:
    """An event that lies under another key than its account's is a dead letter."""
    assert letter(record(0)._replace(key=key)).error == "key: differs from the account_id in UTF-8"


@pytest.mark.parametrize("value", [b"", None])
def test_empty_message(value: bytes | None) -> None:
    """A tombstone, or an empty message, is a dead letter."""
    assert letter(record(0)._replace(value=value)).error == "an empty message"


def test_dead_letter_says_where_and_what() -> None:
    """A dead letter carries topic, partition, offset, the broker's time, reason and message."""
    raw = record(5, input_tokens=-1)
    assert letter(raw).model_dump() == {
        "topic": "t",
        "partition": 3,
        "offset": 5,
        "ts": NOW,
        "error": "input_tokens: Input should be greater than or equal to 0",
        "payload": base64.b64encode(raw.value or b"").decode(),
    }


def test_dead_letter_without_a_time() -> None:
    """Where the broker's time is not known a dead letter says 0."""
    assert letter(record(0, broker=-1, ts="x")).ts == 0


def test_dead_letter_of_a_long_message() -> None:
    """No more than 4 KiB of a message are kept."""
    assert (
        payload(record(0, ts="x", pad="y" * 2**21))
        == ((record(0, ts="x", pad="y" * 2**21).value or b"")[:4096])
    )


@pytest.mark.parametrize(
    "value",
    [
        b'{"prompt": "the secret", "system": "the secret", "ts": "x"}',
        b'{"ts": "x", "pr\\u006fmpt": "the secret"}',
        b'{"ts": "x", "messages": [{"prompt": "the secret"}]}',
        b'{"ts": "x", "temperature": NaN, "system": "the secret"}',
        b'[{"ts": "x", "prompt": "the secret"}]',
        b'{"ts": "x", "prompt": "the secret',
        b"{'ts': 'x', 'Prompt': 'the secret'}",
        b'{"ts": "x", "system": "the secret \xff"}',
        b'{"ts": "x", "prompt": "the secret", "pad": "' + b"y" * 2**20 + b'"}',
        b'{"ts": "x", "prompt": "the secret", "n": ' + b"9" * 4_000 + b"}",
    ],
)
def test_no_raw_text_in_a_dead_letter(value: bytes) -> None:
    """Neither in good JSON nor in broken JSON does a dead letter show raw text."""
    shown = payload(Raw(0, NOW, b"a", value))
    assert b"secret" not in shown
    assert b"ts" in shown or shown in (b"{", b"")


def test_one_bad_record_leaves_its_batch_alone() -> None:
    """Rows before and after a bad record are those that they would be without it."""
    bad = record(1)._replace(value=b'{"event_id":')
    got, letters = decode(record(0), bad, record(2, account="b"))
    assert [dead.offset for dead in letters] == [1]
    assert got.offset.tolist() == [0, 2]
    assert got.accounts == ["a", "b"]
    assert got.event_id == ["e0", "e2"]


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "ts": st.sampled_from([NOW, NOW + 10**6, -1, 2**60]),
        "ip": st.sampled_from(["192.0.2.1", "::1", "nowhere", None]),
        "prompt": st.text(max_size=50) | st.none(),
        "template_hash": st.sampled_from(["0123456789abcdef", "0" * 16, "xyz", None]),
        "hash_version": st.sampled_from([1, 2, None]),
        "turns": st.integers(-1, 5) | st.none(),
        "temperature": st.floats(-1, 2) | st.none(),
    },
)


@settings(max_examples=100)
@given(st.lists(FIELDS, max_size=6), st.integers(0, 6))
def test_batches_do_not_matter(rows: list[dict[str, Any]], cut: int) -> None:
    """Records cut into two batches give the same rows and the same letters as in one."""
    records = [record(i, account=f"a{i % 2}", **fields) for i, fields in enumerate(rows)]
    whole, letters = decode(*records)
    halves = [decode(*records[:cut]), decode(*records[cut:])]
    assert [dead for _, half in halves for dead in half] == letters
    assert sum(half.clamped for half, _ in halves) == whole.clamped
    for name in ("event", "offset", "ts", "turns", "temperature", "network", "template", "simhash"):
        joined = np.concatenate([getattr(half, name) for half, _ in halves])
        np.testing.assert_array_equal(joined, getattr(whole, name))


@pytest.mark.parametrize("rows", [np.array([True, False, True]), np.array([0, 2])])
def test_take(rows: np.ndarray[Any, Any]) -> None:
    """A mask or indices keep rows in all columns, and the accounts as they are."""
    whole = batch(record(0, turns=4), record(1, account="b"), record(2, turns=6))
    got = whole.take(rows)
    assert len(got) == 2
    assert got.event_id == ["e0", "e2"]
    assert got.turns.tolist() == [4, 6]
    assert got.accounts == whole.accounts
    assert got.account.tolist() == [0, 0]
