"""How two bundles differ: features, policy, model card, and what they make of golden rows."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scorers.golden import Golden
from scorers.inputs import REQUESTS
from scorers.manifest import GOLDEN, Content, Manifest, peek, read
from scorers.model import Model
from stream.bundles.bounds import psi
from stream.bundles.comparison import Ints, Scores, compare
from stream.bundles.opening import policy_of
from stream.decide.policy import Policy, load_policy
from stream.decide.statute import Statute


class Change(NamedTuple):
    """One thing that is not the same; empty where a bundle lacks it."""

    what: str
    before: str
    after: str


def differences(old: Path, new: Path) -> list[Change]:
    """Everything that differs, in the order of a bundle's parts. Raises ModelError, PolicyError.

    Bundles for another feature list than this program's are compared by their manifests alone.
    """
    before, after = peek(old), peek(new)
    ours = (REQUESTS.digest, REQUESTS.names)
    found = [*_features(before, after), *_flat_changes("", _card(before), _card(after))]
    if any((one.feature_hash, one.features) != ours for one in (before, after)):
        return found
    contents = read(old, REQUESTS), read(new, REQUESTS)
    policies = policy_of(contents[0], old), policy_of(contents[1], new)
    found += _flat_changes("policy.", *(_told(policy) for policy in policies))
    return [*found, *_on_golden_rows(contents, (old, new), policies)]


def _features(before: Manifest, after: Manifest) -> Iterator[Change]:
    for name in before.features:
        if name not in after.features:
            yield Change(f"feature {name}", "there", "")
    for name in after.features:
        if name not in before.features:
            yield Change(f"feature {name}", "", "there")


def _card(manifest: Manifest) -> dict[str, Any]:
    return {
        "model": manifest.version,
        "features": manifest.feature_hash[:12],
        "calibration": manifest.calibration._asdict(),
        "files": {name: digest[:12] for name, digest in manifest.files.items()},
        "training": manifest.training,
    }


def _told(policy: Policy | None) -> dict[str, Any]:
    return policy.model_dump(mode="json") if policy else {}


def _flat_changes(
    start: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    held, now = dict(_flat(start, before)), dict(_flat(start, after))
    for name in [*held, *(name for name in now if name not in held)]:
        if held.get(name) != now.get(name):
            yield Change(name, held.get(name, ""), now.get(name, ""))


def _flat(start: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{start}{name}.", value)
        else:
            yield f"{start}{name}", f"{value}"


def _on_golden_rows(
    contents: tuple[Content, Content],
    places: tuple[Path, Path],
    policies: tuple[Policy | None, Policy | None],
) -> Iterator[Change]:
    """What both make of the golden rows of both; actions as for accounts of tier 0."""
    width = len(REQUESTS.names)
    rows = np.concatenate([Golden.parse(c.files[GOLDEN], width).rows for c in contents])
    first, second = (
        Model.of(content, place).score(rows)
        for content, place in zip(contents, places, strict=True)
    )
    for share in (0.1, 0.5, 0.9, 0.99):
        held, now = (f"{np.quantile(scores, share):.4f}" for scores in (first, second))
        if held != now:
            yield Change(f"golden rows, score at quantile {share:g}", held, now)
    ours, theirs = (
        _called(policy, scores) for policy, scores in zip(policies, (first, second), strict=True)
    )
    found = compare((first, second), (ours, theirs), (0.0, 0.0))
    if found.differing:
        told = f"{found.differing} of {found.events}"
        yield Change("golden rows, another action", "", told)
    if not np.array_equal(first, second):
        yield Change("golden rows, PSI of the scores", "", f"{psi(*found.scores):.3f}")


def _called(policy: Policy | None, scores: Scores) -> Ints:
    tier = np.zeros(len(scores), np.int64)
    return Statute(policy or load_policy()).called(scores, tier)
