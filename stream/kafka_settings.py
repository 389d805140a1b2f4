"""The settings of Kafka, its topics and our place in a group; a part of Settings."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FilePath, SecretStr
from pydantic_settings import BaseSettings

from stream.addresses import valid_brokers
from stream.variables import Milliseconds, variable

Security = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class KafkaSettings(BaseSettings):
    """How to reach Kafka, which topics are ours, and how long they keep what they hold."""

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

    def topic(self, name: str) -> str:
        """The full name of a topic of the contract, such as `requests`."""
        return self.topic_prefix + name

    def _kafka_complaints(self) -> list[str]:
        return [*self._sasl_complaints(), *self._tls_complaints(), *self._heartbeat_complaints()]

    def _sasl_complaints(self) -> list[str]:
        names = ("kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password")
        sasl = self.kafka_security.startswith("SASL_")
        what = "needed" if sasl else "must not be set"
        return [
            f"{variable(name)}: {what}, since {variable('kafka_security')} is {self.kafka_security}"
            for name in names
            if (getattr(self, name) is not None) is not sasl
        ]

    def _tls_complaints(self) -> list[str]:
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

    def _heartbeat_complaints(self) -> list[str]:
        if 3 * self.heartbeat_ms <= self.session_timeout_ms:
            return []
        return [
            f"{variable('heartbeat_ms')}: must be at most a third of "
            f"{variable('session_timeout_ms')} ({self.session_timeout_ms})"
        ]
