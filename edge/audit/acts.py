"""What was done with bundles, as a source of the audit beside the topics: the acts of a store."""

from typing import Final

import structlog

from edge.audit.sources import Entry
from schemas.errors import ConfigurationError
from stream.bundles.roles import Act
from stream.bundles.store import BundleStore, Stamp

SOURCE: Final = "bundles"

log = structlog.get_logger()


class Acts:
    """The acts of a store, none where there is no store; read again when it has changed."""

    def __init__(self, store: BundleStore | None) -> None:
        self._store = store
        self._stamp: Stamp = ()
        self._held: list[Act] = []
        self._complaint = ""

    def since(self, read: int) -> list[tuple[str, int, Entry]]:
        """What follows the first `read` acts, each with its source and how many come before the
        next one. Nothing while the store cannot be read: it is told, and asked for again."""
        if self._store is None:
            return []
        try:
            stamp = self._store.stamp()
            if stamp != self._stamp:
                self._held, self._stamp = self._store.acts(), stamp
        except (ConfigurationError, OSError) as error:
            if str(error) != self._complaint:
                log.error("audit.bundles_unreadable", error=str(error))
            self._complaint = str(error)
            return []
        return [(SOURCE, number, _entry(act)) for number, act in enumerate(self._held, 1)][read:]


def _entry(act: Act) -> Entry:
    roles = act.roles
    facts = {
        "act": act.act,
        "bundle": act.bundle,
        "author": act.author,
        "reason": act.reason,
        "current": roles.current,
        "candidate": roles.candidate,
        "share": f"{roles.share:g}",
        "shadows": " ".join(roles.shadows),
    }
    return Entry("bundle", act.at, facts=facts)
