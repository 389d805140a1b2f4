"""Pinned: accounts about which a person's word holds, so that no evidence is told."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from schemas.controls import Override, Subject, control_id
from stream.controls.table import Controls
from stream.decode.batch import RequestBatch
from stream.store import Store

# Who is named most closely: an account by itself, then by who pays, then by where it comes from.
_WIDE: Final[tuple[Subject, ...]] = ("organisation", "network")


class _Told(msgspec.Struct):
    value: str | float


class _Standing(msgspec.Struct):
    """What is asked of the decision that stands."""

    cause: str
    reasons: list[_Told]


_standing = msgspec.json.Decoder(_Standing).decode


async def is_pinned(store: Store, controls: Controls, account: str, ts: int) -> bool:
    """Whether a person's word holds about an account at `ts`, ms.

    Which network or organisation it comes from, only its requests tell: what they were answered
    stands in the store. Raises StoreError.
    """
    if controls.find("account", account, ts):
        return True
    wide = [one for kind in _WIDE for one in controls.about(kind).values() if ts < one.expires_at]
    held = await store.decision(account) if wide else None
    if held is None:
        return False
    stands = _standing(held)
    told = {reason.value for reason in stands.reasons}
    return stands.cause == "override" and any(control_id(one) in told for one in wide)


class Pins:
    """What holds about the events of a batch. Cheap where nobody has ordered anything."""

    def __init__(self, controls: Controls, batch: RequestBatch) -> None:
        self._accounts = _by_place(controls.about("account"), batch.accounts)
        networks = {int(name, 16): one for name, one in controls.about("network").items()}
        self._networks = _by_row(networks, batch)
        self._organisations = _by_place(controls.about("organisation"), batch.organisation)

    def __bool__(self) -> bool:
        return bool(self._accounts or self._networks or self._organisations)

    def accounts(self, batch: RequestBatch) -> list[int]:
        """The accounts of a batch about whom anything may hold."""
        rows = [*self._networks, *self._organisations]
        return [*self._accounts, *batch.account[rows].tolist()]

    def find(self, account: int, row: int, clock: int) -> Override | None:
        """What holds about an event: row of the batch, of an account whose clock is `clock`, ms."""
        for place, found in (
            (account, self._accounts),
            (row, self._organisations),
            (row, self._networks),
        ):
            override = found.get(place)
            if override and clock < override.expires_at:
                return override
        return None


def _by_place(
    overrides: Mapping[str, Override], values: Sequence[str | None]
) -> dict[int, Override]:
    if not overrides:
        return {}
    return {i: overrides[v] for i, v in enumerate(values) if v is not None and v in overrides}


def _by_row(overrides: Mapping[int, Override], batch: RequestBatch) -> dict[int, Override]:
    if not overrides:
        return {}
    named = np.fromiter(overrides, np.uint64)
    rows = np.flatnonzero(np.isin(batch.network, named)).tolist()
    return {row: overrides[int(batch.network[row])] for row in rows}
