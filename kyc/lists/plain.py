"""Lists of one value a line: domains, mailboxes, networks, autonomous systems; domains with dates.

A line may hold a comment after `#`, and other cells beside the value (`provider,cidr`,
`domain,country,name`): the first cell that reads as the value is the row. A domain with its date
is `example.org=2024-02-29`, in whatever order the cells were.
"""

import re
from collections.abc import Callable
from datetime import date
from ipaddress import ip_network
from typing import BinaryIO, Final

from kyc.lists.kinds import Content
from kyc.lists.networks import Network
from kyc.lists.rows import Rows, lines, text

# Shorter prefixes would put a noticeable part of the internet under one word.
WIDEST: Final = {4: 6, 6: 12}
_CELLS = re.compile(r"[\s,;\"|]+")
_DOMAIN = re.compile(r"(?=.{3,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]+")
_MAILBOX = re.compile(r"[a-z0-9._+-]{1,64}")
_SYSTEM = re.compile(r"(?:AS)?([1-9][0-9]{0,9})", re.IGNORECASE)


def domain(cell: str) -> str:
    """`*.Example.ORG` as `example.org`, other scripts as IDNA. Raises ValueError."""
    name = cell.removeprefix("*.").strip(".").lower()
    if len(name) <= 253 and not name.isascii():
        name = name.encode("idna").decode("ascii")
    if not _DOMAIN.fullmatch(name):
        raise ValueError("no domain")
    return name


def mailbox(cell: str) -> str:
    """The part before the @, in lower case. Raises ValueError."""
    name = cell.lower()
    if not _MAILBOX.fullmatch(name):
        raise ValueError("no mailbox")
    return name


def network(cell: str) -> str:
    """A network in its usual form; an address is a network of one. Raises ValueError."""
    found: Network = ip_network(cell, strict=False)
    if found.prefixlen < WIDEST[found.version]:
        raise ValueError("a network that wide")
    return str(found)


def system(cell: str) -> str:
    """The number of an autonomous system, `AS64496` or `64496`. Raises ValueError."""
    found = _SYSTEM.fullmatch(cell)
    if not found or int(found[1]) >= 1 << 32:
        raise ValueError("no autonomous system")
    return found[1]


def day(cell: str) -> str:
    """A day, `2024-02-29`, of a day or a time in ISO 8601. Raises ValueError."""
    return date.fromisoformat(cell[:10]).isoformat()


READERS: Final[dict[Content, Callable[[str], str]]] = {
    Content.DOMAINS: domain,
    Content.MAILBOXES: mailbox,
    Content.NETWORKS: network,
    Content.SYSTEMS: system,
}


def parse(source: BinaryIO, content: Content) -> Rows[str]:
    """Every value of a list, as text. The first line may be a header. Raises ListError."""
    found = Rows[str]()
    for number, line in enumerate(lines(source), 1):
        cells = [cell for cell in _CELLS.split(text(line).partition("#")[0]) if cell]
        value = _row(cells, content)
        if value is not None:
            found.take(value)
        elif cells and number > 1:
            found.refuse(number, f"no {content.value.removesuffix('s')} in it")
    return found


def _row(cells: list[str], content: Content) -> str | None:
    if content is not Content.DATES:
        return _first(cells, READERS[content])
    named, dated = _first(cells, domain), _first(cells, day)
    return None if named is None or dated is None else f"{named}={dated}"


def _first(cells: list[str], read: Callable[[str], str]) -> str | None:
    for cell in cells:
        try:
            return read(cell)
        except ValueError:
            continue
    return None
