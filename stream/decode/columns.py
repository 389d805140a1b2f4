"""Events to columns: one pass per column, no work per event in Python where it can be helped."""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import msgspec
import numpy as np
from xxhash import xxh3_64_intdigest

from schemas.events import MAX_COUNT
from schemas.features import CAPABILITIES
from schemas.wire import RequestWire
from stream.decode.batch import Float32, Int8, Int64, RequestBatch, UInt64
from stream.decode.fingerprints import HASH_VERSION, Fingerprints, fingerprint, system_hash
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher

MAX_AHEAD_MS = 5 * 60 * 1000  # clocks that NTP keeps drift by far less
MAX_TEMPERATURE = 1e6  # what is sent may overflow float32; no API takes more than 2

_CAPABILITY = {name: index for index, name in enumerate(CAPABILITIES)}
_OTHER = _CAPABILITY["other"]
_FLAG = {None: -1, False: 0, True: 1}
_FIELDS = RequestWire.__struct_fields__

Columns = Mapping[str, Sequence[Any]]

_EMPTY: Columns = dict.fromkeys(_FIELDS, ())


def columns(
    events: Sequence[RequestWire],
    *,
    partitions: Sequence[int],
    offsets: Sequence[int],
    broker_times: Sequence[int | None],
    hasher: KeyedHasher,
    geography: Geography,
) -> RequestBatch:
    """Lay out n events with their places and the broker's times (ms; -1 or None: not known)."""
    rows = map(msgspec.structs.astuple, events)
    sent = dict(zip(_FIELDS, zip(*rows, strict=True), strict=True)) if events else _EMPTY
    accounts = list(dict.fromkeys(sent["account_id"]))
    place = {account: index for index, account in enumerate(accounts)}
    ts, clamped = _clamp(_ints(sent["ts"], 0), _ints(broker_times, -1))
    masks = _version_masks(_ints(sent["hash_version"], 0), hasher)
    made = _fingerprints(sent)
    asn, country = geography.columns(sent["ip"], sent["asn"], sent["country"])
    return RequestBatch(
        accounts=accounts,
        account=np.fromiter(map(place.__getitem__, sent["account_id"]), np.int64),
        event_id=list(sent["event_id"]),
        named=list(sent["model"]),
        organisation=list(sent["org_id"]),
        event=np.array([xxh3_64_intdigest(e.encode()) for e in sent["event_id"]], np.uint64),
        partition=np.array(partitions, np.int64),
        offset=np.array(offsets, np.int64),
        ts=ts,
        status=_ints(sent["status"], 200),
        tokens_in=_ints(sent["input_tokens"], 0),
        tokens_out=_ints(sent["output_tokens"], 0),
        tokens_reasoning=_ints(sent["reasoning_tokens"], 0),
        tokens_cached=_ints(sent["cached_tokens"], 0),
        max_tokens=np.minimum(_ints(sent["max_tokens"], -1), MAX_COUNT),
        turns=_ints(sent["turns"], -1),
        tool_calls=_ints(sent["tool_calls"], -1),
        tools=_ints(sent["tools"], -1),
        latency=_ints(sent["latency_ms"], -1),
        temperature=_floats(sent["temperature"]),
        elicitation=_elicitations(sent["elicitation"], made),
        stream=_flags(sent["stream"]),
        logprobs=_flags(sent["logprobs"]),
        refused=_flags(sent["refused"]),
        batch=np.array([-1 if e is None else e == "batch" for e in sent["endpoint"]], np.int8),
        capability=_capabilities(sent["capability"]),
        network=hasher.network_column(sent["ip"]),
        device=hasher.hash_column("device", sent["device_id"]),
        user_agent=hasher.hash_column("user_agent", sent["user_agent"]),
        tls=hasher.hash_column("tls_fingerprint", sent["tls_fingerprint"]),
        model=hasher.hash_column("model", sent["model"]),
        template=_hashes(sent["template_hash"], masks, {r: f.template for r, f in made.items()}),
        system=_hashes(sent["system_hash"], masks, _system_hashes(sent)),
        simhash=_hashes(sent["prompt_simhash"], masks, {r: f.simhash for r, f in made.items()}),
        asn=asn,
        country=country,
        clamped=clamped,
    )


def _clamp(ts: Int64, broker: Int64) -> tuple[Int64, int]:
    """Take the broker's time where an event lies too far ahead of it."""
    ahead = (broker > 0) & (ts > broker + MAX_AHEAD_MS)
    return np.where(ahead, broker, ts), int(ahead.sum())


def _ints(column: Sequence[int | None], absent: int) -> Int64:
    try:
        return np.array(column, np.int64)
    except TypeError:  # a null in it
        return np.array([absent if value is None else value for value in column], np.int64)


def _floats(column: Sequence[float | None]) -> Float32:
    values = np.array(column, np.float64)  # a None becomes NaN
    return values.clip(-MAX_TEMPERATURE, MAX_TEMPERATURE).astype(np.float32)


def _flags(column: Sequence[bool | None]) -> Int8:
    return np.fromiter(map(_FLAG.__getitem__, column), np.int8)


def _capabilities(column: Sequence[str | None]) -> Int8:
    return np.array([-1 if c is None else _CAPABILITY.get(c, _OTHER) for c in column], np.int8)


def _fingerprints(sent: Columns) -> dict[int, Fingerprints]:
    """By row, where a prompt was sent and not all that is made of it."""
    brought = zip(sent["template_hash"], sent["prompt_simhash"], sent["elicitation"], strict=True)
    return {
        row: fingerprint(prompt)
        for row, (prompt, (template, simhash, elicitation)) in enumerate(
            zip(sent["prompt"], brought, strict=True)
        )
        if prompt is not None
        and (template is None or simhash is None or elicitation is None or isnan(elicitation))
    }


def _system_hashes(sent: Columns) -> dict[int, int]:
    return {
        row: system_hash(system)
        for row, (system, brought) in enumerate(
            zip(sent["system"], sent["system_hash"], strict=True)
        )
        if system is not None and brought is None
    }


def _elicitations(column: Sequence[float | None], made: Mapping[int, Fingerprints]) -> Float32:
    values = _floats(column)
    for row, prints in made.items():
        if np.isnan(values[row]):
            values[row] = prints.elicitation
    return values


def _version_masks(versions: Int64, hasher: KeyedHasher) -> tuple[UInt64, np.uint64]:
    """One mask per row for the hashes that it brought, and one for those that are made here.

    Exclusive-or with the mask of its version keeps equal hashes equal and SimHashes as far apart
    as they were, and lets no hash of one version equal one of another. Version 0 is the one that
    an event did not name.
    """
    distinct, inverse = np.unique(versions, return_inverse=True)
    masks = hasher.hash_column("hash_version", map(str, [*distinct.tolist(), HASH_VERSION]))
    return masks[inverse], masks[-1]


def _hashes(
    column: Sequence[str | None], masks: tuple[UInt64, np.uint64], made: Mapping[int, int]
) -> UInt64:
    """Hex as it was sent, or what was made of the text; 0, the hash of nothing, stays 0."""
    values = np.zeros(len(column), np.uint64)
    brought = [row for row, value in enumerate(column) if value is not None]
    values[brought] = np.frombuffer(bytes.fromhex("".join(filter(None, column))), ">u8")
    values = np.where(values == 0, values, values ^ masks[0])
    for row, value in made.items():
        if column[row] is None and value:
            values[row] = np.uint64(value) ^ masks[1]
    return values
