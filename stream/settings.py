"""Every setting of sluicegate: environment variables that begin with `SLUICEGATE_`.

`load_settings` is the only way in: it answers with a frozen `Settings`, or raises one
ConfigurationError with a line per wrong setting. `docs/operations.md` holds the table that
`settings_table` renders.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final, Literal, Self

from pydantic import Field, FilePath, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsConfigDict

from schemas.errors import ConfigurationError
from stream.addresses import is_loopback
from stream.bundle_settings import BundleSettings
from stream.edge_settings import EdgeSettings
from stream.geography_settings import GeographySettings
from stream.kafka_settings import KafkaSettings
from stream.kyc_settings import KycSettings
from stream.store_settings import StoreSettings
from stream.variables import PREFIX, TEST_PREFIX, Secret, variable

# A URL may hold a password by mistake: its value is never repeated in an error.
UNPRINTABLE: Final = {"store_url"}


class Settings(
    StoreSettings, KafkaSettings, BundleSettings, EdgeSettings, GeographySettings, KycSettings
):
    """What one process of sluicegate was told. Frozen; secrets never show in repr or errors."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
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
            *self._kafka_complaints(),
            *self._store_complaints(),
            *self._web_complaints(),
        ]
        if complaints:
            raise ValueError("\n".join(complaints))
        return self

    def _web_complaints(self) -> list[str]:
        if self.web_token is not None or is_loopback(self.web_host):
            return []
        return [f"{variable('web_token')}: needed, since {variable('web_host')} is not loopback"]

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


def settings_table() -> str:
    """Every setting as a Markdown table: variable, default, meaning."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    # pydantic lists the last parent first; a reader wants brokers and store before the edge.
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
