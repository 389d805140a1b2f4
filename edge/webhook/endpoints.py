"""Who is told of what: the endpoints of the file that SLUICEGATE_WEBHOOKS names."""

import binascii
from base64 import b64decode
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

import yaml
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from edge.webhook.addresses import is_public
from edge.webhook.delivery import Notice
from edge.webhook.schedule import RETRIES_S
from schemas.decisions import Action, Cause, Mode
from schemas.errors import ConfigurationError
from stream.settings import Settings
from stream.variables import variable

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what a secret begins with, not one
# What the Standard Webhooks specification allows for a symmetric secret.
SECRET_BYTES: Final = range(24, 65)

Delay = Annotated[float, Field(gt=0, le=7 * 86_400)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Secret(_Part):
    """A key that signatures are made with, here or in a file of its own, until it retires."""

    key: SecretStr | None = None
    file: FilePath | None = None
    until: AwareDatetime | None = None
    _raw: bytes = PrivateAttr()

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if (self.key is None) == (self.file is None):
            raise ValueError("a secret has either key or file")
        self._raw = self._decoded()
        return self

    @property
    def raw(self) -> bytes:
        """The key itself, as it was when the endpoints were loaded."""
        return self._raw

    def _decoded(self) -> bytes:
        text = self.key.get_secret_value() if self.key else _read(self.file)
        try:
            raw = b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            raw = b""
        if not text.startswith(SECRET_PREFIX) or len(raw) not in SECRET_BYTES:
            raise ValueError(f"a secret is {SECRET_PREFIX} and 24 to 64 bytes in base64")
        return raw


class Filter(_Part):
    """Which decisions an endpoint hears of; what is not given lets everything through."""

    actions: frozenset[Action] | None = None
    causes: frozenset[Cause] | None = None
    campaigns: frozenset[str] | None = None
    tiers: frozenset[Annotated[int, Field(ge=0, le=3)]] | None = None
    modes: frozenset[Mode] = frozenset({"enforce"})
    since: AwareDatetime | None = None

    def passes(self, notice: Notice) -> bool:
        """Whether the endpoint is to hear of it."""
        return (
            notice.mode in self.modes
            and (self.actions is None or notice.action in self.actions)
            and (self.causes is None or notice.cause in self.causes)
            and (self.campaigns is None or notice.campaign_id in self.campaigns)
            and (self.tiers is None or notice.kyc_tier in self.tiers)
            and (self.since is None or notice.decided_at >= self.since.timestamp() * 1_000)
        )


class Endpoint(_Part):
    """Where decisions are posted to, and how. Times are seconds."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    url: str
    secrets: Annotated[tuple[Secret, ...], Field(min_length=1, max_length=8)]
    filter: Filter = Filter()
    timeout_s: Annotated[float, Field(ge=0.1, le=60)] = 10.0
    concurrency: Annotated[int, Field(ge=1, le=1_000)] = 64
    retries_s: Annotated[tuple[Delay, ...], Field(min_length=1, max_length=30)] = RETRIES_S
    parked_max: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    dead_max: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    allow_http: bool = False
    allow_private: bool = False

    @field_validator("url")
    @classmethod
    def _plain(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be https://host/path")
        if parts.username or parts.password or parts.fragment:
            raise ValueError("must hold neither credentials nor a fragment")
        return url

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme == "http" and not self.allow_http:
            raise ValueError("url: must be https, unless allow_http is true")
        if not self.allow_private and _literal(parts.hostname or "") is False:
            raise ValueError("url: the address is not public; allow_private lets it pass")
        return self

    def keys(self, now: datetime) -> list[bytes]:
        """The keys that are valid now, in the file's order: newest first."""
        return [s.raw for s in self.secrets if s.until is None or now < s.until]


class _File(_Part):
    endpoints: Annotated[tuple[Endpoint, ...], Field(min_length=1, max_length=100)]

    @field_validator("endpoints")
    @classmethod
    def _apart(cls, endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        if len({endpoint.name for endpoint in endpoints}) < len(endpoints):
            raise ValueError("two endpoints have the same name")
        return endpoints


def load_endpoints(settings: Settings) -> dict[str, Endpoint]:
    """The endpoints by name. Raises ConfigurationError with one line per mistake."""
    path = settings.webhooks
    if path is None:
        raise ConfigurationError(f"{variable('webhooks')}: needed; it names the endpoints' file")
    try:
        found = _File.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)
        raise ConfigurationError("\n".join(_line(path, d["loc"], d["msg"]) for d in told)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # The parser's own text quotes the file, secrets and all.
        raise ConfigurationError(f"{path}: not YAML: {type(error).__name__}") from None
    return {endpoint.name: endpoint for endpoint in found.endpoints}


def _line(path: Path, place: tuple[int | str, ...], message: str) -> str:
    return f"{path}: {'.'.join(map(str, place))}: {message.removeprefix('Value error, ')}"


def _literal(host: str) -> bool | None:
    """Whether a host that is an address is public; None for a name."""
    try:
        return is_public(ip_address(host))
    except ValueError:
        # 127.1 and 2130706433 are addresses to a resolver; a name has letters.
        return False if host.replace(".", "").isdecimal() else None


def _read(path: Path | None) -> str:
    return "" if path is None else path.read_text("utf-8").strip()
