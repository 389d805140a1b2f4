"""From a source to a report on the disk."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec

from stream.decode.geography import Geography
from stream.report import indicators
from stream.report.chain import Writer
from stream.report.figures import Figures
from stream.report.inquiry import Inquiry, Progress
from stream.report.markup import moment
from stream.report.overview import overview
from stream.report.pack import RECORDS, digest, making
from stream.report.page import page
from stream.report.sources import Source
from stream.report.wording import CAVEATS

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(frozen=True, slots=True)
class Commission:
    """What to report. `campaign`: None for all; `provider`: who tells; `made_at`: ms."""

    campaign: str | None
    evidence: bool
    provider: str
    made_at: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written. `head`: the hash that stands for the evidence, None without."""

    found: list[Figures]
    head: str | None
    unreadable: dict[str, int]


async def report(
    source: Source,
    out: Path,
    commission: Commission,
    geography: Geography,
    progress: Progress = lambda _: None,
) -> Summary:
    """Write a report to `out`, a folder or a `.zip`, which must not exist yet.

    Raises ConfigurationError, OSError, UnreadableFileError.
    """
    inquiry = Inquiry(source, geography, progress)
    with making(out) as folder, ExitStack() as files:
        chain = None
        if commission.evidence:
            chain = Writer(files.enter_context((folder / RECORDS).open("wb")))
        await inquiry.open(commission.campaign)
        if chain:
            chain.add("source", _origin(commission))
        await inquiry.pursue(chain)
        found = inquiry.figures()
        unreadable: dict[str, int] = {
            topic: n for topic, n in sorted(inquiry.unreadable.items()) if n
        }
        for name, content in _contents(inquiry, found, commission, unreadable):
            (folder / name).write_bytes(content)
        head = _seal(chain, folder) if chain else None
    return Summary(found, head, unreadable)


def _origin(commission: Commission) -> dict[str, Any]:
    return {
        "campaign": commission.campaign,
        "provider": commission.provider,
        "made_at": commission.made_at,
        "caveats": list(CAVEATS),
    }


def _contents(
    inquiry: Inquiry,
    found: list[Figures],
    commission: Commission,
    unreadable: Mapping[str, int],
) -> Iterator[tuple[str, bytes]]:
    footer = f"Made by sluicegate for {commission.provider}, {moment(commission.made_at)}."
    notes = [f"{n:,} of the {topic} could not be read." for topic, n in unreadable.items()]
    told = " ".join([footer, *notes])
    common = _origin(commission) | {"unreadable": unreadable}
    for f in found:
        stem = file_stem(f.campaign_id)
        everything = common | {"figures": f, "accounts": inquiry.roll(f.campaign_id)}
        yield f"{stem}.html", page(f, told).encode()
        yield f"{stem}.json", _json(everything)
        yield f"{stem}.stix.json", indicators.encode(indicators.bundle(f, commission.provider))
    if commission.campaign is None:
        stems = {f.campaign_id: file_stem(f.campaign_id) for f in found}
        yield "index.html", overview(found, stems, notes, footer).encode()
        yield "index.json", _json(common | {"files": stems, "campaigns": found})


def _json(content: Mapping[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def file_stem(campaign_id: str) -> str:
    """A file's name for a campaign: an id comes from a message, and may be any text."""
    if _PLAIN.fullmatch(campaign_id) and campaign_id != "index":
        return campaign_id
    return "campaign-" + blake2b(campaign_id.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _seal(chain: Writer, folder: Path) -> str:
    """Record every file's digest and end the chain; its head."""
    for path in sorted(folder.iterdir()):
        if path.name != RECORDS:
            with path.open("rb") as file:
                size = path.stat().st_size
                chain.add("file", {"name": path.name, "sha256": digest(file), "bytes": size})
    return chain.end()
