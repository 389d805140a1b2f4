"""The edge's settings: checked whole, as all others."""

import pytest

from schemas.errors import ConfigurationError
from stream.settings import load_settings
from stream.variables import variable


def test_the_failure_table_has_a_word_per_tier() -> None:
    """In the order of the tiers."""
    settings = load_settings(edge_failure="deny,local,allow,allow")
    assert settings.fallbacks() == ["deny", "local", "allow", "allow"]


@pytest.mark.parametrize("value", ["allow", "allow,allow,allow,open", "allow,local,deny,deny,", ""])
def test_any_other_table_is_refused(value: str) -> None:
    """Nobody is left to find out during an outage."""
    with pytest.raises(ConfigurationError, match="SLUICEGATE_EDGE_FAILURE: must be four words"):
        load_settings(edge_failure=value)


@pytest.mark.parametrize("name", ["edge_account_header", "edge_tier_header", "edge_tokens_header"])
@pytest.mark.parametrize("value", ["", "two words", "x:y", "a\r\nb", "x" * 65])
def test_a_header_has_a_headers_name(name: str, value: str) -> None:
    """Or it would never be found."""
    with pytest.raises(ConfigurationError, match=variable(name)):
        load_settings(**{name: value})
