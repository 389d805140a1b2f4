"""What is known about a list that was imported: where it is from, of what date, how many rows."""

from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

import msgspec
import yaml

from kyc.lists.kinds import Kind
from schemas.errors import ListError

AGES: Final = "ages.yaml"
_Days = Annotated[int, msgspec.Meta(ge=1, le=3_650)]


class Source(msgspec.Struct, frozen=True):
    """A file that a list was read from."""

    path: str
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One imported list. `dated` is when its data was made, `dated_by` who said so."""

    kind: Kind
    sources: tuple[Source, ...]
    file: str
    sha256: str
    dated: date
    dated_by: str
    imported_at: datetime
    count: int
    malformed: int
    complaint: str = ""

    def age_days(self, today: date) -> int:
        """Days since the data was made; 0 for a date that is still to come."""
        return max(0, (today - self.dated).days)


def decode(content: bytes, path: Path) -> Manifest:
    """A manifest from its file. Raises ListError."""
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ListError(f"{path}: not a manifest: {error}") from error


def age_limits(folder: Path | None) -> dict[Kind, int]:
    """Days after which a list of each kind is stale: the shipped policy, then `ages.yaml` of the
    folder. A kind without a limit never is. Raises ListError.
    """
    limits = _limits((files("kyc.lists") / AGES).read_text("utf-8"), AGES)
    own = folder / AGES if folder else None
    if own and own.exists():
        limits |= _limits(own.read_text("utf-8", errors="replace"), str(own))
    return limits


def _limits(text: str, name: str) -> dict[Kind, int]:
    try:
        return msgspec.convert(yaml.safe_load(text) or {}, dict[Kind, _Days])
    except (yaml.YAMLError, ValueError) as error:
        raise ListError(f"{name}: {error}") from error
