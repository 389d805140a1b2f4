"""Ports that a process is about to listen on."""

import socket

from schemas.errors import ConfigurationError
from stream.variables import variable


def refuse_taken(name: str, host: str, port: int) -> None:
    """Raise ConfigurationError, which names the setting, where its port cannot be had: servers
    tell of that in a traceback, or amid a hundred lines about how they stop."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ConfigurationError(f"{variable(name)}: {error.strerror}") from error
