"""Who owns a business, through how many companies ever, as a graph of shares.

Every business check tells the owners of one company; checks of the companies behind it tell
theirs. An edge is a row of a profile: when it was told, the share in thousandths, the owner's
country, the company and the owner, both as keyed hashes of their names.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

# Shares beyond the tenth owner of a company cannot hide a majority; a check may list a thousand.
OWNERS: Final = 10
# Control through more companies than these is looked at by people.
_DEPTH: Final = 8


class Edge(NamedTuple):
    """`owner` holds `share` thousandths of `company`; country as in kyc/countries.py."""

    told: int
    share: int
    country: int
    company: int
    owner: int


def restricted_share(edges: Iterable[Edge], jurisdictions: Collection[int]) -> float | None:
    """The share, 0 to 1, that owners in `jurisdictions` hold, directly or through companies.

    Of companies that nobody here owns (those checked first, not those behind them) the largest
    counts. A company's country does not count where its own owners are told. None: no owner told.
    """
    graph = _latest(edges)
    if not graph:
        return None
    owned = {edge.owner for found in graph.values() for edge in found}
    roots = [company for company in graph if company not in owned] or list(graph)
    held = (_share(root, graph, jurisdictions, ()) for root in roots)
    return min(max(held), 1.0)


def _latest(edges: Iterable[Edge]) -> Mapping[int, list[Edge]]:
    """Edges by company, those of its latest check alone."""
    told: dict[int, list[Edge]] = {}
    for edge in edges:
        told.setdefault(edge.company, []).append(edge)
    return {
        company: [edge for edge in found if edge.told == max(e.told for e in found)]
        for company, found in told.items()
    }


def _share(
    company: int,
    graph: Mapping[int, list[Edge]],
    jurisdictions: Collection[int],
    above: tuple[int, ...],
) -> float:
    held = 0.0
    for edge in graph[company]:
        share = edge.share / 1_000
        is_company = edge.owner in graph and edge.owner != company
        if is_company and edge.owner not in above and len(above) < _DEPTH:
            held += share * _share(edge.owner, graph, jurisdictions, (*above, company))
        elif edge.country in jurisdictions:
            held += share
    return held
