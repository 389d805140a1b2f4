"""What bundles beside the current one would do, as workers tell in their metrics."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from prometheus_client.parser import text_string_to_metric_families

from schemas.errors import ConfigurationError

_LIMIT_S = 10.0
_MOST_BYTES = 64 << 20  # a page of a worker has some 100 KB


@dataclass(slots=True)
class Band:
    """Events by the current bundle's score: how many, of another action, sum of differences."""

    events: float = 0.0
    differing: float = 0.0
    gaps: float = 0.0


@dataclass(slots=True)
class Disagreement:
    """Of one bundle with the current one; actions: events by both actions."""

    actions: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    bands: dict[str, Band] = field(default_factory=lambda: defaultdict(Band))


def read_pages(pages: Iterable[str]) -> dict[str, Disagreement]:
    """The disagreements of all bundles, by the metrics pages of all workers."""
    found: dict[str, Disagreement] = defaultdict(Disagreement)
    for page in pages:
        for family in text_string_to_metric_families(page):
            for name, labels, value, *_ in family.samples:
                _count(found, name, labels, value)
    return dict(found)


class _Still(HTTPRedirectHandler):
    """Goes nowhere else: the token is for the worker that was named."""

    def redirect_request(self, *_: object) -> None:
        return None


def fetch(url: str, token: str | None) -> str:
    """A worker's metrics page. Raises ConfigurationError."""
    if not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"{url}: must begin with http:// or https://")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        request = Request(f"{url.rstrip('/')}/metrics", headers=headers)  # noqa: S310 - see above
        with build_opener(_Still).open(request, timeout=_LIMIT_S) as answer:
            page = bytes(answer.read(_MOST_BYTES)).decode()
        if "sluicegate_" not in page:
            raise ValueError("these are no metrics of ours")
    except HTTPError as error:
        error.close()
        raise ConfigurationError(f"{url}: answers {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise ConfigurationError(f"{url}: no worker answers: {error}") from error
    return page


def _count(found: dict[str, Disagreement], name: str, labels: dict[str, str], value: float) -> None:
    if name == "sluicegate_bundle_actions_total":
        found[labels["bundle"]].actions[labels["current"], labels["other"]] += value
    elif name == "sluicegate_bundle_compared_total":
        found[labels["bundle"]].bands[labels["score"]].events += value
    elif name == "sluicegate_bundle_differing_total":
        found[labels["bundle"]].bands[labels["score"]].differing += value
    elif name == "sluicegate_bundle_gaps_total":
        found[labels["bundle"]].bands[labels["score"]].gaps += value
