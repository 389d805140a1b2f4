"""The roll of names to screen against, from every imported list of names."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from kyc.lists.entries import Entry
from kyc.lists.folder import Folder
from kyc.lists.kinds import NAMES, Kind
from kyc.lists.manifest import Manifest
from schemas.errors import ListError

_DECODER = msgspec.json.Decoder(Entry)


class Roll:
    """Entries of all lists of names; `version` names exactly these lists, empty without any."""

    def __init__(self, entries: list[Entry], version: str) -> None:
        """Hold the entries."""
        self.entries = entries
        self.version = version

    @classmethod
    def load(cls, path: Path | None) -> "Roll":
        """Every name list of a folder. Raises ListError."""
        entries, manifests = list[Entry](), dict[Kind, Manifest]()
        for kind in NAMES:
            found = Folder(path).read(kind) if path else None
            if found:
                manifest, file, content = found
                manifests[kind] = manifest
                try:
                    entries += _DECODER.decode_lines(content)
                except msgspec.DecodeError as error:
                    raise ListError(f"{file}: {error}; import the list again") from error
        return cls(entries, roll_version(manifests))


def roll_version(manifests: Mapping[Kind, Manifest]) -> str:
    """The version of the roll of these lists."""
    named = ((kind, manifests.get(kind)) for kind in NAMES)
    return " ".join(f"{kind}={manifest.sha256[:12]}" for kind, manifest in named if manifest)
