"""The settings of the store; a part of Settings."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr
from pydantic_settings import BaseSettings

from stream.addresses import valid_store_url
from stream.variables import Milliseconds, variable


class StoreSettings(BaseSettings):
    """Where the store is, and how to speak to it."""

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
