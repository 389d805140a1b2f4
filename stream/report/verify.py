"""Is a pack what was written? And do these request events belong to it?"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from schemas.ndjson import read_lines
from stream.report.chain import MOST_BYTES, BrokenLinkError, Link, links
from stream.report.pack import RECORDS, Pack, digest, opened
from stream.report.reading import whose

_MODULUS: Final = 1 << 256


class Stated(msgspec.Struct):
    """What a record says of a file."""

    name: str
    sha256: str


class Witnessed(msgspec.Struct):
    """What a record says of a request."""

    account_id: str
    sha256: str


@dataclass(slots=True)
class Sum:
    """How many events, and the sum of their digests: the same in any order."""

    events: int = 0
    digests: int = 0

    def add(self, sha256: bytes) -> None:
        """One event more."""
        self.events += 1
        self.digests = (self.digests + int.from_bytes(sha256, "big")) % _MODULUS


@dataclass(slots=True)
class Findings:
    """How far the chain holds, and what is wrong, in words."""

    records: int = 0
    head: str = ""
    wrong: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    sums: dict[str, Sum] = field(default_factory=dict)


def verify(path: Path, head: str | None = None, requests: Path | None = None) -> Findings:
    """Check a pack: its chain, its files, against the published `head` and the request events
    where they are given. Raises OSError, UnreadableFileError.

    Of the chain the first break is told: what follows it hangs on it.
    """
    findings = Findings()
    with opened(path) as pack:
        if RECORDS not in pack.names():
            findings.wrong.append(f"there is no {RECORDS}: a report without --evidence")
            return findings
        _walk(pack, findings)
        if not findings.wrong:
            findings.wrong += _files(pack, findings.files)
    if head is not None and findings.head != head:
        findings.wrong.append(f"the head is {findings.head}, not the published {head}")
    if requests is not None:
        findings.wrong += _requests(read_lines(requests), findings.sums)
    return findings


def _walk(pack: Pack, findings: Findings) -> None:
    with pack.open(RECORDS) as file:
        try:
            for link in links(iter(lambda: file.readline(MOST_BYTES), b"")):
                findings.records, findings.head = link.sequence, link.hash
                _take(link, findings)
        except (BrokenLinkError, msgspec.ValidationError, ValueError) as error:
            findings.wrong.append(str(error))


def _take(link: Link, findings: Findings) -> None:
    if link.kind == "file":
        file = msgspec.convert(link.content, Stated)
        findings.files[file.name] = file.sha256
    if link.kind == "request":
        event = msgspec.convert(link.content, Witnessed)
        findings.sums.setdefault(event.account_id, Sum()).add(bytes.fromhex(event.sha256))


def _files(pack: Pack, stated: dict[str, str]) -> list[str]:
    names = Counter(pack.names())
    wrong = [f"{name} is there twice" for name, count in sorted(names.items()) if count > 1]
    wrong += [f"{name} is missing" for name in sorted(stated.keys() - names.keys())]
    wrong += [f"{n} is not part of it" for n in sorted(names.keys() - stated.keys() - {RECORDS})]
    for name in sorted(stated.keys() & names.keys()):
        with pack.open(name) as file:
            if digest(file) != stated[name]:
                wrong.append(f"{name} was changed")
    return wrong


def _requests(lines: Iterable[bytes], expected: dict[str, Sum]) -> list[str]:
    found = {account: Sum() for account in expected}
    for line in lines:
        body = line.rstrip(b"\r\n")
        if (account := whose(body)) in found:
            found[account].add(hashlib.sha256(body).digest())
    return [
        f"{account}: {sum_.events:,} request events in the pack, {found[account].events:,} here"
        + ("" if sum_.events != found[account].events else ", not the same ones")
        for account, sum_ in expected.items()
        if sum_ != found[account]
    ]
