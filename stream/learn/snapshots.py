"""Snapshots: feature rows as the live code made them, each as of its own event, as Parquet.

One row an event, at chosen moments of its account or at every event. Columns: account_id, event
(a 64-bit digest of the event's id), ts (the account's clock, ms), request (how many the account
had made), every feature by name; and two that are known only afterwards, for splitting and
judging, never for learning: exchanges (how many the account made in all) and campaign (which the
linker found).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.decisions import Campaign
from schemas.errors import ConfigurationError
from schemas.features import FEATURE_NAMES, FEATURE_VERSION, feature_hash
from stream.broker.sinks import Placed
from stream.decode.batch import RequestBatch, UInt64
from stream.learn.moments import due
from stream.remember.calendar import Ints
from stream.remember.windows import Sight

Rows = NDArray[np.float32]

_HASH: Final = "feature_hash"
_VERSION: Final = "feature_version"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """n rows of A accounts, by time; see above. campaigns: "" where there is none."""

    accounts: list[str]
    exchanges: Ints  # of each account
    campaigns: list[str]  # of each account
    account: Ints  # index into the three above
    event: UInt64
    time: Ints
    request: Ints
    features: Rows  # float32[n, features]

    def write(self, path: Path) -> None:
        """Write a Parquet file. Raises ConfigurationError without polars, OSError."""
        polars = _polars()
        named = dict(zip(FEATURE_NAMES, self.features.T, strict=True))
        frame = polars.DataFrame(
            {
                "account_id": [self.accounts[account] for account in self.account.tolist()],
                "event": self.event,
                "ts": self.time,
                "request": self.request,
                "exchanges": self.exchanges[self.account],
                "campaign": [self.campaigns[account] or None for account in self.account.tolist()],
                **named,
            },
            schema_overrides={"campaign": polars.String},
        )
        about = {_HASH: feature_hash(), _VERSION: str(FEATURE_VERSION)}
        with path.open("wb") as file:
            frame.write_parquet(file, metadata=about)

    @classmethod
    def read(cls, path: Path) -> "Snapshot":
        """Read what `write` wrote.

        Raises ConfigurationError where it is something else, or of another feature list; OSError.
        """
        polars = _polars()
        with path.open("rb") as file:
            content = file.read()
        try:
            about = polars.read_parquet_metadata(content)
            frame = polars.read_parquet(content) if about.get(_HASH) == feature_hash() else None
        except polars.exceptions.PolarsError as error:
            raise ConfigurationError(f"{path}: not a snapshot: {error}") from error
        if frame is None:
            raise ConfigurationError(
                f"{path}: of the feature list {about.get(_HASH, 'none')[:12]}, this program has "
                f"{feature_hash()[:12]}: make it again with `sluicegate snapshot`"
            )
        return cls._of(frame)

    @classmethod
    def _of(cls, frame: Any) -> "Snapshot":
        names, first, account = np.unique(
            frame["account_id"].to_numpy(), return_index=True, return_inverse=True
        )
        campaigns = frame["campaign"].fill_null("").to_list()
        return cls(
            accounts=names.tolist(),
            exchanges=frame["exchanges"].to_numpy()[first],
            campaigns=[campaigns[row] for row in first.tolist()],
            account=account.astype(np.int64),
            event=frame["event"].to_numpy(),
            time=frame["ts"].to_numpy(),
            request=frame["request"].to_numpy(),
            features=np.ascontiguousarray(frame.select(FEATURE_NAMES).to_numpy(), np.float32),
        )


def _polars() -> Any:
    try:
        import polars  # noqa: PLC0415 - 170 MB that only snapshots need
    except ImportError as error:
        raise ConfigurationError("snapshots need polars: install sluicegate[train]") from error
    return polars


@dataclass(slots=True)
class Camera:
    """A witness of the main path that keeps the rows which are due, or `every` one, and a sink
    that hears which accounts the linker puts into which campaign."""

    every: bool = False
    _number: dict[str, int] = field(default_factory=dict)
    _exchanges: list[int] = field(default_factory=list)
    _columns: list[Mapping[str, NDArray[Any]]] = field(default_factory=list)
    _campaign: dict[str, str] = field(default_factory=dict)  # of each account
    _merged: dict[str, str] = field(default_factory=dict)

    def witness(self, batch: RequestBatch, sight: Sight, rows: Rows) -> None:
        """Keep what is to be kept of a batch."""
        number = np.array([self._numbered(name) for name in batch.accounts], np.int64)
        last = np.flatnonzero(np.diff(sight.account, append=-1))  # of each account: it is sorted
        for row in last.tolist():
            self._exchanges[number[sight.account[row]]] = int(sight.requests[row])
        kept = due(sight.requests) | self.every
        self._columns.append(
            {
                "account": number[sight.account[kept]],
                "event": batch.event[sight.row[kept]],
                "time": sight.clock[kept],
                "request": sight.requests[kept],
                "features": rows[kept],
            }
        )

    def _numbered(self, name: str) -> int:
        number = self._number.setdefault(name, len(self._number))
        if number == len(self._exchanges):
            self._exchanges.append(0)
        return number

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[object]) -> None:
        """Decisions are of no interest here."""

    async def record(self, campaigns: Sequence[Campaign]) -> None:
        """Note who belongs to which campaign."""
        for told in campaigns:
            self._campaign |= dict.fromkeys(told.members_added, told.campaign_id)
            if told.merged_into:
                self._merged[told.campaign_id] = told.merged_into

    def _campaign_of(self, account: str) -> str:
        campaign = self._campaign.get(account, "")
        while campaign in self._merged:
            campaign = self._merged[campaign]
        return campaign

    def snapshot(self) -> Snapshot:
        """All that was kept, however the stream was cut. ConfigurationError when it is nothing."""
        if not any(len(columns["account"]) for columns in self._columns):
            raise ConfigurationError("there is no request to take a snapshot of")
        accounts = list(self._number)
        column = _joined(self._columns)
        names = np.array(accounts, object)[column("account")]
        order = np.lexsort((column("request"), names.astype(str), column("time")))
        return Snapshot(
            accounts=accounts,
            exchanges=np.array(self._exchanges, np.int64),
            campaigns=[self._campaign_of(account) for account in accounts],
            **{
                name: column(name)[order]
                for name in ("account", "event", "time", "request", "features")
            },
        )


def _joined(columns: Sequence[Mapping[str, NDArray[Any]]]) -> Callable[[str], NDArray[Any]]:
    return lambda name: np.concatenate([part[name] for part in columns])
