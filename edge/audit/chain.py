"""One chain: what is known of it, and the records that come next."""

from collections.abc import Sequence
from pathlib import Path

from edge.audit.files import ChainFiles
from edge.audit.keyring import Keyring, seal, subject
from edge.audit.record import Head, Kind, Record, extends, head_of, linked
from edge.audit.sources import Entry, accounts


class Chain:
    """The records of one partition's messages. `read`: the next offset to read, by source."""

    def __init__(self, folder: Path, number: int) -> None:
        self._files = ChainFiles(folder, number)
        self.head = Head(number)
        self.read: dict[str, int] = {}
        self._bundle = ""
        last = self._files.last()
        if last is not None:
            self._move(last)

    def follow(self, records: Sequence[Record]) -> None:
        """Take records from the topic that the files lack; those that do not extend the chain
        are strays: of a writer that was overtaken, or of a send that the broker has twice."""
        taken = []
        for record in records:
            if extends(record, self.head):
                self._move(record)
                taken.append(record)
        self._files.append(taken)

    async def compose(
        self, entries: Sequence[tuple[str, int, Entry]], keyring: Keyring
    ) -> list[Record]:
        """The records of (source, next offset, entry), tied to the head; nothing is kept yet.

        Keys of erased accounts are destroyed before their record is known to anybody: a crash
        between the two repeats the erasure instead of forgetting it.
        """
        keys = await keyring.keys(accounts(entry for _, _, entry in entries))
        head, read, bundle = self.head, dict(self.read), self._bundle
        made: list[Record] = []
        for source, following, entry in entries:
            if entry.bundle not in {"", bundle}:
                bundle = entry.bundle
                made.append(_bare(head, "bundle", entry.at, dict(read), bundle, {"bundle": bundle}))
                head = head_of(made[-1])
            read[source] = following
            made.append(await _record(head, dict(read), bundle, entry, keys, keyring))
            head = head_of(made[-1])
        return made

    def keep(self, records: Sequence[Record]) -> None:
        """The topic has them: move on, and write them to the files."""
        self._files.append(records)
        self._move(records[-1])

    def _move(self, record: Record) -> None:
        self.head, self.read, self._bundle = head_of(record), dict(record.read), record.bundle


def place(head: Head) -> bytes:
    """What a sealed message is bound to: the record that follows `head`."""
    return b"%d/%d" % (head.chain, head.sequence + 1)


async def _record(
    head: Head,
    read: dict[str, int],
    bundle: str,
    entry: Entry,
    keys: dict[str, bytes],
    keyring: Keyring,
) -> Record:
    if entry.kind == "erasure":
        key = await keyring.find(entry.account)
        await keyring.destroy(entry.account)
        keys.pop(entry.account, None)
        name = subject(key, entry.account) if key else ""
        return _bare(head, "erasure", entry.at, read, bundle, {}, name)
    if not entry.content:
        return _bare(head, entry.kind, entry.at, read, bundle, entry.facts)
    if entry.account not in keys:  # erased earlier in this batch, and back
        keys |= await keyring.keys([entry.account])
    key = keys[entry.account]
    sealed = seal(key, entry.content, place(head))
    name = subject(key, entry.account)
    return _bare(head, entry.kind, entry.at, read, bundle, entry.facts, name, sealed)


def _bare(
    head: Head,
    kind: Kind,
    at: int,
    read: dict[str, int],
    bundle: str,
    facts: dict[str, str],
    name: str = "",
    sealed: str = "",
) -> Record:
    return linked(
        Record(
            chain=head.chain,
            sequence=head.sequence + 1,
            at=at,
            kind=kind,
            read=read,
            bundle=bundle,
            facts=facts,
            subject=name,
            sealed=sealed,
            previous=head.hash,
        )
    )
