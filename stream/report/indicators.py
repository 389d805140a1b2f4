"""Indicators to share with other providers: a subset of STIX 2.1, keyed hashes only.

A bundle holds an identity (who tells), the extension that explains our properties, one campaign,
and for each shared value an indicator that indicates it. Values that are hashes are keyed with
the pepper of the installation: they can be compared by those who hold the same one. No account is
in it, and no country. https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from stream.report.figures import Figures, Tie
from stream.report.wording import CAVEATS, KINDS

# Ours; ids that follow from it are the same each time, so that an update replaces what was shared.
NAMESPACE: Final = UUID("5b0f3a52-6a5e-4d0c-9a3e-2f9d3c1f7b10")
# TLP:AMBER (7.2.1.4): not beyond those who need to know.
AMBER: Final = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
_MADE: Final = "2026-11-22T00:00:00.000Z"
_AMBER: Final = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": AMBER,
    "created": "2017-01-20T00:00:00.000Z",
    "definition_type": "tlp",
    "name": "TLP:AMBER",
    "definition": {"tlp": "amber"},
}
SCHEMA: Final = "docs/operations.md#reports"

Object = dict[str, Any]


def bundle(f: Figures, provider: str) -> Object:
    """The STIX bundle of one campaign; `provider`: the name of who tells."""
    who, extension = _identity(provider), _extension(provider)
    campaign = _campaign(f, provider)
    ties = [
        each
        for tie in f.ties
        if tie.value  # a signature of behaviour cannot be compared
        for each in _indicator(f, tie, provider)
    ]
    objects = [_AMBER, who, extension, campaign, *ties]
    return {"type": "bundle", "id": _id("bundle", provider, f.campaign_id), "objects": objects}


def encode(found: Object) -> bytes:
    """The bundle as a file's content."""
    return json.dumps(found, indent=2, ensure_ascii=False).encode() + b"\n"


def _identity(provider: str) -> Object:
    return {
        **_common("identity", (provider,), _MADE, _MADE),
        "name": provider,
        "identity_class": "organization",
    }


def _extension(provider: str) -> Object:
    return {
        **_common("extension-definition", (provider, "shared-value"), _MADE, _MADE),
        "created_by_ref": _id("identity", provider),
        "name": "sluicegate shared value",
        "description": "A value that accounts of an alleged campaign share, and how many do.",
        "schema": SCHEMA,
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }


def _campaign(f: Figures, provider: str) -> Object:
    modified = max(f.last_seen, f.detected_at)
    return {
        **_told(f, "campaign", (provider, f.campaign_id), provider, modified),
        "name": f"Alleged campaign {f.campaign_id}",
        "description": f"{f.accounts:,} linked accounts, {f.exchanges:,} exchanges. {CAVEATS[0]}",
        "first_seen": stamp(f.first_seen),
        "last_seen": stamp(max(f.last_seen, f.first_seen)),
    }


def _indicator(f: Figures, tie: Tie, provider: str) -> Iterator[Object]:
    """The indicator, and that it indicates the campaign."""
    name = (provider, f.campaign_id, tie.kind, tie.value)
    indicator = _told(f, "indicator", name, provider, max(f.last_seen, f.detected_at)) | {
        "name": f"Accounts with {KINDS[tie.kind]}",
        "indicator_types": ["anomalous-activity"],
        "pattern": f"{tie.kind} = '{_quoted(tie.value)}'",
        "pattern_type": "sluicegate",
        "pattern_version": "1.0.0",
        "valid_from": stamp(f.detected_at),
        "extensions": {
            _id("extension-definition", provider, "shared-value"): {
                "extension_type": "property-extension",
                "kind": tie.kind,
                "value": tie.value,
                "hash": "BLAKE2b-64 keyed" if tie.keyed else "none",
                "accounts": tie.accounts,
                "share": tie.share,
            }
        },
    }
    yield indicator
    yield _told(f, "relationship", name, provider, f.detected_at) | {
        "relationship_type": "indicates",
        "source_ref": indicator["id"],
        "target_ref": _id("campaign", provider, f.campaign_id),
    }


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _told(f: Figures, kind: str, name: tuple[str, ...], provider: str, modified: int) -> Object:
    return _common(kind, name, stamp(f.detected_at), stamp(modified)) | {
        "created_by_ref": _id("identity", provider),
        "confidence": round(100 * f.score),
        "object_marking_refs": [AMBER],
    }


def _common(kind: str, name: tuple[str, ...], created: str, modified: str) -> Object:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": _id(kind, *name),
        "created": created,
        "modified": modified,
    }


def _id(kind: str, *name: str) -> str:
    return f"{kind}--{uuid5(NAMESPACE, json.dumps([kind, *name]))}"


def stamp(ts: int) -> str:
    """A time of the contract as STIX writes it."""
    return datetime.fromtimestamp(ts / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{ts % 1_000:03}Z"
    )
