"""The endpoints' file: what it may say, and every mistake in a line."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.webhook.delivery import Notice
from edge.webhook.endpoints import Endpoint, Filter, Secret, load_endpoints
from schemas.decisions import Action
from schemas.errors import ConfigurationError
from stream.settings import load_settings

KEY = "whsec_" + b64encode(b"k" * 24).decode()
GATEWAY = {"name": "gateway", "url": "https://example.com/hooks", "secrets": [{"key": KEY}]}


def load(path: Path, *endpoints: dict[str, Any]) -> dict[str, Endpoint]:
    """The endpoints of a file that holds these."""
    file = path / "webhooks.yaml"
    file.write_text(yaml.safe_dump({"endpoints": list(endpoints)}))
    return load_endpoints(load_settings(webhooks=file))


def notice(**fields: Any) -> Notice:
    """A decision that blocks."""
    told = {
        "decision_id": "d",
        "account_id": "a",
        "action": Action.BLOCK,
        "cause": "request",
        "kyc_tier": 1,
        "decided_at": 1_000,
        "mode": "enforce",
    }
    return Notice(**told | fields)


def test_an_endpoint_needs_little(tmp_path: Path) -> None:
    """A name, an address and a secret."""
    assert load(tmp_path, GATEWAY)["gateway"].url == "https://example.com/hooks"


def test_no_file_is_told() -> None:
    """The setting is named."""
    with pytest.raises(ConfigurationError, match="SLUICEGATE_WEBHOOKS"):
        load_endpoints(load_settings())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"url": "http://example.com/"}, "https"),
        ({"url": "ftp://example.com/"}, "https"),
        ({"url": "https://user:secret@example.com/"}, "credentials"),
        ({"url": "https://127.0.0.1/"}, "not public"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "not public"),
        ({"url": "https://127.1/"}, "not public"),
        ({"url": "https://2130706433/"}, "not public"),
        ({"secrets": []}, "secrets"),
        ({"secrets": [{"key": "whsec_" + b64encode(b"short").decode()}]}, "24 to 64 bytes"),
        ({"secrets": [{"key": KEY[6:]}]}, "24 to 64 bytes"),
        ({"secrets": [{"key": KEY, "file": __file__}]}, "either key or file"),
        ({"filter": {"actions": ["allow", "ban"]}}, "filter.actions"),
        ({"retry": 3}, "retry"),
        ({"name": "Gate way"}, "name"),
    ],
)
def test_a_mistake_is_told_without_the_secret(
    tmp_path: Path, wrong: dict[str, Any], told: str
) -> None:
    """The place and what is wrong; no key is repeated."""
    with pytest.raises(ConfigurationError, match=told) as caught:
        load(tmp_path, GATEWAY | wrong)
    assert KEY[6:] not in str(caught.value)


def test_names_are_unique(tmp_path: Path) -> None:
    """Two endpoints of one name would share a consumer group."""
    with pytest.raises(ConfigurationError, match="same name"):
        load(tmp_path, GATEWAY, GATEWAY)


@pytest.mark.parametrize("text", ["endpoints: [%s", "%s: 2027-02-30", "%s: " + "[" * 3_000])
def test_a_file_that_is_not_yaml_is_not_quoted(tmp_path: Path, text: str) -> None:
    """It may hold secrets on the line that cannot be read."""
    file = tmp_path / "webhooks.yaml"
    file.write_text(text % KEY)
    with pytest.raises(ConfigurationError, match="not YAML") as caught:
        load_endpoints(load_settings(webhooks=file))
    assert KEY not in str(caught.value)


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    """Where secrets are mounted as files; a line's end does not belong to it."""
    (tmp_path / "key").write_text(KEY + "\n")
    assert Secret(file=tmp_path / "key").raw == b"k" * 24


def test_a_retired_secret_signs_no_more() -> None:
    """Until its end both sign, newest first."""
    old = {"key": "whsec_" + b64encode(b"o" * 24).decode(), "until": "2026-01-01T00:00:00Z"}
    endpoint = Endpoint(**GATEWAY | {"secrets": [{"key": KEY}, old]})
    assert endpoint.keys(datetime(2025, 12, 31, tzinfo=UTC)) == [b"k" * 24, b"o" * 24]
    assert endpoint.keys(datetime(2026, 1, 1, tzinfo=UTC)) == [b"k" * 24]


@pytest.mark.parametrize(
    ("given", "passes"),
    [
        ({}, True),
        ({"actions": ["block", "allow"]}, True),
        ({"actions": ["allow"]}, False),
        ({"causes": ["campaign"]}, False),
        ({"campaigns": ["c1"]}, False),
        ({"tiers": [1]}, True),
        ({"tiers": [0, 2]}, False),
        ({"modes": ["shadow"]}, False),
        ({"since": "1970-01-01T00:00:01Z"}, True),
        ({"since": "1970-01-01T00:00:02Z"}, False),
    ],
)
def test_a_filter_lets_through_what_it_names(given: dict[str, Any], passes: bool) -> None:
    """Each of its parts must agree."""
    assert Filter(**given).passes(notice()) is passes


def test_shadow_is_left_out_unless_asked_for() -> None:
    """An endpoint that acts on whatever it hears must not hear what is not to be acted on."""
    assert not Filter().passes(notice(mode="shadow"))
    assert Filter(modes=["shadow", "enforce"]).passes(notice(mode="shadow"))
