"""The hot path and the contract give the same verdict on the same bytes."""

import json
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas.decisions import Action, Decision
from schemas.errors import MalformedEventError
from schemas.events import MAX_COUNT, MAX_MESSAGE_BYTES, MAX_TS, RequestEvent
from schemas.wire import (
    DecisionWire,
    LimitsWire,
    ReasonWire,
    RequestWire,
    encode_decision,
    parse,
    read_requests,
)

LEAST: dict[str, Any] = {"event_id": "e", "account_id": "a", "ts": 1, "model": "m"}
FULL: dict[str, Any] = {
    **LEAST,
    "org_id": "o",
    "api_key_id": "k",
    "conversation_id": "c",
    "endpoint": "messages",
    "status": 429,
    "input_tokens": 1,
    "output_tokens": 2,
    "reasoning_tokens": 3,
    "cached_tokens": 4,
    "max_tokens": 5,
    "turns": 6,
    "tool_calls": 7,
    "tools": 8,
    "temperature": 0.5,
    "stream": True,
    "logprobs": False,
    "refused": True,
    "latency_ms": 9,
    "ip": "192.0.2.1",
    "asn": 64496,
    "country": "CH",
    "user_agent": "agent/1",
    "tls_fingerprint": "t13d1516h2_8daaf6152771_b186095e22b6",
    "device_id": "d",
    "capability": "coding",
    "elicitation": 0.25,
    "system_hash": "0123456789abcdef",
    "template_hash": "fedcba9876543210",
    "prompt_simhash": "00000000ffffffff",
    "hash_version": 2,
    "prompt": "hello",
    "system": "be kind",
}
REQUESTS: TypeAdapter[RequestEvent] = TypeAdapter(RequestEvent)


def body(**changes: object) -> bytes:
    return json.dumps({**LEAST, **changes}).encode()


def spelled(name: str, value: bytes) -> bytes:
    """A least event with one more field, spelled out byte for byte."""
    return json.dumps(LEAST).encode()[:-1] + b', "' + name.encode() + b'": ' + value + b"}"


ACCEPTED = {
    "least": body(),
    "full": json.dumps(FULL).encode(),
    "all null": body(**dict.fromkeys(FULL.keys() - LEAST.keys())),
    "unknown field": body(colour="red"),
    "unknown field, nested": body(colour={"a": [{"b": [1, 2, {}]}]}),
    "unknown capability": body(capability="knitting"),
    "space around": b" \t\r\n" + body() + b"\n",
    "escaped key": body().replace(b'"model"', b'"m\\u006fdel"'),
    "repeated key, the last one counts": spelled("ts", b"2"),
    "repeated key, the last one mends": b'{"ts": "x", ' + body()[1:],
    "integer for a float": body(temperature=1, elicitation=1),
    "negative zero": spelled("input_tokens", b"-0"),
    "float with an exponent": spelled("temperature", b"1E-1"),
    "account of 128 characters": body(account_id="a" * 128),
    "account beyond ASCII": body(account_id="konto-ü-口座"),
    "account beyond ASCII, not escaped": json.dumps(
        {**LEAST, "account_id": "ü口😀" * 42}, ensure_ascii=False
    ).encode(),
    "256 characters of four bytes": body(device_id="😀" * 256),
    "user agent of 512": body(user_agent="u" * 512),
    "latest time": body(ts=MAX_TS),
    "largest count": body(input_tokens=MAX_COUNT),
    "huge max_tokens": body(max_tokens=2**53 - 1),
    "huge temperature": body(temperature=1e300),
    "IPv6": body(ip="2001:db8::1"),
    "IPv4 mapped into IPv6": body(ip="::ffff:192.0.2.1"),
    "prompt of 64 KiB": body(prompt="p" * 65_536),
    "prompt and system of 64 KiB, each byte escaped": body(
        prompt="\1" * 65_536, system="\2" * 65_536
    ),
    "100 levels in a field that is ignored": spelled("deep", b"[" * 100 + b"]" * 100),
    "many brackets in a row": spelled("wide", b"[" + b"[],{}," * 300 + b"0]"),
    "overflow in a field that is ignored": spelled("big", b"1e999"),
    "NUL in a string": body(device_id="a\0b"),
    "empty strings": body(model="", device_id="", user_agent=""),
}
REFUSED = {
    "nothing": (b"", ""),
    "a space": (b" ", ""),
    "not JSON": (b"ts=1", ""),
    "cut short": (body()[:-1], ""),
    "two events": (body() + body(), ""),
    "garbage behind": (body() + b"x", ""),
    "byte-order mark": (b"\xef\xbb\xbf" + body(), ""),
    "UTF-16": (body().decode().encode("utf-16"), ""),
    "null": (b"null", ""),
    "a list": (b"[" + body() + b"]", ""),
    "a string": (b'"event"', ""),
    "single quotes": (body().replace(b'"', b"'"), ""),
    "trailing comma": (body()[:-1] + b",}", ""),
    "a comment": (b"/* */" + body(), ""),
    "NaN": (spelled("temperature", b"NaN"), ""),
    "Infinity in a field that is ignored": (spelled("x", b"-Infinity"), ""),
    "leading zero": (spelled("input_tokens", b"01"), ""),
    "invalid UTF-8": (spelled("model", b'"\xff"'), ""),
    "invalid UTF-8 in a field that is ignored": (spelled("x", b'"\xc3\x28"'), ""),
    "invalid UTF-8 in a key that is ignored": (body()[:-1] + b', "\xff": 1}', ""),
    "surrogate in UTF-8": (spelled("x", b'"\xed\xa0\x80"'), ""),
    "lone surrogate": (spelled("device_id", b'"\\ud800"'), ""),
    "lone surrogate in a field that is ignored": (spelled("x", b'"\\udc00 "'), ""),
    "control character": (spelled("x", b'"\n"'), ""),
    "invalid escape": (spelled("x", b'"\\x41"'), ""),
    "5,000 digits in a field that is ignored": (spelled("x", b"9" * 5_000), ""),
    "250 levels": (spelled("deep", b"[" * 250 + b"]" * 250), ""),
    "250 objects": (spelled("deep", b'{"a":' * 250 + b"1" + b"}" * 250), ""),
    "100,000 levels": (b"[" * 100_000, ""),
    "too long": (body(pad="x" * MAX_MESSAGE_BYTES), ""),
    "no event_id": (b'{"account_id": "a", "ts": 1, "model": "m"}', "event_id"),
    "no account_id": (b'{"event_id": "e", "ts": 1, "model": "m"}', "account_id"),
    "no ts": (b'{"event_id": "e", "account_id": "a", "model": "m"}', "ts"),
    "no model": (b'{"event_id": "e", "account_id": "a", "ts": 1}', "model"),
    "null in a required field": (body(ts=None), "ts"),
    "empty event_id": (body(event_id=""), "event_id"),
    "event_id of 257": (body(event_id="e" * 257), "event_id"),
    "event_id a number": (body(event_id=7), "event_id"),
    "empty account_id": (body(account_id=""), "account_id"),
    "account_id of 129": (body(account_id="a" * 129), "account_id"),
    "NUL in account_id": (body(account_id="a\0"), "account_id"),
    "ts a string": (body(ts="1"), "ts"),
    "ts a float": (body(ts=1.0), "ts"),
    "ts with an exponent": (spelled("ts", b"1e3"), "ts"),
    "ts a boolean": (body(ts=True), "ts"),
    "ts before 1970": (body(ts=-1), "ts"),
    "ts in microseconds": (body(ts=1_780_000_000_000_000), "ts"),
    "ts beyond 64 bits": (body(ts=2**64), "ts"),
    "negative tokens": (body(input_tokens=-1), "input_tokens"),
    "too many tokens": (body(output_tokens=2**31), "output_tokens"),
    "status of four digits": (body(status=2000), "status"),
    "boolean as a number": (body(stream=1), "stream"),
    "boolean as a string": (body(refused="true"), "refused"),
    "overflow": (spelled("temperature", b"1e999"), "temperature"),
    "elicitation above 1": (body(elicitation=1.01), "elicitation"),
    "elicitation below 0": (body(elicitation=-0.01), "elicitation"),
    "ip of three parts": (body(ip="192.0.2"), "ip"),
    "ip with a zone": (body(ip="fe80::1%eth0"), "ip"),
    "ip with a port": (body(ip="192.0.2.1:80"), "ip"),
    "ip with a leading zero": (body(ip="192.0.2.01"), "ip"),
    "ip with a NUL": (body(ip="192.0.2.1\0"), "ip"),
    "ip beyond ASCII": (body(ip="１.1.1.1"), "ip"),
    "empty ip": (body(ip=""), "ip"),
    "country in lower case": (body(country="ch"), "country"),
    "country of three": (body(country="CHE"), "country"),
    "country beyond ASCII": (body(country="ÜÜ"), "country"),
    "country with a line break": (body(country="CH\n"), "country"),
    "asn beyond 32 bits": (body(asn=2**32), "asn"),
    "hash of 15": (body(template_hash="0" * 15), "template_hash"),
    "hash in upper case": (body(system_hash="0123456789ABCDEF"), "system_hash"),
    "hash with spaces": (body(prompt_simhash="01 23 45 67 89 a"), "prompt_simhash"),
    "hash beyond ASCII": (body(prompt_simhash="０" * 16), "prompt_simhash"),
    "user agent of 513": (body(user_agent="u" * 513), "user_agent"),
    "prompt of 64 KiB and one": (body(prompt="p" * 65_537), "prompt"),
    "prompt of 64 KiB in two-byte letters": (body(prompt="ü" * 32_769), "prompt"),
    "prompt an object": (body(prompt={"role": "user"}), "prompt"),
}


def said(event: RequestWire) -> dict[str, Any]:
    """What an event says, with null and absent alike, and NaN equal to itself."""
    values = msgspec.structs.asdict(event)
    absent = msgspec.structs.asdict(RequestWire("e", "a", 1, "m"))
    return {
        name: "NaN" if isinstance(told, float) and math.isnan(told) else told
        for name, value in values.items()
        for told in [absent[name] if value is None else value]
    }


def contract(raw: bytes) -> dict[str, Any] | str:
    try:
        event = parse(REQUESTS, raw)
    except MalformedEventError as error:
        return str(error)
    return said(RequestWire(**event.model_dump(exclude_none=True)))


def read_one(raw: bytes) -> RequestWire | MalformedEventError:
    (outcome,) = read_requests([raw])
    return outcome


def verdict(outcome: RequestWire | MalformedEventError) -> dict[str, Any] | str:
    return said(outcome) if isinstance(outcome, RequestWire) else str(outcome)


def alone(raw: bytes) -> dict[str, Any] | str:
    return verdict(read_one(raw))


@pytest.mark.parametrize("raw", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepts(raw: bytes) -> None:
    """What the contract allows is an event, alike for both readers."""
    assert isinstance(contract(raw), dict)
    assert alone(raw) == contract(raw)


@pytest.mark.parametrize(("raw", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(raw: bytes, field: str) -> None:
    """What the contract does not allow is an error that names the field, in the same words."""
    with pytest.raises(MalformedEventError) as caught:
        parse(REQUESTS, raw)
    assert caught.value.field == field
    assert alone(raw) == str(caught.value)


def test_full_event_is_read_field_by_field() -> None:
    """Every field of the contract arrives as it was sent."""
    event = read_one(json.dumps(FULL).encode())
    assert isinstance(event, RequestWire)
    assert msgspec.structs.asdict(event) == FULL


def test_one_bad_event_leaves_its_batch_alone() -> None:
    """In one batch each body gets the verdict that it gets alone."""
    bodies = [*ACCEPTED.values(), *(raw for raw, _ in REFUSED.values())]
    together = [verdict(outcome) for outcome in read_requests(bodies)]
    assert together == [contract(raw) for raw in bodies]


@pytest.mark.parametrize("raw", [raw for raw, _ in REFUSED.values()], ids=REFUSED.keys())
def test_one_bad_event_among_plain_ones(raw: bytes) -> None:
    """The checks that look at a batch as a whole find the one that is wrong."""
    outcomes = read_requests([body(), raw, body()])
    assert [isinstance(outcome, RequestWire) for outcome in outcomes] == [True, False, True]


def test_halves_do_not_make_an_event() -> None:
    """Two bodies that only make sense together are two errors."""
    whole = body()
    outcomes = read_requests([whole[:20], whole[20:]])
    assert all(isinstance(outcome, MalformedEventError) for outcome in outcomes)


def test_verdict_does_not_depend_on_the_stack() -> None:
    """A message that is read at the top of the stack is read deep down in it as well."""

    def deep(levels: int, call: Callable[[], object]) -> object:
        return deep(levels - 1, call) if levels else call()

    raw = spelled("deep", b"[" * 150 + b"]" * 150)
    assert isinstance(deep(700, lambda: read_one(raw)), RequestWire)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["192.0.2.1", "::1", "CH", "0123456789abcdef", 2**31, 2**53, 1.0, ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
EVENTS = st.dictionaries(st.sampled_from([*FULL, "colour"]), JSON_VALUES, max_size=6).map(
    lambda changes: json.dumps({**LEAST, **changes}).encode()
)
MUTATIONS = st.lists(
    st.tuples(st.integers(0, 900), st.integers(0, 3), st.binary(min_size=1, max_size=4)),
    min_size=1,
    max_size=4,
)


def mutated(mutations: list[tuple[int, int, bytes]]) -> bytes:
    """A full event with some bytes replaced and some more put in."""
    raw = bytearray(json.dumps(FULL).encode())
    for place, removed, put in mutations:
        raw[place : place + removed] = put
    return bytes(raw)


@settings(max_examples=300)
@given(EVENTS)
@example(body(temperature=float("nan")))
def test_same_verdict_on_any_value(raw: bytes) -> None:
    """Whatever stands in a field, both readers say the same."""
    assert alone(raw) == contract(raw)


@settings(max_examples=300)
@given(MUTATIONS)
def test_same_verdict_on_damaged_events(mutations: list[tuple[int, int, bytes]]) -> None:
    """However the bytes of an event are damaged, both readers say the same."""
    raw = mutated(mutations)
    assert alone(raw) == contract(raw)


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_same_verdict_on_garbage(raw: bytes) -> None:
    """On any bytes at all both readers say the same, and neither raises anything else."""
    assert alone(raw) == contract(raw)


@settings(max_examples=100)
@given(st.lists(EVENTS | MUTATIONS.map(mutated), max_size=8))
def test_same_verdict_in_a_batch(bodies: list[bytes]) -> None:
    """A batch gives each body the verdict that the contract gives it."""
    assert [verdict(outcome) for outcome in read_requests(bodies)] == [
        contract(raw) for raw in bodies
    ]


def test_no_text_of_a_prompt_in_an_error() -> None:
    """An error never quotes what was sent."""
    outcome = read_one(body(prompt=["the secret"], input_tokens="the secret"))
    assert isinstance(outcome, MalformedEventError)
    assert "secret" not in str(outcome)


def decision(**changes: object) -> DecisionWire:
    fields: dict[str, Any] = {
        "decision_id": "d",
        "account_id": "a",
        "event_id": "e",
        "cause": "request",
        "ts": 1,
        "decided_at": 2,
        "action": Action.RATE_LIMIT,
        "score": 0.1234567,
        "kyc_tier": 0,
        "kyc_score": 0.5,
        "reasons": [ReasonWire("too_even", "an even rate", 1.00000049, 0.3)],
        "model_version": "m",
        "policy_version": "p",
        "mode": "enforce",
        "expires_at": 3,
        "limits": LimitsWire(60, 10_000),
    }
    return DecisionWire(**{**fields, **changes})


def test_decision_is_the_same_to_the_byte() -> None:
    """Order, rounding and what is left out are fixed."""
    assert encode_decision(decision()) == (
        b'{"decision_id":"d","account_id":"a","event_id":"e","cause":"request","ts":1,'
        b'"decided_at":2,"action":"rate_limit","score":0.123457,"kyc_tier":0,"kyc_score":0.5,'
        b'"reasons":[{"code":"too_even","text":"an even rate","value":1.0,"weight":0.3}],'
        b'"model_version":"m","policy_version":"p","mode":"enforce","expires_at":3,'
        b'"limits":{"requests_per_minute":60,"tokens_per_minute":10000}}'
    )


@settings(max_examples=200)
@given(
    score=st.floats(0, 1),
    kyc_score=st.floats(0, 1, width=32),
    action=st.sampled_from(Action),
    value=st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    weight=st.floats(-1e6, 1e6),
    restrictions=st.none() | st.just(["no_batch", "watermark"]),
    requirements=st.none() | st.just(["verify_email"]),
    campaign_id=st.none() | st.just("c"),
)
def test_decision_reads_as_it_was_written(
    value: float | str, weight: float, **changes: object
) -> None:
    """The contract's model reads exactly what the hot path wrote."""
    written = decision(reasons=[ReasonWire("code", "text", value, weight)], **changes)
    raw = encode_decision(written)
    read = parse(TypeAdapter(Decision), raw)
    assert json.loads(read.model_dump_json(exclude_none=True)) == json.loads(raw)
    assert msgspec.json.decode(raw, type=DecisionWire) == written


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_decision_without_a_score_is_not_written(score: float) -> None:
    """A score that JSON cannot hold is an error, not a null."""
    with pytest.raises(ValueError, match="JSON"):
        decision(score=score)


def test_wire_has_the_fields_of_the_contract() -> None:
    """Neither form has a field that the other lacks."""
    assert set(RequestWire.__struct_fields__) == set(RequestEvent.model_fields)
    assert set(DecisionWire.__struct_fields__) == set(Decision.model_fields)
