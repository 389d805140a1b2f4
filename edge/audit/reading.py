"""What the chains hold about one account, for who may know."""

from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

from edge.audit.chain import place
from edge.audit.files import lines, segments
from edge.audit.keyring import StoreKeyring, subject, unseal
from edge.audit.record import Head, decode
from stream.broker.connections import store_client
from stream.settings import Settings


async def find_key(settings: Settings, account: str) -> bytes | None:
    """The key of an account, None when there is none. Raises StoreError."""
    store = store_client(settings)
    try:
        return await StoreKeyring(store).find(account)
    finally:
        await store.aclose()


def readable(folder: Path, account: str, key: bytes) -> Iterator[str]:
    """The messages that an account's records sealed, oldest first: they are in several chains.

    Raises BrokenRecordError at a record that was changed, UnreadableError at one that was moved.
    """
    name = subject(key, account)
    about = [
        record
        for paths in segments(folder).values()
        for line in lines(paths)
        if (record := decode(line.rstrip(b"\n"))).subject == name and record.sealed
    ]
    for record in sorted(about, key=attrgetter("at", "chain", "sequence")):
        before = Head(record.chain, record.sequence - 1, record.previous)
        yield unseal(key, record.sealed, place(before)).decode()
