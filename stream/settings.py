"""Every setting of sluicegate: environment variables that begin with `SLUICEGATE_`.

`load_settings` is the only way in: it answers with a frozen `Settings`, or raises one
ConfigurationError with a line per wrong setting. `docs/operations.md` holds the table that
`settings_table` renders.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsConfigDict

from schemas.errors import ConfigurationError
from stream.addresses import is_loopback, valid_brokers, valid_store_url
from stream.bundle_settings import BundleSettings
from stream.edge_settings import EdgeSettings
from stream.geography_settings import GeographySettings
from stream.kyc_settings import KycSettings

PREFIX: Final = "SLUICEGATE_"
# The test suite's own switches (which Kafka jars to use) are not settings of the product.
TEST_PREFIX: Final = "SLUICEGATE_TEST_"
# A URL may hold a password by mistake: its value is never repeated in an error.
UNPRINTABLE: Final = {"store_url"}

Security = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


def _long_enough(value: SecretStr) -> SecretStr:
    # 16 characters: below 64 bits even of hexadecimal text a secret can be searched through.
    if len(value.get_secret_value()) < 16:
        raise ValueError("must have at least 16 characters")
    return value


Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
Secret = Annotated[SecretStr, AfterValidator(_long_enough)]


class Settings(BundleSettings, EdgeSettings, GeographySettings, KycSettings):
    """What one process of sluicegate was told. Frozen; secrets never show in repr or errors."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    kafka_bootstrap: Annotated[str, AfterValidator(valid_brokers)] = Field(
        "127.0.0.1:9092", description="Kafka brokers to begin with: `host:port,host:port`."
    )
    kafka_security: Security = Field(
        "PLAINTEXT", description="How to speak to Kafka: in the clear, over TLS, with SASL."
    )
    kafka_sasl_mechanism: Mechanism | None = Field(
        None, description="SASL mechanism; needed when the security is one of `SASL_*`."
    )
    kafka_sasl_username: str | None = Field(None, description="SASL user name.")
    kafka_sasl_password: SecretStr | None = Field(None, description="SASL password.")
    kafka_ca: FilePath | None = Field(
        None, description="PEM file of the authorities that sign the brokers' certificates."
    )
    kafka_cert: FilePath | None = Field(None, description="PEM file of our client certificate.")
    kafka_key: FilePath | None = Field(None, description="PEM file of our client key.")
    session_timeout_ms: Milliseconds = Field(
        30_000,
        description="Kafka gives our partitions away after this silence, ms; it must outlast the "
        "broker's hiccups, since every expiry repeats what was in flight.",
    )
    heartbeat_ms: Milliseconds = Field(
        3_000, description="Time between heartbeats, ms; at most a third of the session timeout."
    )
    commit_interval_ms: Milliseconds = Field(
        1_000, description="Time between commits of finished offsets, ms."
    )
    group: str = Field(
        "sluicegate", min_length=1, description="Consumer group; workers of one group share work."
    )
    topic_prefix: str = Field(
        "sluicegate.",
        pattern=r"^[A-Za-z0-9._-]{0,128}$",
        description="What the name of every topic begins with.",
    )
    partitions: int = Field(
        8,
        ge=1,
        le=65_535,  # an account's state names its partition in 16 bits
        description="Partitions of each topic; those with accounts as keys must have the same "
        "number. At most this many workers share the work.",
    )
    replication: int = Field(
        1, ge=1, le=16, description="Copies of each new topic; 3 is usual in production."
    )
    retention_days: int = Field(
        7, ge=1, le=3_650, description="Days that requests, account events, dead letters are kept."
    )
    decisions_retention_days: int = Field(
        30, ge=1, le=3_650, description="Days that superseded and lapsed decisions are kept."
    )
    stream_epoch: int = Field(
        0,
        ge=0,
        le=65_535,
        description="Raise it by one when topics are recreated: offsets begin again, and the "
        "store would take new events for old ones.",
    )
    store_url: Annotated[str, AfterValidator(valid_store_url)] = Field(
        "redis://127.0.0.1:6379/0",
        description="Valkey or Redis: `redis://host:port/db`, `rediss://` for TLS, "
        "`unix:///path` for a socket. No credentials in it.",
    )
    store_username: str | None = Field(None, description="Store's ACL user name.")
    store_password: SecretStr | None = Field(None, description="Store's password.")
    store_cluster: bool = Field(False, description="The store is a Redis Cluster.")
    store_ca: FilePath | None = Field(
        None, description="PEM file of the authorities that sign the store's certificate."
    )
    store_timeout_ms: Milliseconds = Field(
        2_000, description="Longest wait for one answer of the store, ms."
    )
    pepper: Secret | None = Field(
        None,
        description="Key of the hashes of personal values, at least 16 characters. The worker "
        "needs it; changing it forgets every shared value seen before.",
    )
    batch_max: int = Field(
        2_000,
        ge=1,
        le=32_768,  # accounts of a batch have 15 bits, see stream/remember/repeats.py
        description="Most records of one partition in one batch.",
    )
    decisions: Literal["changes", "all"] = Field(
        "changes",
        description="Write a decision when it changes or needs renewing, or for every request.",
    )
    mode: Literal["enforce", "shadow"] = Field(
        "enforce", description="`shadow` marks decisions as not to be acted on."
    )
    webhooks: FilePath | None = Field(
        None, description="File of the endpoints (YAML) that `sluicegate webhooks` delivers to."
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="One JSON object a line, or text."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log event that is written."
    )
    web_host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Address of the worker's web port (`/metrics`, `/healthz`, Faust's pages).",
    )
    web_port: int = Field(6066, ge=1, le=65_535, description="Port of the worker's web port.")
    web_token: Secret | None = Field(
        None,
        description="Bearer token of the web port, at least 16 characters; needed as soon as "
        "the address is not loopback. `/healthz` answers without it.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        complaints = [
            *self._sasl_complaints(),
            *self._kafka_tls_complaints(),
            *self._store_complaints(),
            *self._worker_complaints(),
        ]
        if complaints:
            raise ValueError("\n".join(complaints))
        return self

    def _sasl_complaints(self) -> list[str]:
        names = ("kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password")
        sasl = self.kafka_security.startswith("SASL_")
        what = "needed" if sasl else "must not be set"
        return [
            f"{variable(name)}: {what}, since {variable('kafka_security')} is {self.kafka_security}"
            for name in names
            if (getattr(self, name) is not None) is not sasl
        ]

    def _kafka_tls_complaints(self) -> list[str]:
        found = []
        if (self.kafka_cert is None) != (self.kafka_key is None):
            found.append(f"{variable('kafka_cert')}: comes with {variable('kafka_key')} or not")
        if self.kafka_security.endswith("SSL"):
            return found
        # Files for TLS beside a connection in the clear: somebody believes that it is encrypted.
        return found + [
            f"{variable(name)}: must not be set, since {variable('kafka_security')} is "
            f"{self.kafka_security}"
            for name in ("kafka_ca", "kafka_cert", "kafka_key")
            if getattr(self, name) is not None
        ]

    def _store_complaints(self) -> list[str]:
        found = []
        url = urlsplit(self.store_url)
        if self.store_ca is not None and url.scheme != "rediss":
            found.append(
                f"{variable('store_ca')}: {variable('store_url')} must begin with rediss://"
            )
        if self.store_cluster and (url.scheme == "unix" or url.path not in {"", "/", "/0"}):
            found.append(f"{variable('store_url')}: a cluster has a host and database 0 only")
        return found

    def _worker_complaints(self) -> list[str]:
        found = []
        if 3 * self.heartbeat_ms > self.session_timeout_ms:
            found.append(
                f"{variable('heartbeat_ms')}: must be at most a third of "
                f"{variable('session_timeout_ms')} ({self.session_timeout_ms})"
            )
        if self.web_token is None and not is_loopback(self.web_host):
            found.append(
                f"{variable('web_token')}: needed, since {variable('web_host')} is not loopback"
            )
        return found

    def topic(self, name: str) -> str:
        """The full name of a topic of the contract, such as `requests`."""
        return self.topic_prefix + name

    def pepper_bytes(self) -> bytes:
        """The key of the hashes; ConfigurationError when none was set."""
        if self.pepper is None:
            raise ConfigurationError(
                f"{variable('pepper')}: needed, without default; make one with "
                "`openssl rand -hex 32` and keep it"
            )
        return self.pepper.get_secret_value().encode()


def load_settings(**explicit: Any) -> Settings:
    """Settings from the environment; what is given here by name comes before it.

    Raises ConfigurationError with one line per unknown or wrong setting.
    """
    complaints = _unknown(os.environ)
    try:
        settings = Settings(**explicit)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            complaints += _explain(detail)
    if complaints:
        raise ConfigurationError("\n".join(complaints))
    return settings


def variable(name: str) -> str:
    """The environment variable of a setting: `batch_max` is `SLUICEGATE_BATCH_MAX`."""
    return PREFIX + name.upper()


def settings_table() -> str:
    """Every setting as a Markdown table: variable, default, meaning."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    # pydantic lists what a parent holds first; a reader wants brokers and store before that.
    fields = sorted(Settings.model_fields.items(), key=lambda item: item[0].startswith("edge_"))
    rows += [
        f"| `{variable(name)}` | {_default(field)} | {field.description} |"
        for name, field in fields
    ]
    return "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    if field.default is None:
        return ""
    text = str(field.default)
    return f"`{text.lower() if isinstance(field.default, bool) else text}`"


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = [variable(name) for name in Settings.model_fields]
    complaints = []
    for name in sorted(environ):
        if name in known or not name.startswith(PREFIX) or name.startswith(TEST_PREFIX):
            continue
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        complaints.append(f"{name}: no such setting{hint}")
    return complaints


def _explain(detail: ErrorDetails) -> list[str]:
    message = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return message.split("\n")
    name = str(detail["loc"][0])
    if name not in Settings.model_fields:
        return [f"{name}: no such setting"]
    if name in UNPRINTABLE or "Secret" in str(Settings.model_fields[name].annotation):
        return [f"{variable(name)}: {message}"]
    return [f"{variable(name)}: {message} (got {detail['input']!r})"]
