"""Bearer tokens: what a caller shows, what the file keeps of it, and what it may do.

The file has a line a token: name, scope, SHA-256. A token is 256 random bits, so that a plain hash
of it cannot be searched through, and a slow one would only cost every request its time.
"""

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Final

import structlog

from schemas.errors import ConfigurationError

LOOK_S: Final = 1.0  # how often the file is looked at for a change
_LINE: Final = re.compile(r"([A-Za-z0-9._-]{1,64}) (check|read|act|admin) ([0-9a-f]{64})")
_BEARER: Final = b"bearer "

log = structlog.get_logger()


class Scope(StrEnum):
    """What a token is for: a gateway checks, a dashboard reads, people act."""

    CHECK = "check"
    READ = "read"
    ACT = "act"
    ADMIN = "admin"


_HOLDS: Final = {
    Scope.CHECK: {Scope.CHECK},
    Scope.READ: {Scope.READ},
    Scope.ACT: {Scope.CHECK, Scope.READ, Scope.ACT},
    Scope.ADMIN: set(Scope),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A token, as the file knows it."""

    name: str
    scope: Scope
    digest: bytes

    def may(self, scope: Scope) -> bool:
        """Whether the token allows what needs this scope."""
        return scope in _HOLDS[self.scope]


def create_token(file: Path, name: str, scope: Scope) -> str:
    """Make a token, append its hash to `file`, and return it: it cannot be had again.

    Raises ConfigurationError when the name is taken or not of `A-Za-z0-9._-`.
    """
    token = "sg_" + secrets.token_urlsafe(32)
    line = f"{name} {scope} {sha256(token.encode()).hexdigest()}"
    if not _LINE.fullmatch(line):
        raise ConfigurationError(f"{name!r}: a name has 1 to 64 of A-Z a-z 0-9 . _ -")
    if file.exists() and any(grant.name == name for grant in read_grants(file)):
        raise ConfigurationError(f"{file} has a token named {name} already")
    file.touch(mode=0o600)
    ended = file.read_bytes()[-1:] in {b"", b"\n"}  # an editor may leave the last line open
    with file.open("a", encoding="ascii") as lines:
        lines.write("\n" * (not ended) + line + "\n")
    return token


def read_grants(file: Path) -> list[Grant]:
    """The tokens of a file. Raises ConfigurationError, which names the line that is wrong."""
    try:
        lines = file.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: {error}") from error
    grants = []
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ConfigurationError(f"{file}:{number}: not a name, a scope and a SHA-256")
        grants.append(Grant(match[1], Scope(match[2]), bytes.fromhex(match[3])))
    return grants


class Keyring:
    """The tokens of a file, read again when it changes, so that one is revoked by its line."""

    def __init__(self, file: Path, now: Callable[[], float] = monotonic) -> None:
        self._file = file
        self._now = now
        self._looked = now()
        self._changed = _stamp(file)
        self._grants = read_grants(file)

    def grant(self, authorization: bytes) -> Grant | None:
        """Who shows this `Authorization` header, None when nobody known does."""
        self._look()
        if authorization[:7].lower() != _BEARER:
            return None
        digest = sha256(authorization[7:]).digest()
        found = None
        for grant in self._grants:  # all of them: how long it takes tells nothing
            if hmac.compare_digest(grant.digest, digest):
                found = grant
        return found

    def _look(self) -> None:
        now = self._now()
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        try:
            if (stamp := _stamp(self._file)) != self._changed:
                self._grants, self._changed = read_grants(self._file), stamp
                log.info("edge.tokens_read", tokens=len(self._grants))
        except ConfigurationError as error:
            # Half-written, perhaps: what was valid stays so until the file can be read again.
            log.error("edge.tokens_unreadable", error=str(error))


def _stamp(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from error
    return stat.st_mtime_ns, stat.st_size
