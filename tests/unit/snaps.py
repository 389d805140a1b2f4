"""Snapshots made by hand, and labels as files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from schemas.features import FEATURE_NAMES
from stream.learn.snapshots import Snapshot

DAY = 86_400_000
NOW = 1_780_000_000_000


def snapshot(
    rows: Sequence[tuple[str, int, int]], campaigns: dict[str, str] | None = None
) -> Snapshot:
    """Of each row: account, days since NOW, and at which of its requests. Features are noise; the
    first one tells the row's number."""
    names = sorted({account for account, _, _ in rows})
    features = np.random.default_rng(0).normal(size=(len(rows), len(FEATURE_NAMES)))
    features[:, 0] = np.arange(len(rows))
    whose = [names.index(account) for account, _, _ in rows]
    return Snapshot(
        accounts=names,
        exchanges=np.array([max(r for a, _, r in rows if a == name) for name in names]),
        campaigns=[(campaigns or {}).get(name, "") for name in names],
        account=np.array(whose),
        event=np.arange(len(rows), dtype=np.uint64) + np.uint64(2**63),
        time=np.array([NOW + days * DAY for _, days, _ in rows]),
        request=np.array([request for _, _, request in rows]),
        features=features.astype(np.float32),
    )


def label(account: str, day: float, said: str = "abuse", **fields: Any) -> dict[str, Any]:
    """A LabelEvent."""
    ts = int(NOW + day * DAY)
    event = {"event_id": f"{account}@{ts}{said}", "account_id": account, "ts": ts, "label": said}
    return event | {"source": "review"} | fields


def written(path: Path, events: Sequence[dict[str, Any]]) -> Path:
    """Events as a file of lines."""
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path
