"""What a worker and a linker refuse to start with."""

import socket

import pytest

from schemas.errors import ConfigurationError
from stream.app import create_app
from stream.settings import load_settings
from stream.worker import serve


def test_a_taken_web_port_is_named() -> None:
    """Before the broker is asked: a worker and a linker of one machine need two."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = load_settings(web_port=other.getsockname()[1])
        with pytest.raises(ConfigurationError, match="SLUICEGATE_WEB_PORT: Address already in use"):
            serve(settings, create_app)
