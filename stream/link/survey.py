"""The survey: the population of a search, from what the ledger holds."""

from collections.abc import Collection
from typing import Final

import numpy as np

from stream.link import behaviour
from stream.link.ledger import Ledger, Witnessed
from stream.link.population import Population
from stream.link.surprise import Edges, Mask, sharing

ACQUAINTED: Final = 5  # requests from which on an account's behaviour is its own


def survey(ledger: Ledger, accused: Collection[int], blind: Collection[int]) -> Population:
    """All accounts by now, and what they share. `accused`: who is no witness of what is usual;
    `blind`: kinds of values to do without."""
    columns = ledger.columns
    proven = columns["trusted"].copy()
    # A ring that works for weeks comes to be established.
    proven[list(accused)] = False
    used = ledger.uses()
    edges, vouched = _seen(ledger, used, proven, blind)
    shared = sharing(edges, proven, vouched)
    return Population(
        rows=columns["row"],
        score=columns["score"],
        proven=proven,
        requests=columns["requests"],
        begun=np.minimum(columns["begun"], columns["first"]),
        clock=ledger.clock,
        edges=edges.take(shared.accounts[edges.value] > 1),  # else it ties nobody
        sharing=shared,
        anew=used.anew,
    )


def _seen(
    ledger: Ledger, used: Witnessed, proven: Mask, blind: Collection[int]
) -> tuple[Edges, Mask]:
    """The values used and the cells of behaviour, and which of these uses vouch for them."""
    edges = _with_behaviour(ledger, used.edges)
    vouched = proven[edges.account]
    vouched[: len(used.vouching)] &= used.vouching
    if not blind:
        return edges, vouched
    looked_at = ~np.isin(edges.kind[edges.value], list(blind))
    return edges.take(looked_at), vouched[looked_at]


def _with_behaviour(ledger: Ledger, edges: Edges) -> Edges:
    """The values used, and the cells of behaviour beside them."""
    columns = ledger.columns
    known = np.flatnonzero((columns["requests"] >= ACQUAINTED) & ledger.seen)
    if len(known) < behaviour.CELL:
        return edges
    account, value, kind = [edges.account], [edges.value], [edges.kind]
    values = len(edges.kind)
    rows = columns["row"][known].astype(np.float32)
    for number, cells in behaviour.signatures(rows).items():
        named, cell = np.unique(cells, return_inverse=True)
        account.append(np.repeat(known, cells.shape[1]))
        value.append(values + cell.ravel())
        kind.append(np.full(len(named), number, np.uint8))
        values += len(named)
    return Edges(np.concatenate(account), np.concatenate(value), np.concatenate(kind))
