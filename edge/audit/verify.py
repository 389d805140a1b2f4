"""Is the chain what was written? Finds records that are changed, missing, moved or cut off."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.audit.files import lines, segments
from edge.audit.record import GENESIS, BrokenRecordError, Head, Record, decode, head_of


@dataclass(slots=True)
class Findings:
    """The heads as far as the chains go, and what is wrong with them, in words."""

    heads: dict[int, Head] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def verify(path: Path, published: Mapping[int, Head]) -> Findings:
    """Check a file or a folder of chains, against published heads where there are some.

    A single file may be any stretch of a chain: it is checked from its first record on.
    """
    findings = Findings()
    for paths in segments(path).values() if path.is_dir() else [[path]]:
        walk = _Walk(published, whole=path.is_dir())
        walk.over(lines(paths))
        if walk.head.chain >= 0:
            findings.heads[walk.head.chain] = walk.head
        findings.wrong += walk.wrong
    for chain in sorted(published.keys() - findings.heads.keys()):
        findings.wrong.append(f"chain {chain}: all of it is missing")
    if not (findings.heads or findings.wrong):
        findings.wrong.append(f"there is no chain in {path}")
    return findings


class _Walk:
    """Along one chain. `expected`: the hash that the next record must name, None after one that
    cannot be trusted."""

    def __init__(self, published: Mapping[int, Head], *, whole: bool) -> None:
        self._published = published
        self._begun = whole
        self._expected: str | None = GENESIS
        self.head = Head(-1)
        self.wrong: list[str] = []

    def over(self, written: Iterable[bytes]) -> None:
        """Look at every line, then at the end."""
        for line in written:
            try:
                if not line.endswith(b"\n"):
                    raise BrokenRecordError("cut off within a record")
                record = decode(line.rstrip(b"\n"))
            except BrokenRecordError as error:
                self._tell(f"after record {self.head.sequence}: {error}")
                self._expected = None
            else:
                self._step(record)
        self._end()

    def _step(self, record: Record) -> None:
        self._begin(record)
        if self._in_place(record):
            if self._expected not in {None, record.previous}:
                self._tell(f"record {record.sequence} does not follow the one before it")
            self.head, self._expected = head_of(record), record.hash
            self._compare(record)

    def _begin(self, record: Record) -> None:
        if not self._begun:
            self.head, self._begun = Head(record.chain, record.sequence - 1, record.previous), True
            self._expected = record.previous
        if self.head.chain < 0:
            self.head = Head(record.chain)

    def _in_place(self, record: Record) -> bool:
        awaited = self.head.sequence + 1
        if record.chain != self.head.chain or record.sequence < awaited:
            place = f"record {record.sequence} of chain {record.chain}"
            self._tell(f"{place} stands where record {awaited} belongs")
            return False
        if record.sequence > awaited:
            # A record that cannot be read may well be the missing one: it was told already.
            lost = awaited + (self._expected is None)
            if record.sequence > lost:
                self._tell(f"records {lost} to {record.sequence - 1} are missing")
            self._expected = None
        return True

    def _compare(self, record: Record) -> None:
        head = self._published.get(record.chain)
        if head and head.sequence == record.sequence and head.hash != record.hash:
            self._tell(f"record {record.sequence} is not the published one")

    def _end(self) -> None:
        head = self._published.get(self.head.chain)
        if head and head.sequence > self.head.sequence:
            self._tell(
                f"cut off: it ends at record {self.head.sequence}, "
                f"record {head.sequence} was published"
            )

    def _tell(self, what: str) -> None:
        self.wrong.append(f"chain {max(self.head.chain, 0)}: {what}")
