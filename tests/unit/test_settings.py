"""Settings come from the environment, whole and checked, or not at all."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigurationError
from stream.addresses import is_loopback, valid_brokers, valid_store_url
from stream.settings import Settings, load_settings, settings_table
from stream.variables import PREFIX, variable

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests reaches them."""
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def complaints(**explicit: object) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**explicit)
    return str(caught.value).split("\n")


def test_every_default_is_valid() -> None:
    """An empty environment gives settings for one machine."""
    assert load_settings().kafka_bootstrap == "127.0.0.1:9092"


def test_a_variable_sets_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prefixed variable is read, with its type."""
    monkeypatch.setenv("SLUICEGATE_PARTITIONS", "16")
    assert load_settings().partitions == 16


def test_an_argument_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What code gives by name wins over the variable."""
    monkeypatch.setenv("SLUICEGATE_GROUP", "theirs")
    assert load_settings(group="ours").group == "ours"


def test_an_empty_variable_is_an_absent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files pass `${UNSET}` on as an empty string."""
    monkeypatch.setenv("SLUICEGATE_WEB_TOKEN", "")
    assert load_settings().web_token is None


def test_an_unknown_variable_names_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt variable is an error that says which one was meant."""
    monkeypatch.setenv("SLUICEGATE_PARTITION", "8")
    expected = "SLUICEGATE_PARTITION: no such setting; did you mean SLUICEGATE_PARTITIONS?"
    assert complaints() == [expected]


def test_the_test_suites_own_variables_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """`SLUICEGATE_TEST_*` are switches of the tests, not settings."""
    monkeypatch.setenv("SLUICEGATE_TEST_KAFKA_LIBS", "/jars")
    load_settings()


def test_an_unknown_argument_is_refused() -> None:
    """Code cannot misspell a setting either."""
    assert complaints(grop="x") == ["grop: no such setting"]


def test_every_wrong_setting_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """All mistakes come at once, one line each, with the value."""
    monkeypatch.setenv("SLUICEGATE_MODE", "loud")
    monkeypatch.setenv("SLUICEGATE_WEB_PORT", "0")
    first, second = complaints()
    assert first == "SLUICEGATE_MODE: Input should be 'enforce' or 'shadow' (got 'loud')"
    assert second.startswith("SLUICEGATE_WEB_PORT: ")


@pytest.mark.parametrize("partitions", [1, 3, 12, 65_535])
def test_any_number_of_partitions_will_do(partitions: int) -> None:
    """The store's shards hang on the account alone, so the number is free."""
    assert load_settings(partitions=partitions).partitions == partitions


@pytest.mark.parametrize("partitions", [0, 65_536])
def test_a_partition_fits_16_bits(partitions: int) -> None:
    """The fence of an account's state keeps no larger one."""
    [line] = complaints(partitions=partitions)
    assert line.startswith("SLUICEGATE_PARTITIONS: ")


@pytest.mark.parametrize("name", ["pepper", "web_token"])
def test_a_short_secret_is_refused_unseen(name: str) -> None:
    """Secrets have 16 characters at least, and their value is not repeated."""
    assert complaints(**{name: "hunter2"}) == [
        f"{variable(name)}: must have at least 16 characters"
    ]


def test_no_secret_shows_in_the_representation() -> None:
    """Settings may be logged."""
    settings = load_settings(pepper="p" * 16, web_token="t" * 16)
    assert "p" * 16 not in repr(settings)
    assert "t" * 16 not in repr(settings)


def test_a_password_in_the_stores_address_is_refused_unseen() -> None:
    """Credentials have settings of their own."""
    [line] = complaints(store_url="redis://:hunter2@store:6379/0")
    assert "must not hold credentials" in line
    assert "hunter2" not in line


def test_the_pepper_has_no_default() -> None:
    """Whoever needs the key of the hashes is told how to make one."""
    with pytest.raises(ConfigurationError, match="openssl rand"):
        load_settings().pepper_bytes()


def test_sasl_needs_its_credentials() -> None:
    """SASL without mechanism, user name and password names all three."""
    lines = complaints(kafka_security="SASL_SSL")
    assert [line.split(":")[0] for line in lines] == [
        "SLUICEGATE_KAFKA_SASL_MECHANISM",
        "SLUICEGATE_KAFKA_SASL_USERNAME",
        "SLUICEGATE_KAFKA_SASL_PASSWORD",
    ]


def test_sasl_credentials_without_sasl_are_refused() -> None:
    """A user name that would not be used is a misunderstanding."""
    [line] = complaints(kafka_sasl_username="ada")
    assert line == (
        "SLUICEGATE_KAFKA_SASL_USERNAME: must not be set, "
        "since SLUICEGATE_KAFKA_SECURITY is PLAINTEXT"
    )


def test_tls_files_without_tls_are_refused() -> None:
    """Nobody runs in the clear believing in TLS, on either connection."""
    lines = complaints(kafka_ca=__file__, store_ca=__file__)
    assert [line.split(":")[0] for line in lines] == ["SLUICEGATE_KAFKA_CA", "SLUICEGATE_STORE_CA"]


def test_a_client_certificate_needs_its_key() -> None:
    """One of the two alone is no identity."""
    [line] = complaints(kafka_security="SSL", kafka_cert=__file__)
    assert line.startswith("SLUICEGATE_KAFKA_CERT: ")


@pytest.mark.parametrize("url", ["unix:///run/store.sock", "redis://store:6379/3"])
def test_a_cluster_has_one_database(url: str) -> None:
    """Redis Cluster knows neither sockets nor databases beside 0."""
    [line] = complaints(store_cluster=True, store_url=url)
    assert line.startswith("SLUICEGATE_STORE_URL: ")


def test_heartbeats_fit_the_session() -> None:
    """Three heartbeats fit into a session, as Kafka advises."""
    [line] = complaints(heartbeat_ms=11_000)
    assert line.startswith("SLUICEGATE_HEARTBEAT_MS: ")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "gateway.example"])  # noqa: S104 - refused
def test_an_open_web_port_needs_a_token(host: str) -> None:
    """Beyond loopback nothing is served without a token."""
    [line] = complaints(web_host=host)
    assert line.startswith("SLUICEGATE_WEB_TOKEN: needed")
    assert load_settings(web_host=host, web_token="t" * 16).web_host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_is_recognised(host: str) -> None:
    """The addresses that only this machine reaches."""
    assert is_loopback(host)


@pytest.mark.parametrize("value", ["a:1", "a:1,b:2", "[::1]:9092", "10.0.0.1:9092"])
def test_brokers_are_host_and_port(value: str) -> None:
    """One address or several; unchanged."""
    assert valid_brokers(value) == value


@pytest.mark.parametrize(
    "value", ["", "kafka", "kafka:", "kafka:x", ":9092", "a:1,", "k:99999", "a:1/x", "u:p@a:1"]
)
def test_other_brokers_are_refused(value: str) -> None:
    """Every address needs both parts."""
    with pytest.raises(ValueError, match=r".+"):
        valid_brokers(value)


@given(st.text())
def test_a_store_url_is_kept_or_refused(value: str) -> None:
    """Any text is either an address of the three schemes or a ValueError."""
    try:
        assert valid_store_url(value).split(":")[0].lower() in {"redis", "rediss", "unix"}
    except ValueError:
        assert "@" in value or not value.startswith(("redis://", "rediss://", "unix://"))


def test_every_setting_is_described() -> None:
    """The table has no empty meaning."""
    assert all(field.description for field in Settings.model_fields.values())


def test_the_documented_table_is_the_code() -> None:
    """docs/operations.md holds exactly the table that the code renders."""
    assert settings_table() in OPERATIONS.read_text()


def test_spaces_between_brokers_are_dropped() -> None:
    """Clients split at commas and take the rest as it is."""
    assert valid_brokers("a:1, b:2") == "a:1,b:2"
